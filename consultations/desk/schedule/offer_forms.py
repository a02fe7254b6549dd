"""Forms of the time picker: what it shows, and the appointment to offer."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import HiddenPattern, says
from consultations.appointments import availability, offers
from consultations.workflow import Status
from procedures.models import Practitioner

LENGTHS = [
    (length, format_lazy(_("{minutes} minutes"), minutes=length)) for length in availability.START_INTERVALS
]
# The value of "another time": day and time are typed.
OTHER = "other"
AGREED, OFFERED = "agreed", "offered"
WAYS = {
    OFFERED: (Status.PROPOSED, _("Offered: the patient answers")),
    AGREED: (Status.CONFIRMED, _("Agreed on the phone")),
}

NO_TIME = says(_("Choose one of the times, or type another."))


class PickerForm(forms.Form):
    """What the picker shows. Invalid values are ignored."""

    practitioner = forms.ModelChoiceField(
        Practitioner.objects.active(),
        label=_("Practitioner"),
        required=False,
        empty_label=None,
        error_messages={
            "required": _("Choose a practitioner."),
            "invalid_choice": _("Choose a practitioner who is in the list."),
        },
    )
    length = forms.TypedChoiceField(
        label=_("Length"),
        choices=LENGTHS,
        coerce=int,
        required=False,
        error_messages=says(_("Choose how long it takes.")),
    )
    day = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


class OfferForm(PickerForm):
    """The appointment to offer, and the version of the request on the screen."""

    version = HiddenPattern(r"[0-9]{1,9}")
    starts = forms.CharField(error_messages=NO_TIME)
    other_day = forms.DateField(required=False, error_messages=says(_("Enter the day, like 2026-11-30.")))
    other_time = forms.TimeField(required=False, error_messages=says(_("Enter the time, like 17:30.")))
    way = forms.ChoiceField(
        choices=[(way, words) for way, (_to, words) in WAYS.items()],
        error_messages=says(_("Say whether the patient still has to answer.")),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["practitioner"].required = self.fields["length"].required = True

    def clean_starts(self) -> datetime | None:
        """Return a listed time; None for a typed one."""
        starts = self.cleaned_data["starts"]
        return None if starts == OTHER else forms.DateTimeField(error_messages=NO_TIME).clean(starts)

    def clean(self) -> None:
        """Set ``starts_at``, if no appointment is impossible at that time."""
        starts_at, field = self.cleaned_data.get("starts"), "starts"
        if self.data.get("starts") == OTHER:
            starts_at = self._typed_time()
            field = "other_time" if starts_at and starts_at.minute % 5 else "other_day"
        if starts_at:
            agreed = self.cleaned_data.get("way") == AGREED
            if problem := offers.time_problem(starts_at, agreed=agreed):
                self.add_error(field, problem)
            else:
                self.cleaned_data["starts_at"] = starts_at

    def _typed_time(self) -> datetime | None:
        for name, sentence in (("other_day", _("Enter the day.")), ("other_time", _("Enter the time."))):
            if self.cleaned_data.get(name) is None and name not in self.errors:
                self.add_error(name, sentence)
        day, time = self.cleaned_data.get("other_day"), self.cleaned_data.get("other_time")
        return timezone.make_aware(datetime.combine(day, time)) if day and time is not None else None
