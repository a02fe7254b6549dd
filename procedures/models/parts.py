"""The ordered parts of a page.

A kind of part is declared here once: its model, the value that a publication freezes, the section that shows
it, and what publication requires of it. To add one, write its model, list it in ``PARTS`` and in
``PageDocument``, make a migration, and write ``templates/procedures/public/sections/<kind of section>.html``.
"""

from itertools import chain
from typing import Any, ClassVar

from django.db import models
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from procedures.models.pages import Page
from procedures.validators import OneItemPerLine


class SectionKind(models.TextChoices):
    """The subject of a section. It decides which parts the section shows under its text."""

    INTRODUCTION = "introduction", _("Introduction")
    EMERGENCY = "emergency", _("Emergency card")
    SCALE = "scale", _("Figure, true to scale")
    BENEFITS = "benefits", _("Benefits")
    PROCEDURES = "procedures", _("Published procedures")
    WHY = "why", _("Why it is done")
    SUITABILITY = "suitability", _("Who it may suit")
    ALTERNATIVES = "alternatives", _("Other options")
    PREPARATION = "preparation", _("How to prepare")
    STEPS = "steps", _("Steps")
    ANESTHESIA = "anesthesia", _("Anesthesia")
    HOSPITAL = "hospital", _("After the operation")
    RECOVERY = "recovery", _("Recovery")
    RISKS = "risks", _("Risks")
    HELP = "help", _("When to get help")
    CONSULTATION = "consultation", _("Consultation")
    QUESTIONS = "questions", _("Questions to ask")
    FAQS = "faqs", _("Common questions")
    CLOSING = "closing", _("Closing")
    TEXT = "text", _("Text")


