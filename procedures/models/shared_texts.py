"""Texts that all pages share: the disclaimer and the emergency text."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.core.models import SingletonModel
from procedures.validators import OneItemPerLine


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

    class Meta:
        verbose_name = _("emergency text")
        verbose_name_plural = _("emergency text")

    def __str__(self) -> str:
        return self.heading
