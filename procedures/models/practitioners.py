"""The people who treat patients and review pages."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from procedures.models.photos import WithPhoto


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
