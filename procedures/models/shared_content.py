"""What several pages share: people, sources, photographs, the disclaimer and the emergency text."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.core.models import SingletonModel
from procedures.validators import OneItemPerLine


class Practitioner(models.Model):
    """A person who treats patients, and who may stand behind a page as its reviewer."""

    name = models.CharField(_("name"), max_length=80)
    registration_number = models.CharField(
        _("PMDC registration number"),
        max_length=30,
        blank=True,
        default="",
        # The number's format is not published: text, and no pattern.
        help_text=_("As printed on the PMDC certificate. Needed before this person can review a page."),
    )
    qualifications = models.CharField(
        _("qualifications"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Only those PMDC has registered."),
    )
    specialty = models.CharField(
        _("specialty"), max_length=120, blank=True, default="", help_text=_("Only as registered with PMDC.")
    )
    languages = models.CharField(_("languages"), max_length=120, blank=True, default="")
    biography = models.TextField(_("biography"), max_length=800, blank=True, default="")
    photo = models.ForeignKey(
        "procedures.Photo",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("photograph"),
    )
    photo_alt = models.CharField(_("description of the photograph"), max_length=125, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown on the site"), default=True)
    is_sample = models.BooleanField(
        _("sample"), default=False, help_text=_("A sample, not a real person. Patients are told so.")
    )

    class Meta:
        verbose_name = _("practitioner")
        verbose_name_plural = _("practitioners")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """A publication that a statement on a page rests on."""

    key = models.SlugField(
        _("short name"), max_length=60, unique=True, help_text=_("For staff, such as “shen-2021”.")
    )
    title = models.CharField(_("title"), max_length=200)
    publisher = models.CharField(_("publisher"), max_length=120, help_text=_("Journal, society or hospital."))
    year = models.PositiveSmallIntegerField(
        _("year"), null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    url = models.URLField(_("web address"), max_length=300, blank=True, default="")
    accessed_on = models.DateField(_("last opened on"), null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.title} ({self.publisher}{f', {self.year}' if self.year else ''})"


class Photo(models.Model):
    """One photograph, re-encoded in several widths; the original is not kept.

    Files are named by the photograph's own digest and never change, so a publication may name them for good.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    widths = models.JSONField(default=list, editable=False)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("photograph")
        verbose_name_plural = _("photographs")

    def __str__(self) -> str:
        return f"{self.digest[:8]} ({self.width} × {self.height})"


class SharedText(SingletonModel):
    """A text of one row that every publication freezes. A change reaches no page until it is published."""

    changed_at = models.DateTimeField(_("last changed"), auto_now=True, editable=False)

    class Meta:
        abstract = True


class Disclaimer(SharedText):
    """The one disclaimer. It is frozen into every publication."""

    heading = models.CharField(_("heading"), max_length=65)
    body = models.TextField(_("text"), max_length=1500)

    class Meta:
        verbose_name = _("disclaimer")
        verbose_name_plural = _("disclaimer")

    def __str__(self) -> str:
        return self.heading


class EmergencyText(SharedText):
    """The one emergency text: when to call 1122, and first aid. It is frozen into every publication."""

    heading = models.CharField(_("heading"), max_length=80, help_text=_("States the action and ends “if:”."))
    signs = models.TextField(
        _("signs of an emergency"),
        help_text=_("One a line."),
        validators=[OneItemPerLine(items=8, length=120)],
    )
    steps = models.TextField(
        _("first aid, in order"),
        help_text=_("One step a line."),
        validators=[OneItemPerLine(items=8, length=350)],
    )
    warnings = models.TextField(
        _("what not to do"), help_text=_("One a line."), validators=[OneItemPerLine(items=8, length=200)]
    )

    class Meta:
        verbose_name = _("emergency text")
        verbose_name_plural = _("emergency text")

    def __str__(self) -> str:
        return self.heading
