"""Compares two texts word by word."""

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

_WORDS = re.compile(r"\n|[^\S\n]+|[^\s]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# Pairs of equal words in two texts. To match more may take seconds: texts that repeat few words, or are long.
_MAX_PAIRS = 100_000


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Segment:
    """A run of words that is in both texts, or in only one of them."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Change:
    """One section or field that differs. ``key`` names it in forms, ``label`` to people."""

    key: str
    label: str
    segments: tuple[Segment, ...]


def compare(old: str, new: str) -> tuple[Segment, ...]:
    """Compare two texts by words; if that takes too long, by lines; else as a whole."""
    for parts in (_WORDS, _LINES):
        before, after = parts.findall(old), parts.findall(new)
        repeated = Counter(word for word in after if not word.isspace())
        if sum(repeated[word] for word in before) <= _MAX_PAIRS:
            return _compare(before, after)
    return (Segment(Kind.REMOVED, old), Segment(Kind.ADDED, new))


def _compare(before: list[str], after: list[str]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    # Spaces count as equal only next to an equal word.
    matcher = difflib.SequenceMatcher(str.isspace, before, after, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            segments.append(Segment(Kind.SAME, "".join(before[old_from:old_to])))
            continue
        if old_to > old_from:
            segments.append(Segment(Kind.REMOVED, "".join(before[old_from:old_to])))
        if new_to > new_from:
            segments.append(Segment(Kind.ADDED, "".join(after[new_from:new_to])))
    return tuple(segments)
