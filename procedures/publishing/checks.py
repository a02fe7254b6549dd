"""Checks that a page must pass before publication.

They follow NHS and PIF TICK practice: a registered reviewer has checked the page, it names its sources, and
it describes the risks, the other options and when to get help.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from procedures.models import PARTS, Page, SectionKind
from procedures.publishing import translation
from procedures.publishing.documents import PageDocument

MAX_REVIEW_MONTHS = 36
EMERGENCY_NUMBER = "1122"

# Pairs of field and message, as in ``PublicationProblem``.
Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class PublicationProblem:
    """A failed check: a sentence for the editor, and where to fix it.

    ``field`` is the name of a field of the page, of a set of its parts, or of the sign-off.
    """

    field: str
    message: str


def publication_problems(document: PageDocument) -> tuple[PublicationProblem, ...]:
    """Return the failed checks of a signed document; none if it may be published."""
    # The emergency text has no parts but its sources.
    only_other_pages = () if document.kind == Page.Kind.EMERGENCY else (_parts, _sections)
    rules = (_sign_off, _origin, *only_other_pages, _numbers)
    return tuple(PublicationProblem(*problem) for rule in rules for problem in rule(document))


def translation_problems(
    english: PageDocument, document: PageDocument, translations: Mapping[str, str]
) -> Iterator[PublicationProblem]:
    """Yield the failed checks of a signed translation: each text is translated, and says the same numbers."""
    yield from (PublicationProblem(*problem) for problem in _sign_off(document))
    pairs = [(text, translations.get(text, "")) for _place, text in translation.texts(english)]
    if missing := sum(not text for _source, text in pairs):
        message = ngettext(
            "%(count)d text has no translation yet.", "%(count)d texts have no translation yet.", missing
        )
        yield PublicationProblem("translations", message % {"count": missing})
    for source, text in pairs:
        if text and _with_emergency_number(source) != _with_emergency_number(text):
            message = _("“%(text)s” and its translation have different numbers.")
            yield PublicationProblem("translations", message % {"text": Truncator(source).words(8)})


def _sign_off(document: PageDocument) -> Problems:
    review = document.review
    if review is None:
        yield "reviewer", _("Choose the reviewer.")
        return
    if not review.reviewer.registration_number:
        yield "reviewer", _("The reviewer has no registration number. Enter it under Practitioners.")
    if review.due_on <= review.reviewed_on:
        yield "review_due_on", _("The next review must be after this one.")
    elif review.due_on > months_after(review.reviewed_on, MAX_REVIEW_MONTHS):
        message = _("The next review must be within %(months)d months.")
        yield "review_due_on", message % {"months": MAX_REVIEW_MONTHS}


def _origin(document: PageDocument) -> Problems:
    if not document.author.strip():
        yield "author", _("Say who wrote this page.")
    if not document.sources:
        yield "citations", _("Name at least one source.")


def _parts(document: PageDocument) -> Problems:
    for name, part in PARTS.items():
        if part.required and not document.parts(name):
            yield name.replace("_", ""), str(part.required)
    for fact in document.key_facts:
        if fact.certainty == "unconfirmed":
            yield "keyfacts", _("The key fact “%(label)s” is not confirmed.") % {"label": fact.label}
    if document.disclaimer is None:
        yield "disclaimer", _("Write the disclaimer.")
    if document.photo and not document.photo.alt:
        yield "photo_alt", _("Describe the photograph for people who cannot see it.")


def _sections(document: PageDocument) -> Problems:
    """Yield missing sections. An emergency page starts with its card: patients may read nothing below it."""
    alternatives = document.section(SectionKind.ALTERNATIVES)
    is_emergency = document.urgency == "emergency"
    if document.kind == "procedure" and not (alternatives and alternatives.body):
        yield "sections", _("Add a section on other options.")
    for part in PARTS.values():
        if part.section_required and document.section(part.shown_in) is None:
            yield "sections", str(part.section_required)
    if document.section(SectionKind.EMERGENCY) is None:
        if is_emergency:
            yield "sections", _("Add the emergency card: this procedure is an emergency.")
        elif document.kind == "overview":
            yield "sections", _("Add the emergency card: the front page always has it.")
    elif is_emergency and document.shown_sections[0].kind != SectionKind.EMERGENCY:
        yield "sections", _("Put the emergency card first: this procedure is an emergency.")


def _numbers(document: PageDocument) -> Problems:
    """Each section with a number needs a citation; the title and summary only repeat such numbers."""
    supported = {statement.section for source in document.sources for statement in source.statements}
    sourced: set[str] = set()
    problems: list[tuple[str, str]] = []
    for fact in document.key_facts:
        numbers = _numbers_in(f"{fact.label} {fact.value}")
        if fact.source is not None:
            sourced.update(numbers)
        elif numbers:
            message = _("The key fact “%(label)s” has a number but no source.") % {"label": fact.label}
            problems.append(("keyfacts", message))
    passages = [
        (section.kind, section.heading or section.kind, (section.body, *document.lines_of(section.kind)))
        for section in document.shown_sections
    ]
    if document.first_aid:
        passages.append((SectionKind.EMERGENCY, _("First aid"), document.first_aid.lines))
    for kind, heading, lines in passages:
        numbers = _numbers_in(" ".join((heading, *lines)))
        if kind in supported:
            sourced.update(numbers)
        elif numbers:
            message = _("“%(heading)s” has a number but no source that supports it.")
            problems.append(("citations", message % {"heading": heading}))
    for name, label in {
        "title": _("title"),
        "plain_name": _("plain name"),
        "summary": _("summary"),
        "description": _("description"),
    }.items():
        if unsourced := [number for number in _numbers_in(getattr(document, name)) if number not in sourced]:
            message = _("The %(field)s has a number that no text with a source says: %(numbers)s.")
            yield name, message % {"field": label, "numbers": ", ".join(unsourced)}
    yield from problems


def _numbers_in(text: str) -> list[str]:
    """Return the numbers in a text, in any script, fractions such as ½ included; but not 1122."""
    shown = (char if char.isnumeric() or char in ".,٫" else " " for char in text)
    found = (number.strip(".,٫") for number in "".join(shown).split())
    return [number for number in found if number and number != EMERGENCY_NUMBER]


def _with_emergency_number(text: str) -> set[str]:
    return {*_numbers_in(text), *([EMERGENCY_NUMBER] if EMERGENCY_NUMBER in text else [])}


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of that month if it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
