"""Compares two documents, section by section and word by word."""

import re
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from msgspec import structs

from clinic_site.core.editing.text_changes import Change, compare
from procedures.models import PARTS, SectionKind
from procedures.publishing.documents import KeyFact, PageDocument, Source

# A number with its separators and signs: 0.5, 9:30, 3-4, ≥5, 20%. All numeric characters are replaced by 0
# first, because a regular expression has no class for ½ or Ⅳ.
_NUMBER = re.compile(r"(?:[<>≤≥±~≈+−]\s*)?0+(?:[^\w\s]+0+)*(?:\s*[%‰°])?")
# A different dash in a range is not a change of a number.
_DASHES = str.maketrans("‐‑‒–—", "-----")
# The key of the only change that is not clinical, and the fields that it shows.
PLACING = "placing"
_PLACING_FIELDS = ("slug", "menu_label", "author", "drawing", "show_in_form")


def changes(old: PageDocument | None, new: PageDocument) -> tuple[Change, ...]:
    """Return the sections that differ, in the order of the new document; removed ones come last.

    A clinical difference in no section's words, such as questions without a section, has the key "rest".
    """
    before, after = texts(old) if old else {}, texts(new)
    passages = (_passages(old) if old else {}) | _passages(new)
    if not _moved(before.get("order", ""), after.get("order", "")):
        before.pop("order", None)
        after.pop("order", None)
    found = tuple(
        Change(
            key=key,
            label=passages[key][0],
            segments=compare(before.get(key, ""), after.get(key, "")),
        )
        for key in [*after, *(key for key in before if key not in after)]
        if before.get(key, "") != after.get(key, "")
    )
    is_shown = any(change.key != PLACING for change in found)
    if old and not is_shown and _without_placing(old) != _without_placing(new):
        return (*found, Change("rest", _("Details that the comparison does not show"), ()))
    return found


def _without_placing(document: PageDocument) -> PageDocument:
    return structs.replace(document.unsigned(), **dict.fromkeys(_PLACING_FIELDS, ""), alternate_names=())


def _moved(old: str, new: str) -> bool:
    """Return whether the lines that are in both texts have another order."""
    before, after = old.splitlines(), new.splitlines()
    return [line for line in before if line in after] != [line for line in after if line in before]


def texts(document: PageDocument) -> dict[str, str]:
    """Return the text of each section by its key, without empty ones."""
    return {key: text for key, (_label, text) in _passages(document).items() if text}


def _passages(document: PageDocument) -> dict[str, tuple[str, str]]:
    """Return the label and the text of each section by its key."""
    facts = (
        f"{fact.label}: {fact.value} ({fact.certainty}) {_source_of(fact, document)}"
        for fact in document.key_facts
    )
    photo, first_aid, disclaimer = document.photo, document.first_aid, document.disclaimer
    # Sections of plain text have their place in their key.
    order = (_kind(section.kind) for section in document.sections if section.kind != SectionKind.TEXT)
    sections: dict[str, tuple[str, str]] = {}
    for number, section in enumerate(document.sections, start=1):
        key = section.kind if section.kind != SectionKind.TEXT else f"text-{number}"
        lines = (section.heading, section.body, *document.lines_of(section.kind))
        sections[key] = (section.heading or _kind(section.kind), _lines(*lines))
    return {
        "title": (
            _("Title, summary and description"),
            _lines(
                document.title, document.plain_name, document.door, document.summary, document.description
            ),
        ),
        "key_facts": (_("Key facts"), _lines(*facts)),
        "picture": (_("Photograph"), _lines(photo.alt, f"({photo.digest[:8]})") if photo else ""),
        "urgency": (
            _("Urgency and part of the body"),
            _lines(document.urgency, document.body_location),
        ),
        "order": (_("Order of sections"), _lines(*order)),
        **sections,
        "first_aid": (
            _("Signs and first aid"),
            _lines(*first_aid.lines, ", ".join(first_aid.drawings)) if first_aid else "",
        ),
        "disclaimer": (_("Disclaimer"), _lines(disclaimer.heading, disclaimer.body) if disclaimer else ""),
        "sources": (_("Sources"), _lines(*(_source(source) for source in document.sources))),
        PLACING: (
            _("Address, menu and picture"),
            _lines(
                document.slug,
                document.menu_label,
                *document.alternate_names,
                document.author,
                document.drawing,
                _("offered in the request form") if document.show_in_form else "",
            ),
        ),
    }


def numbers_in(document: PageDocument) -> list[str]:
    """Return every number that readers see, in order, with its separators and signs."""
    said = "\n".join(text for key, text in texts(document).items() if key not in (PLACING, "picture"))
    said = said.translate(_DASHES)
    digits = "".join("0" if character.isnumeric() else character for character in said)
    return ["".join(said[slice(*found.span())].split()) for found in _NUMBER.finditer(digits)]


def shared_words(document: PageDocument) -> list[str]:
    """Return the words of first aid and the disclaimer, without punctuation.

    A correction may change only punctuation there: "do not" is one letter from "do now".
    """
    said = texts(document)
    shared = (said.get("first_aid", ""), said.get("disclaimer", ""))
    return re.findall(r"\w+|\n", "\n\n".join(shared).lower())


def structure(document: PageDocument) -> tuple[Any, ...]:
    """Return the parts and facts of a page: equal for documents that differ in wording alone.

    The author, and the title, publisher and address of a source, are facts.
    """
    return (
        document.author,
        document.photo and document.photo.digest,
        document.urgency,
        tuple(section.kind for section in document.shown_sections),
        tuple(
            (name, tuple((*part.facts, len(part.words)) for part in document.parts(name)))
            for name, kind in PARTS.items()
            if kind.Frozen and name != "sections"
        ),
        document.first_aid
        and tuple(
            map(len, (document.first_aid.signs, document.first_aid.steps, document.first_aid.warnings))
        ),
        document.disclaimer is not None,
        tuple(
            (structs.replace(source, statements=()), *(statement.section for statement in source.statements))
            for source in document.sources
        ),
    )


def _kind(kind: str) -> str:
    return str(dict(SectionKind.choices).get(kind, kind))


def _source_of(fact: KeyFact, document: PageDocument) -> str:
    """Return the short name of the source of a key fact."""
    place = fact.source or 0
    return f"[{document.sources[place - 1].key}]" if 0 < place <= len(document.sources) else ""


def _source(source: Source) -> str:
    year = f", {source.year}" if source.year else ""
    read = f", read on {date_format(source.accessed_on, 'j F Y')}" if source.accessed_on else ""
    supported = "".join(f"\n  {statement.section}: {statement.text}" for statement in source.statements)
    return f"{source.title}. {source.publisher}{year}{read}. {source.url}{supported}"


def _lines(*lines: str) -> str:
    return "\n".join(line.strip() for line in lines if line.strip())
