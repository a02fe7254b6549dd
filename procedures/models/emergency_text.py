"""The signs of an emergency and the first aid that every page and `/emergency/` show."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from procedures.models.shared_texts import SharedText
from procedures.validators import OneItemPerLine, lines

# The files of static/img/aid/, and two names without one: the button to call, and no drawing.
FIRST_AID_DRAWINGS = ("call", "press", "lie", "rings", "wrap", "bag", "ice", "label", "none")


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
