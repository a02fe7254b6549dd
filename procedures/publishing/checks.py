"""The gate: what a page still wants before patients may be shown it.

The rules are those of NHS and PIF TICK practice that the clinic has taken on: somebody registered has
checked it, it names its sources, it tells the risks and the other options, and when to get help.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from procedures.models import SectionKind
from procedures.publishing.documents import PageDocument, Section

LONGEST_REVIEW_MONTHS = 36
EMERGENCY_NUMBER = "1122"


@dataclass(frozen=True)
class Missing:
    """One thing that is wanted, in words an editor understands, and the field where it is mended.

    ``field`` is the name of a field of the page, of a set of its parts, or of the sign-off.
    """

    field: str
    message: str


def missing_for_publication(document: PageDocument) -> tuple[Missing, ...]:
    """Everything that the gate still wants of a signed document; empty when it may be published."""
    rules = (_sign_off, _substance, _shared_texts, _pictures, _numbers)
    return tuple(missing for rule in rules for missing in rule(document))


def _sign_off(document: PageDocument) -> Iterator[Missing]:
    review = document.review
    if review is None:
        yield Missing("reviewer", _("Choose the reviewer."))
        return
    if not review.reviewer.registration_number:
        yield Missing("reviewer", _("The reviewer has no registration number. Enter it under Practitioners."))
    if review.due_on <= review.reviewed_on:
        yield Missing("review_due_on", _("The next review must be after this one."))
    elif review.due_on > months_after(review.reviewed_on, LONGEST_REVIEW_MONTHS):
        yield Missing(
            "review_due_on",
            _("The next review must be within %(months)d months.") % {"months": LONGEST_REVIEW_MONTHS},
        )


def _substance(document: PageDocument) -> Iterator[Missing]:
    if not document.author.strip():
        yield Missing("author", _("Say who wrote this page."))
    if not document.sources:
        yield Missing("citations", _("Name at least one source."))
    if not document.risks:
        yield Missing("risks", _("Add the risks."))
    if not document.care_cards:
        yield Missing("carecards", _("Say when to get help: add a card."))
    for fact in document.key_facts:
        if fact.certainty == "unconfirmed":
            yield Missing("keyfacts", _("The key fact “%(label)s” is not confirmed.") % {"label": fact.label})
    if document.kind == "procedure":
        alternatives = document.section(SectionKind.ALTERNATIVES)
        if alternatives is None or not alternatives.body:
            yield Missing("sections", _("Add a section on other options."))
    # Risks and cards are shown under these sections, and nowhere else.
    for kind, message in (
        (SectionKind.RISKS, _("Add a section that shows the risks.")),
        (SectionKind.HELP, _("Add a section that says when to get help.")),
    ):
        if document.section(kind) is None:
            yield Missing("sections", message)


def _shared_texts(document: PageDocument) -> Iterator[Missing]:
    if document.disclaimer is None:
        yield Missing("disclaimer", _("Write the disclaimer."))
    if document.emergency is None:
        yield Missing("emergency", _("Write the emergency text."))
    yield from _emergency_card(document)


def _emergency_card(document: PageDocument) -> Iterator[Missing]:
    """Who has lost a part of the body looks at the top of a page, and not below it."""
    is_emergency = document.urgency == "emergency"
    if document.section(SectionKind.EMERGENCY) is None:
        if is_emergency:
            yield Missing("sections", _("Add the emergency card: this procedure is an emergency."))
        elif document.kind == "overview":
            yield Missing("sections", _("Add the emergency card: the front page always has it."))
    elif is_emergency and document.shown_sections[0].kind != SectionKind.EMERGENCY:
        yield Missing("sections", _("Put the emergency card first: this procedure is an emergency."))


def _pictures(document: PageDocument) -> Iterator[Missing]:
    if document.photo and not document.photo.alt:
        yield Missing("photo_alt", _("Describe the photograph for people who cannot see it."))


def _numbers(document: PageDocument) -> Iterator[Missing]:
    """No number without a source: each section with one has a citation of its own, and what stands over
    the sections repeats only their numbers."""
    sourced = {number for text in _sourced_texts(document) for number in _numbers_in(text)}
    over_the_sections = {
        "title": _("title"),
        "plain_name": _("plain name"),
        "summary": _("summary"),
        "description": _("description"),
    }
    for name, label in over_the_sections.items():
        if unsourced := [number for number in _numbers_in(getattr(document, name)) if number not in sourced]:
            yield Missing(
                name,
                _("The %(field)s has a number that no text with a source says: %(numbers)s.")
                % {"field": label, "numbers": ", ".join(unsourced)},
            )
    for fact in document.key_facts:
        if _numbers_in(f"{fact.label} {fact.value}") and fact.source is None:
            yield Missing(
                "keyfacts", _("The key fact “%(label)s” has a number but no source.") % {"label": fact.label}
            )
    supported = _supported(document)
    for section in document.shown_sections:
        if section.kind not in supported and _numbers_in(_words(document, section)):
            yield Missing(
                "citations",
                _("“%(heading)s” has a number but no source that supports it.")
                % {"heading": section.heading or section.kind},
            )


def _supported(document: PageDocument) -> set[str]:
    """The kinds of section that a source supports."""
    return {statement.section for source in document.sources for statement in source.statements}


def _words(document: PageDocument, section: Section) -> str:
    return " ".join((section.heading, section.body, *document.lines_of(section.kind)))


def _sourced_texts(document: PageDocument) -> Iterator[str]:
    """What rests on a source: sections with a citation, and key facts with a source."""
    supported = _supported(document)
    yield from (_words(document, section) for section in document.shown_sections if section.kind in supported)
    yield from (f"{fact.label} {fact.value}" for fact in document.key_facts if fact.source is not None)


def _numbers_in(text: str) -> list[str]:
    """The numbers of a text, in any digits, fractions such as ½ among them; 1122 needs no source."""
    shown = (char if char.isnumeric() or char in ".,٫" else " " for char in text)
    found = (number.strip(".,٫") for number in "".join(shown).split())
    return [number for number in found if number and number != EMERGENCY_NUMBER]


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last day of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
