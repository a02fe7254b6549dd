"""A page as one immutable value.

A ``PageDocument`` is read from the draft (``drafts``), checked (``checks``) and frozen into a ``Publication``
as JSON. Templates and structured data use nothing else, so patients see exactly what was signed.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date, datetime
from itertools import zip_longest
from typing import Self

import msgspec
from django.urls import reverse
from msgspec import Struct

from clinic_site.core.markdown import plain_blocks
from procedures.models import parts
from procedures.models.parts import PARTS, FrozenPart, SectionKind

CareCard = parts.CareCard.Frozen
KeyFact = parts.KeyFact.Frozen
Question = parts.Question.Frozen
Risk = parts.Risk.Frozen
Section = parts.Section.Frozen
TitledText = parts.TitledPart.Frozen

# Stored with each document. A change that makes stored documents unreadable raises it, and ``from_json``
# then converts the older ones.
SCHEMA = 1


class Statement(Struct, frozen=True):
    """A statement that a source supports, and its section."""

    section: str
    text: str


class Source(Struct, frozen=True, omit_defaults=True):
    key: str
    title: str
    publisher: str
    year: int | None
    url: str
    statements: tuple[Statement, ...]
    accessed_on: date | None = None


class Photo(Struct, frozen=True):
    digest: str
    width: int
    height: int
    widths: tuple[int, ...]
    alt: str


class FirstAid(Struct, frozen=True, omit_defaults=True):
    """The content of the emergency text."""

    signs_heading: str
    signs: tuple[str, ...]
    steps: tuple[str, ...]
    warnings: tuple[str, ...]
    drawings: tuple[str, ...] = ()
    # "" until a clinician has decided on it.
    tourniquet: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """All the words that readers see."""
        return (self.signs_heading, *self.signs, *self.steps, self.tourniquet, *self.warnings)

    @property
    def drawn_steps(self) -> tuple[tuple[str, str, str], ...]:
        """Return the drawing of each step ("" without one), its first sentence, and the rest."""
        return tuple(
            ("" if drawing in ("call", "none") else drawing, *_first_sentence(step))
            for step, drawing in zip_longest(self.steps, self.drawings[: len(self.steps)], fillvalue="none")
        )


def _first_sentence(text: str) -> tuple[str, str]:
    """Split at the end of the first sentence, English or Urdu."""
    first, *rest = re.split(r"(?<=[.!?۔])\s+", text, maxsplit=1)
    return first, "".join(rest)


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
    """The reviewer of a page, the date of the review, and when the next is due."""

    reviewer: Person
    reviewed_on: date
    due_on: date


class Version(Struct, frozen=True):
    number: int
    published_at: datetime
    first_published_at: datetime
    change_note: str


class Card(Struct, frozen=True, kw_only=True):
    """The fields of a page that menus and lists show. Those with a default are for procedures only."""

    kind: str
    language: str = "en"
    slug: str = ""
    title: str
    plain_name: str = ""
    menu_label: str = ""
    door: str = ""
    summary: str
    drawing: str
    urgency: str = ""
    show_in_form: bool = False

    def get_absolute_url(self) -> str:
        if self.kind == "procedure":
            return reverse("procedures:procedure", args=[self.slug])
        return reverse(f"procedures:{self.kind if self.kind in ('questions', 'emergency') else 'overview'}")

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a stored value. Raises ``msgspec.MsgspecError`` when the text is none."""
        return msgspec.json.decode(text, type=cls)


class PageDocument(Card, frozen=True, kw_only=True):
    """Everything that a reader sees of one page in one language. Its citations are in its sources."""

    schema: int = SCHEMA
    description: str
    author: str
    photo: Photo | None
    alternate_names: tuple[str, ...] = ()
    body_location: str = ""
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
    disclaimer: Disclaimer | None
    first_aid: FirstAid | None = None
    review: Review | None = None
    version: Version | None = None
    # The name of the picture for shared links; "" before it is published, and where none could be drawn.
    share_picture: str = ""

    def unsigned(self) -> Self:
        """The content alone: equal for two versions that say the same."""
        return msgspec.structs.replace(self, version=None, review=None, share_picture="")

    def parts(self, name: str) -> tuple[FrozenPart, ...]:
        """The parts of a kind, by its name in ``PARTS``."""
        found: tuple[FrozenPart, ...] = getattr(self, name)
        return found

    @property
    def is_sample(self) -> bool:
        """True if no real person has reviewed this page."""
        return self.review is None or self.review.reviewer.is_sample

    @property
    def shown_sections(self) -> tuple[Section, ...]:
        """The sections that are not empty."""
        return tuple(section for section in self.sections if section.body or self.has_parts(section.kind))

    def has_parts(self, kind: str) -> bool:
        """True when a section of this kind has more to show than its own text."""
        match kind:
            case SectionKind.PROCEDURES | SectionKind.EMERGENCY:
                return True
            case SectionKind.SCALE:
                return bool(self.key_facts)
            case _:
                return any(True for _part in self.parts_in(kind))

    def parts_in(self, kind: str) -> Iterator[FrozenPart]:
        """The parts that a section of this kind shows under its own text."""
        for name, part in PARTS.items():
            if part.Frozen:
                yield from (value for value in self.parts(name) if part.section_of(value) == kind)

    def lines_of(self, kind: str) -> Iterator[str]:
        """The words of the parts that a section of this kind shows, with what else a reviewer must see."""
        for part in self.parts_in(kind):
            title, *texts = part.words
            yield from (f"{title} ({', '.join(map(str, part.facts))})" if part.facts else title, *texts)

    def section(self, kind: str) -> Section | None:
        return next((section for section in self.sections if section.kind == kind), None)

    @property
    def questions_to_ask(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if not question.answer)

    @property
    def answered_questions(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.answer)

    def without_answers(self) -> Self:
        """The overview as its address shows it: the answers and their sources have a page of their own."""
        return self._citing(set(SectionKind) - {SectionKind.FAQS})

    def answers_alone(self) -> Self | None:
        """The page of common questions, made of this overview; None if it answers none."""
        section = self.section(SectionKind.FAQS)
        if section is None or not self.answered_questions:
            return None
        summary = next(iter(plain_blocks(section.body)), "") or self.summary
        page = msgspec.structs.replace(self, sections=(section,), key_facts=(), summary=summary)
        page = msgspec.structs.replace(page, kind="questions", title=section.heading, description=summary)
        return page._citing({SectionKind.FAQS})

    def _citing(self, kinds: Collection[str]) -> Self:
        """The page with its key facts, but otherwise only what its sources say in these kinds of section."""
        facts = {fact.source for fact in self.key_facts}
        sources, numbers = [], {}
        for number, source in enumerate(self.sources, start=1):
            statements = tuple(said for said in source.statements if said.section in kinds)
            if statements or number in facts:
                sources.append(msgspec.structs.replace(source, statements=statements))
                numbers[number] = len(sources)
        key_facts = tuple(
            msgspec.structs.replace(fact, source=fact.source and numbers[fact.source])
            for fact in self.key_facts
        )
        return msgspec.structs.replace(self, sources=tuple(sources), key_facts=key_facts)

    def is_overdue(self, today: date) -> bool:
        return self.review is not None and self.review.due_on < today

    @property
    def card(self) -> Card:
        return Card(**{field: getattr(self, field) for field in Card.__struct_fields__})


# msgspec works a type out when it is first read or written. Two threads that do so at once have crashed the
# process (a segmentation fault, seen on a server under load): here it is done before there are threads.
for _type in (PageDocument, Card):
    msgspec.json.Decoder(_type)
