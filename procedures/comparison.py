"""What differs between two documents, section by section and word by word."""

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from procedures.documents import PageDocument, Source
from procedures.models import SectionKind

_WORDS = re.compile(r"\n|[^\S\n]+|[^\s]+")


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
    """The sections that differ, in the order of the new document; those that are gone come last."""
    before = texts(old) if old else {}
    after = texts(new)
    labels = _labels(old) | _labels(new) if old else _labels(new)
    return tuple(
        Change(
            key=key,
            label=labels[key],
            pieces=compare(before.get(key, ""), after.get(key, "")),
            is_clinical=key != "placing",
        )
        for key in [*after, *(key for key in before if key not in after)]
        if before.get(key, "") != after.get(key, "")
    )


def compare(old: str, new: str) -> tuple[Piece, ...]:
    """Two texts, word by word."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
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
            *(f"{fact.label}: {fact.value} ({fact.certainty})" for fact in document.key_facts)
        ),
        "picture": _lines(document.photo.alt, f"({document.photo.digest[:8]})") if document.photo else "",
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
        document.urgency,
        document.body_location,
        _("offered in the request form") if document.show_in_form else "",
    )
    return {key: text for key, text in found.items() if text}


def numbers(document: PageDocument) -> list[str]:
    """Every number that the reader is told, in order."""
    said = (text for key, text in texts(document).items() if key not in ("placing", "picture"))
    return re.findall(r"\d+", "\n".join(said))


def shape(document: PageDocument) -> tuple[Any, ...]:
    """What a page is made of, words aside: equal for two documents that differ in wording alone."""
    return (
        document.photo and document.photo.digest,
        document.urgency,
        tuple(section.kind for section in document.shown_sections),
        tuple((fact.certainty, fact.source) for fact in document.key_facts),
        tuple(risk.frequency for risk in document.risks),
        tuple((card.level, len(card.items)) for card in document.care_cards),
        tuple(bool(question.answer) for question in document.questions),
        tuple(
            (source.key, tuple(statement.section for statement in source.statements))
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
        "emergency-text": _("Emergency text"),
        "disclaimer": _("Disclaimer"),
        "sources": _("Sources"),
        "placing": _("Address, menu and picture"),
    }
    for number, section in enumerate(document.sections if document else (), start=1):
        key = section.kind if section.kind != SectionKind.TEXT else f"text-{number}"
        labels[key] = section.heading or str(dict(SectionKind.choices).get(section.kind, section.kind))
    return labels


def _source(source: Source) -> str:
    year = f", {source.year}" if source.year else ""
    supported = "".join(f"\n  {statement.section}: {statement.text}" for statement in source.statements)
    return f"{source.title}. {source.publisher}{year}. {source.url}{supported}"


def _lines(*lines: str) -> str:
    return "\n".join(line.strip() for line in lines if line.strip())
