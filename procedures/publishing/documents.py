"""A page as one plain value.

A ``PageDocument`` is read from the draft (``drafts``), checked (``checks``), frozen into a ``Publication``
as JSON, and passed to the templates and the structured data, which take nothing else. It is immutable:
patients see exactly what was signed.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Self

import msgspec
from django.urls import reverse
from django.utils.text import slugify
from msgspec import Struct

from procedures.models import SectionKind

SCHEMA = 1

# Documents stored under an older schema are raised to today's one step at a time: the function under
# N turns the plain data of schema N into that of schema N + 1.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


class Section(Struct, frozen=True):
    kind: str
    heading: str
    body: str

    @property
    def anchor(self) -> str:
        """The section's id on the page. It survives a change of heading, so that links to it hold;
        sections of plain text, of which there may be several, are told apart by their headings."""
        return (
            self.kind
            if self.kind != SectionKind.TEXT
            else f"text-{slugify(self.heading, allow_unicode=True)}"
        )


class KeyFact(Struct, frozen=True):
    label: str
    value: str
    certainty: str
    source: int | None  # the place of its source in ``PageDocument.sources``, from 1


class TitledText(Struct, frozen=True):
    """A benefit, a step, a recovery note or an expectation."""

    title: str
    body: str


class Risk(Struct, frozen=True):
    name: str
    medical_term: str
    body: str
    frequency: str


class CareCard(Struct, frozen=True):
    level: str
    heading: str
    items: tuple[str, ...]


class Question(Struct, frozen=True):
    text: str
    answer: str


class Statement(Struct, frozen=True):
    """What a source supports, and in which section."""

    section: str
    text: str


class Source(Struct, frozen=True):
    key: str
    title: str
    publisher: str
    year: int | None
    url: str
    statements: tuple[Statement, ...]


class Photo(Struct, frozen=True):
    digest: str
    width: int
    height: int
    widths: tuple[int, ...]
    alt: str


class Emergency(Struct, frozen=True):
    heading: str
    signs: tuple[str, ...]
    steps: tuple[str, ...]
    warnings: tuple[str, ...]


class Disclaimer(Struct, frozen=True):
    heading: str
    body: str


class Person(Struct, frozen=True):
    name: str
    registration_number: str
    qualifications: str
    specialty: str
    is_sample: bool


class Review(Struct, frozen=True):
    """Who has checked this page, when, and when that must happen again."""

    reviewer: Person
    reviewed_on: date
    due_on: date


class Version(Struct, frozen=True):
    number: int
    published_at: datetime
    first_published_at: datetime
    change_note: str


class Card(Struct, frozen=True):
    """A page as menus and lists show it."""

    kind: str
    slug: str
    title: str
    plain_name: str
    menu_label: str
    summary: str
    drawing: str
    urgency: str
    show_in_form: bool

    def get_absolute_url(self) -> str:
        return page_url(self.kind, self.slug)

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        return msgspec.json.decode(text, type=cls)


class PageDocument(Struct, frozen=True, kw_only=True):
    """One page in one language: everything that a reader is shown of it."""

    schema: int = SCHEMA
    kind: str
    language: str
    title: str
    summary: str
    description: str
    author: str
    drawing: str
    photo: Photo | None
    # Only a procedure has these.
    slug: str = ""
    plain_name: str = ""
    menu_label: str = ""
    alternate_names: tuple[str, ...] = ()
    urgency: str = ""
    body_location: str = ""
    show_in_form: bool = False
    sections: tuple[Section, ...]
    key_facts: tuple[KeyFact, ...]
    benefits: tuple[TitledText, ...]
    steps: tuple[TitledText, ...]
    has_own_steps: bool
    recovery_notes: tuple[TitledText, ...]
    expectations: tuple[TitledText, ...]
    risks: tuple[Risk, ...]
    care_cards: tuple[CareCard, ...]
    questions: tuple[Question, ...]
    sources: tuple[Source, ...]
    emergency: Emergency | None
    disclaimer: Disclaimer | None
    review: Review | None = None
    version: Version | None = None
    # The name of the picture for shared links; "" before it is published, and where none could be drawn.
    share_picture: str = ""

    # Made, signed, stored

    def signed(self, *, version: Version, review: Review | None) -> Self:
        return msgspec.structs.replace(self, version=version, review=review)

    def with_share_picture(self, name: str) -> Self:
        return msgspec.structs.replace(self, share_picture=name)

    def unsigned(self) -> Self:
        """The content alone: equal for two versions that say the same."""
        return msgspec.structs.replace(self, version=None, review=None, share_picture="")

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a stored document, of today's schema or an older one.

        Raises ``msgspec.ValidationError`` when the text is not a document.
        """
        try:
            document = msgspec.json.decode(text, type=cls)
            if document.schema == SCHEMA:
                return document
        except msgspec.ValidationError:
            pass
        data = msgspec.json.decode(text)
        while isinstance(data, dict) and data.get("schema") in UPGRADES:
            data = UPGRADES[data["schema"]](data)
        return msgspec.convert(data, cls)

    # What templates ask

    def get_absolute_url(self) -> str:
        return page_url(self.kind, self.slug)

    @property
    def is_sample(self) -> bool:
        """True while no real person has signed this page."""
        return self.review is None or self.review.reviewer.is_sample

    @property
    def shown_sections(self) -> tuple[Section, ...]:
        """The sections that have something to show: an empty one leaves no heading."""
        return tuple(section for section in self.sections if section.body or self.has_parts(section.kind))

    def has_parts(self, kind: str) -> bool:
        """True when a section of this kind has more to show than its own text."""
        match kind:
            case SectionKind.PROCEDURES:
                return True
            case SectionKind.EMERGENCY:
                return self.emergency is not None
            case SectionKind.SCALE:
                return bool(self.key_facts)
            case _:
                return any(True for _line in self.lines_of(kind))

    def lines_of(self, kind: str) -> Iterator[str]:
        """The words of the list that a section of this kind shows under its own text."""
        match kind:
            case SectionKind.BENEFITS:
                yield from (f"{part.title}: {part.body}" for part in self.benefits)
            case SectionKind.STEPS:
                yield from (f"{part.title}: {part.body}" for part in self.steps)
            case SectionKind.RECOVERY:
                yield from (f"{part.title}: {part.body}" for part in self.recovery_notes)
            case SectionKind.CONSULTATION:
                yield from (f"{part.title}: {part.body}" for part in self.expectations)
            case SectionKind.RISKS:
                for risk in self.risks:
                    yield f"{risk.name} {risk.medical_term} ({risk.frequency}): {risk.body}"
            case SectionKind.HELP:
                for card in self.care_cards:
                    yield from (f"{card.level}: {card.heading}", *card.items)
            case SectionKind.QUESTIONS:
                yield from (question.text for question in self.questions_to_ask)
            case SectionKind.FAQS:
                yield from (f"{question.text} {question.answer}" for question in self.answered_questions)

    def section(self, kind: str) -> Section | None:
        return next((section for section in self.sections if section.kind == kind), None)

    @property
    def questions_to_ask(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if not question.answer)

    @property
    def answered_questions(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.answer)

    def is_overdue(self, today: date) -> bool:
        return self.review is not None and self.review.due_on < today

    @property
    def card(self) -> Card:
        return Card(**{field: getattr(self, field) for field in Card.__struct_fields__})


def page_url(kind: str, slug: str) -> str:
    return (
        reverse("procedures:procedure", args=[slug])
        if kind == "procedure"
        else reverse("procedures:overview")
    )


# msgspec works a type out when it is first read or written. Two threads that do so at once have crashed the
# process (a segmentation fault, seen on a server under load): here it is done before there are threads.
for _type in (PageDocument, Card):
    msgspec.json.Decoder(_type)
