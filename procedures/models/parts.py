"""The ordered parts of a page."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from procedures.validators import OneItemPerLine


class SectionKind(models.TextChoices):
    """What a section is about. It decides which list of parts the section shows under its text."""

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


class Part(models.Model):
    """A part of a page. Its number comes from its place among its kind, and is nowhere stored as a number."""

    page = models.ForeignKey("procedures.Page", models.CASCADE, related_name="%(class)ss")
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        ordering = ["position", "pk"]


class Section(Part):
    """A heading with its text, and the place where a list of parts is shown."""

    kind = models.CharField(_("kind"), max_length=20, choices=SectionKind, default=SectionKind.TEXT)
    heading = models.CharField(_("heading"), max_length=65, blank=True, default="")
    body = models.TextField(_("text"), max_length=2500, blank=True, default="")

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

    class Meta(Part.Meta):
        verbose_name = _("key fact")
        verbose_name_plural = _("key facts")

    def __str__(self) -> str:
        return f"{self.label}: {self.value}"


class TitledPart(Part):
    title = models.CharField(_("title"), max_length=50)
    body = models.TextField(_("text"), max_length=350)

    class Meta(Part.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.title


class Benefit(TitledPart):
    class Meta(Part.Meta):
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")


class Step(TitledPart):
    class Meta(Part.Meta):
        verbose_name = _("step")
        verbose_name_plural = _("steps")


class Expectation(TitledPart):
    class Meta(Part.Meta):
        verbose_name = _("expectation")
        verbose_name_plural = _("what to do before an operation")


class RecoveryNote(Part):
    """What happens in one period of recovery, or one thing to know about it."""

    title = models.CharField(_("period or title"), max_length=40)
    body = models.TextField(_("text"), max_length=500)

    class Meta(Part.Meta):
        verbose_name = _("recovery note")
        verbose_name_plural = _("recovery notes")

    def __str__(self) -> str:
        return self.title


class Risk(Part):
    class Frequency(models.TextChoices):
        COMMON = "common", _("Common")
        UNCOMMON = "uncommon", _("Less common")
        SERIOUS = "serious", _("Serious")

    name = models.CharField(_("plain name"), max_length=60)
    medical_term = models.CharField(_("medical term"), max_length=60, blank=True, default="")
    body = models.TextField(_("text"), max_length=300)
    frequency = models.CharField(_("how often"), max_length=10, choices=Frequency, default=Frequency.UNCOMMON)

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
    heading = models.CharField(_("heading"), max_length=80, help_text=_("States the action and ends “if:”."))
    items = models.TextField(
        _("items"), help_text=_("One a line, at most 6."), validators=[OneItemPerLine(items=6, length=120)]
    )

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

    class Meta(Part.Meta):
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return self.text


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
