"""What differs between two documents, section by section and word by word."""

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from msgspec import structs

from procedures.models import SectionKind
from procedures.publishing.documents import KeyFact, PageDocument, Source

_WORDS = re.compile(r"\n|[^\S\n]+|[^\s]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# A number with what stands between its digits and the signs that belong to it: 0.5, 9:30, 3-4, ≥5, 20%.
# Each character of a number is written 0 here: a regular expression knows digits alone, and not ½ or Ⅳ.
_NUMBER = re.compile(r"(?:[<>≤≥±~≈+−]\s*)?0+(?:[^\w\s]+0+)*(?:\s*[%‰°])?")
# Setting a range with another dash is mere typing.
_DASHES = str.maketrans("‐‑‒–—", "-----")
# As many pairs of equal words are looked at, at most: some tenths of a second.
_MOST_WORK = 2_000_000
_PLACING = ("slug", "menu_label", "author", "drawing", "show_in_form")


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Piece:
    """A run of words that both texts have, or only one of them."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Change:
    """One section that differs. ``key`` names it in addresses and forms, ``label`` to people.

    ``is_clinical`` is False for what only places a page: its name in the menu, its drawing.
    """

    key: str
    label: str
    pieces: tuple[Piece, ...]
    is_clinical: bool


def changes(old: PageDocument | None, new: PageDocument) -> tuple[Change, ...]:
    """The sections that differ, in the order of the new document; those that are gone come last.

    What is clinical and has no words, such as questions without a section, has an entry of its own.
    """
    before = texts(old) if old else {}
    after = texts(new)
    labels = _labels(old) | _labels(new) if old else _labels(new)
    if not _moved(before.get("order", ""), after.get("order", "")):
        before.pop("order", None)
        after.pop("order", None)
    found = tuple(
        Change(
            key=key,
            label=labels[key],
            pieces=compare(before.get(key, ""), after.get(key, "")),
            is_clinical=key != "placing",
        )
        for key in [*after, *(key for key in before if key not in after)]
        if before.get(key, "") != after.get(key, "")
    )
    if (
        old
        and not any(change.is_clinical for change in found)
        and _without_placing(old) != _without_placing(new)
    ):
        return (*found, Change(key="rest", label=labels["rest"], pieces=(), is_clinical=True))
    return found


def _without_placing(document: PageDocument) -> PageDocument:
    return structs.replace(document.unsigned(), **dict.fromkeys(_PLACING, ""), alternate_names=())


def _moved(old: str, new: str) -> bool:
    """Whether the lines that both have stand in another order."""
    before, after = old.splitlines(), new.splitlines()
    return [line for line in before if line in after] != [line for line in after if line in before]


def compare(old: str, new: str) -> tuple[Piece, ...]:
    """Two texts, word by word; where that is too much work, line by line; else as a whole."""
    for parts in (_WORDS, _LINES):
        try:
            return _compare(parts.findall(old), parts.findall(new))
        except _TooMuchWorkError:
            continue
    return (Piece(Kind.REMOVED, old), Piece(Kind.ADDED, new))


class _TooMuchWorkError(Exception):
    pass


class _Matcher(difflib.SequenceMatcher[str]):
    """Gives up where few words are repeated so often that finding the best match takes minutes."""

    # Of the class it is made of, which documents the second and is typed with neither.
    a: list[str]
    b2j: dict[str, list[int]]
    work = 0

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        self.work += sum(len(self.b2j.get(word, ())) for word in self.a[alo:ahi])
        if self.work > _MOST_WORK:
            raise _TooMuchWorkError
        return super().find_longest_match(alo, ahi, blo, bhi)


def _compare(before: list[str], after: list[str]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    # The spaces between words are no match of their own, only beside a word that is one.
    matcher = _Matcher(str.isspace, before, after, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Kind.SAME, "".join(before[old_from:old_to])))
            continue
        if old_to > old_from:
            pieces.append(Piece(Kind.REMOVED, "".join(before[old_from:old_to])))
        if new_to > new_from:
            pieces.append(Piece(Kind.ADDED, "".join(after[new_from:new_to])))
    return tuple(pieces)


def texts(document: PageDocument) -> dict[str, str]:
    """The words of each section, under its key."""
    found = {
        "title": _lines(document.title, document.plain_name, document.summary, document.description),
        "key_facts": _lines(
            *(
                f"{fact.label}: {fact.value} ({fact.certainty}) {_source_of(fact, document)}"
                for fact in document.key_facts
            )
        ),
        "picture": _lines(document.photo.alt, f"({document.photo.digest[:8]})") if document.photo else "",
        "urgency": _lines(document.urgency, document.body_location),
        # Sections of plain text have their place in their key.
        "order": _lines(
            *(_kind(section.kind) for section in document.sections if section.kind != SectionKind.TEXT)
        ),
    }
    for number, section in enumerate(document.sections, start=1):
        key = section.kind if section.kind != SectionKind.TEXT else f"text-{number}"
        found[key] = _lines(section.heading, section.body, *document.lines_of(section.kind))
    if document.emergency:
        emergency = document.emergency
        found["emergency-text"] = _lines(
            emergency.heading, *emergency.signs, *emergency.steps, *emergency.warnings
        )
    if document.disclaimer:
        found["disclaimer"] = _lines(document.disclaimer.heading, document.disclaimer.body)
    found["sources"] = _lines(*(_source(source) for source in document.sources))
    found["placing"] = _lines(
        document.slug,
        document.menu_label,
        *document.alternate_names,
        document.author,
        document.drawing,
        _("offered in the request form") if document.show_in_form else "",
    )
    return {key: text for key, text in found.items() if text}


def numbers(document: PageDocument) -> list[str]:
    """Every number that the reader is told, in order, with its separators and signs."""
    said = "\n".join(text for key, text in texts(document).items() if key not in ("placing", "picture"))
    said = said.translate(_DASHES)
    digits = "".join("0" if character.isnumeric() else character for character in said)
    return ["".join(said[slice(*found.span())].split()) for found in _NUMBER.finditer(digits)]


def shared_words(document: PageDocument) -> list[str]:
    """The words of the emergency text and of the disclaimer, without what is between them.

    In these nothing but a comma is mere typing: "do not" is one letter from "do now".
    """
    said = texts(document)
    shared = (said.get("emergency-text", ""), said.get("disclaimer", ""))
    return re.findall(r"\w+|\n", "\n\n".join(shared).lower())


def shape(document: PageDocument) -> tuple[Any, ...]:
    """What a page is made of and rests on: equal for two documents that differ in the clinic's wording alone.

    Who wrote the page, and what a source is called and where it is found, are facts.
    """
    return (
        document.author,
        document.photo and document.photo.digest,
        document.urgency,
        tuple(section.kind for section in document.shown_sections),
        tuple((fact.certainty, fact.source) for fact in document.key_facts),
        tuple(risk.frequency for risk in document.risks),
        tuple((card.level, len(card.items)) for card in document.care_cards),
        tuple(bool(question.answer) for question in document.questions),
        document.emergency
        and tuple(
            map(len, (document.emergency.signs, document.emergency.steps, document.emergency.warnings))
        ),
        document.disclaimer is not None,
        tuple(
            (
                source.key,
                source.title,
                source.publisher,
                source.url,
                tuple(statement.section for statement in source.statements),
            )
            for source in document.sources
        ),
        *(
            len(parts)
            for parts in (document.benefits, document.steps, document.recovery_notes, document.expectations)
        ),
    )


def _labels(document: PageDocument | None) -> dict[str, str]:
    labels = {
        "title": _("Title, summary and description"),
        "key_facts": _("Key facts"),
        "picture": _("Photograph"),
        "urgency": _("Urgency and part of the body"),
        "order": _("Order of sections"),
        "emergency-text": _("Emergency text"),
        "disclaimer": _("Disclaimer"),
        "sources": _("Sources"),
        "placing": _("Address, menu and picture"),
        "rest": _("Details that the comparison does not show"),
    }
    for number, section in enumerate(document.sections if document else (), start=1):
        key = section.kind if section.kind != SectionKind.TEXT else f"text-{number}"
        labels[key] = section.heading or _kind(section.kind)
    return labels


def _kind(kind: str) -> str:
    return str(dict(SectionKind.choices).get(kind, kind))


def _source_of(fact: KeyFact, document: PageDocument) -> str:
    """The short name of the source that a key fact rests on."""
    place = fact.source or 0
    return f"[{document.sources[place - 1].key}]" if 0 < place <= len(document.sources) else ""


def _source(source: Source) -> str:
    year = f", {source.year}" if source.year else ""
    supported = "".join(f"\n  {statement.section}: {statement.text}" for statement in source.statements)
    return f"{source.title}. {source.publisher}{year}. {source.url}{supported}"


def _lines(*lines: str) -> str:
    return "\n".join(line.strip() for line in lines if line.strip())
