"""Content that pages share: practitioners, sources, photographs, the disclaimer and the emergency text."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.core.models import SingletonModel
from procedures.validators import OneItemPerLine, lines

# The files of static/img/aid/. The first step is the call: its drawing is the button.
FIRST_AID_DRAWINGS = ("call", "press", "lie", "rings", "wrap", "bag", "ice", "label", "none")


class Photo(models.Model):
    """One photograph, re-encoded in several widths; the original is not kept.

    Its files are named by its digest and never change, so a publication may refer to them permanently.
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


class WithPhoto(models.Model):
    """A record that may be illustrated."""

    photo = models.ForeignKey(
        Photo, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photograph")
    )
    photo_alt = models.CharField(
        _("description of the photograph"),
        max_length=125,
        blank=True,
        default="",
        help_text=_("What it shows, for people who cannot see it. Needed with a photograph."),
    )

    class Meta:
        abstract = True


class Practitioner(WithPhoto):
    """A person who treats patients and may review pages."""

    name = models.CharField(_("name"), max_length=80)
    registration_number = models.CharField(
        _("PMDC registration number"),
        max_length=30,
        blank=True,
        default="",
        # PMDC publishes no format for this number, so any text is accepted.
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
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown on the site"), default=True)
    is_sample = models.BooleanField(
        _("sample"), default=False, help_text=_("A sample, not a real person. Pages say so.")
    )

    class Meta:
        verbose_name = _("practitioner")
        verbose_name_plural = _("practitioners")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """A medical publication that supports a statement on a page."""

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


class SharedText(SingletonModel):
    """A singleton text that every publication freezes. Changing it does not change published pages."""

    changed_at = models.DateTimeField(_("last changed"), auto_now=True, editable=False)

    class Meta:
        abstract = True


class Disclaimer(SharedText):
    """The disclaimer of every page."""

    heading = models.CharField(_("heading"), max_length=65)
    body = models.TextField(_("text"), max_length=1500)

    class Meta:
        verbose_name = _("disclaimer")
        verbose_name_plural = _("disclaimer")

    def __str__(self) -> str:
        return self.heading


class EmergencyText(SharedText):
    """When to call 1122, and first aid until help arrives, for every page."""

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
    drawings = models.TextField(
        _("drawings of the steps"),
        blank=True,
        default="",
        help_text=_(
            "One a line, in the order of the steps: call, press, lie, rings, wrap, bag, ice, label, none."
        ),
        validators=[OneItemPerLine(items=8, length=10)],
    )
    tourniquet = models.CharField(
        _("when to tie a tourniquet"),
        max_length=350,
        blank=True,
        default="",
        help_text=_("Shown under the steps, and only when the box below is checked."),
    )
    shows_tourniquet = models.BooleanField(
        _("show the line about a tourniquet"),
        default=False,
        help_text=_("Check this only after a clinician has decided on the line above."),
    )

    class Meta:
        verbose_name = _("emergency text")
        verbose_name_plural = _("emergency text")

    def __str__(self) -> str:
        return self.heading

    def clean(self) -> None:
        super().clean()
        if unknown := [name for name in lines(self.drawings) if name not in FIRST_AID_DRAWINGS]:
            message = _("There is no drawing “%(name)s”. Choose from: %(names)s.")
            names = ", ".join(FIRST_AID_DRAWINGS)
            raise ValidationError({"drawings": message % {"name": unknown[0], "names": names}})