class FrozenPart(Struct, frozen=True):
    """A part as a publication keeps it. Its fields have the names of the model's."""

    # The fields that are not wording: they change only with a full review.
    fact_fields: ClassVar[tuple[str, ...]] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The titles and texts that readers see, for comparison and plain language."""
        names = [name for name in self.__struct_fields__ if name not in self.fact_fields]
        values = (getattr(self, name) for name in names)
        return tuple(chain.from_iterable(value if isinstance(value, tuple) else (value,) for value in values))

    @property
    def facts(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.fact_fields)


class Part(models.Model):
    """A part of a page, ordered by ``position`` among its kind."""

    page = models.ForeignKey("procedures.Page", models.CASCADE, related_name="%(class)ss")
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    # The frozen value; none for a part that is frozen inside another.
    Frozen: ClassVar[type[FrozenPart] | None] = None
    # The section that lists these parts under its text.
    shown_in: ClassVar[str] = ""
    # The only kind of page that has these parts; "" for both.
    only_on: ClassVar[str] = ""
    # The field whose value only one part of a page may have.
    unique_on_page: ClassVar[str] = ""
    # Publication problems: there is no such part, or no section to show it.
    required: ClassVar[Promise | None] = None
    section_required: ClassVar[Promise | None] = None

    class Meta:
        abstract = True
        ordering = ["position", "pk"]

    @classmethod
    def section_of(cls, value: Any) -> str:
        """The kind of section that shows this frozen value."""
        return cls.shown_in


class Section(Part):
    """A heading with its text, and the place where a list of parts is shown."""

    kind = models.CharField(_("kind"), max_length=20, choices=SectionKind, default=SectionKind.TEXT)
    heading = models.CharField(_("heading"), max_length=65, blank=True, default="")
    body = models.TextField(_("text"), max_length=2500, blank=True, default="")

    class Frozen(FrozenPart, frozen=True):
        kind: str
        heading: str
        body: str

        @property
        def anchor(self) -> str:
            """The section's id on the page. A section of plain text is identified by its heading, any other
            by its kind, so that links survive a new heading."""
            if self.kind != SectionKind.TEXT:
                return self.kind
            return f"text-{slugify(self.heading, allow_unicode=True)}"

    unique_on_page = "kind"

    class Meta(Part.Meta):
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints = [
            models.UniqueConstraint(
                fields=["page", "kind"],
                condition=~models.Q(kind="text"),
                name="one_section_of_a_kind",
                violation_error_message=_(
                    "This page has a section of this kind already. Choose another kind."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.heading or self.get_kind_display()


class KeyFact(Part):
    """One fact to know at a glance, with what it rests on."""

    class Certainty(models.TextChoices):
        SUPPORTED = "supported", _("Well supported")
        VARIES = "varies", _("Sources vary")
        UNCONFIRMED = "unconfirmed", _("Not confirmed")

    label = models.CharField(_("label"), max_length=40)
    value = models.CharField(_("value"), max_length=80)
    certainty = models.CharField(
        _("certainty"), max_length=12, choices=Certainty, default=Certainty.SUPPORTED
    )
    source = models.ForeignKey(
        "procedures.Source", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )

    class Frozen(FrozenPart, frozen=True):
        label: str
        value: str
        certainty: str
        source: int | None  # the place of its source in ``PageDocument.sources``, from 1

        fact_fields = ("certainty", "source")

    class Meta(Part.Meta):
        verbose_name = _("key fact")
        verbose_name_plural = _("key facts")

    def __str__(self) -> str:
        return f"{self.label}: {self.value}"


class TitledPart(Part):
    title = models.CharField(_("title"), max_length=50)
    body = models.TextField(_("text"), max_length=350)

    class Frozen(FrozenPart, frozen=True):
        title: str
        body: str

    class Meta(Part.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.title


class Benefit(TitledPart):
    shown_in = SectionKind.BENEFITS
    only_on = Page.Kind.OVERVIEW

    class Meta(Part.Meta):
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")


class Step(TitledPart):
    shown_in = SectionKind.STEPS

    class Meta(Part.Meta):
        verbose_name = _("step")
        verbose_name_plural = _("steps")


class Expectation(TitledPart):
    shown_in = SectionKind.CONSULTATION
    only_on = Page.Kind.OVERVIEW

    class Meta(Part.Meta):
        verbose_name = _("expectation")
        verbose_name_plural = _("what to do before an operation")


class RecoveryNote(TitledPart):
    """One period of recovery, or one thing to know about it."""

    title = models.CharField(_("period or title"), max_length=40)
    body = models.TextField(_("text"), max_length=500)

    shown_in = SectionKind.RECOVERY

    class Meta(Part.Meta):
        verbose_name = _("recovery note")
        verbose_name_plural = _("recovery notes")


class Risk(Part):
    class Frequency(models.TextChoices):
        COMMON = "common", _("Common")
        UNCOMMON = "uncommon", _("Less common")
        SERIOUS = "serious", _("Serious")

    name = models.CharField(_("plain name"), max_length=60)
    medical_term = models.CharField(_("medical term"), max_length=60, blank=True, default="")
    body = models.TextField(_("text"), max_length=300)
    frequency = models.CharField(_("how often"), max_length=10, choices=Frequency, default=Frequency.UNCOMMON)

    class Frozen(FrozenPart, frozen=True):
        name: str
        medical_term: str
        body: str
        frequency: str

        fact_fields = ("frequency",)

        @property
        def words(self) -> tuple[str, ...]:
            return (f"{self.name} ({self.medical_term})" if self.medical_term else self.name, self.body)

    shown_in = SectionKind.RISKS
    required = _("Add the risks.")
    section_required = _("Add a section that shows the risks.")

    class Meta(Part.Meta):
        verbose_name = _("risk")
        verbose_name_plural = _("risks")

    def __str__(self) -> str:
        return self.name


class CareCard(Part):
    """When to get help, at one of three levels. A page has at most one of each."""

    class Level(models.TextChoices):
        EMERGENCY = "emergency", _("Emergency")
        URGENT = "urgent", _("Urgent")
        ROUTINE = "routine", _("Not urgent")

    level = models.CharField(_("level"), max_length=10, choices=Level, default=Level.ROUTINE)
    heading = models.CharField(
        _("heading"), max_length=80, help_text=_("Say what to do, and end with “if:”.")
    )
    items = models.TextField(
        _("items"), help_text=_("One per line, at most 6."), validators=[OneItemPerLine(items=6, length=120)]
    )

    class Frozen(FrozenPart, frozen=True):
        level: str
        heading: str
        items: tuple[str, ...]

        fact_fields = ("level",)

    shown_in = SectionKind.HELP
    unique_on_page = "level"
    required = _("Say when to get help: add a card.")
    section_required = _("Add a section that says when to get help.")

    class Meta(Part.Meta):
        verbose_name = _("care card")
        verbose_name_plural = _("when to get help")
        constraints = [
            models.UniqueConstraint(
                fields=["page", "level"],
                name="one_care_card_of_a_level",
                violation_error_message=_("This page has a card of this level already. Add to that one."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.heading}"


class Question(Part):
    """A question to ask the surgeon; or, with an answer, one that patients often ask."""

    text = models.CharField(_("question"), max_length=120)
    answer = models.TextField(
        _("answer"),
        max_length=700,
        blank=True,
        default="",
        help_text=_("Leave empty for a question to ask the surgeon."),
    )

    class Frozen(FrozenPart, frozen=True):
        text: str
        answer: str

        @property
        def words(self) -> tuple[str, ...]:
            return (self.text, self.answer) if self.answer else (self.text,)

    class Meta(Part.Meta):
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return self.text

    @classmethod
    def section_of(cls, value: Any) -> str:
        return SectionKind.FAQS if value.answer else SectionKind.QUESTIONS


class Citation(Part):
    """A source, and the statement on this page that rests on it."""

    source = models.ForeignKey(
        "procedures.Source", models.PROTECT, related_name="citations", verbose_name=_("source")
    )
    section = models.CharField(_("section it supports"), max_length=20, choices=SectionKind)
    statement = models.CharField(_("statement it supports"), max_length=200)

    class Meta(Part.Meta):
        verbose_name = _("citation")
        verbose_name_plural = _("sources of this page")

    def __str__(self) -> str:
        return self.statement


# By the name that documents and content files have for them, in the order of the staff's form.
PARTS: dict[str, type[Part]] = {
    "key_facts": KeyFact,
    "sections": Section,
    "benefits": Benefit,
    "steps": Step,
    "recovery_notes": RecoveryNote,
    "expectations": Expectation,
    "risks": Risk,
    "care_cards": CareCard,
    "questions": Question,
    "citations": Citation,
}
