"""Forms of the time picker: what it shows, and the appointment to offer."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import HiddenPattern, says
from consultations.appointments import availability, offers
from procedures.models import Practitioner

LENGTHS = [
    (length, format_lazy(_("{minutes} minutes"), minutes=length)) for length in availability.START_INTERVALS
]
# The value of "another time": day and time are typed.
OTHER = "other"
AGREED, OFFERED = "agreed", "offered"
WAYS = {
    OFFERED: _("Offered: waits for an answer"),
    AGREED: _("Agreed on the phone"),
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


class TimesField(forms.Field):
    """Checked times; ``OTHER`` means the typed one."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[datetime | str]:
        time = forms.DateTimeField(error_messages=NO_TIME)
        return [each if each == OTHER else time.clean(each) for each in value]


class OfferForm(PickerForm):
    """The times to offer, and the version of the request on the screen."""

    version = HiddenPattern(r"[0-9]{1,9}")
    starts = TimesField(error_messages=NO_TIME)
    other_day = forms.DateField(required=False, error_messages=says(_("Enter the day, like 2026-11-30.")))
    other_time = forms.TimeField(required=False, error_messages=says(_("Enter the time, like 17:30.")))
    way = forms.ChoiceField(
        choices=list(WAYS.items()),
        error_messages=says(_("Say whether the time is offered or agreed.")),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["practitioner"].required = self.fields["length"].required = True

    def clean(self) -> None:
        """Set ``times``, the earliest first, if appointments are possible at all of them."""
        agreed = self.cleaned_data.get("way") == AGREED
        times: set[datetime] = set()
        for each in self.cleaned_data.get("starts", []):
            starts_at, field = each, "starts"
            if each == OTHER:
                starts_at = self._typed_time()
                field = "other_time" if starts_at and starts_at.minute % 5 else "other_day"
            if starts_at and (problem := offers.time_problem(starts_at, agreed=agreed)):
                self.add_error(field, problem)
            elif starts_at:
                times.add(starts_at)
        if agreed and len(times) > 1:
            self.add_error("starts", _("Choose only the time that was agreed."))
        elif len(times) > offers.MAX_CHOICES:
            self.add_error("starts", _("Choose up to three times."))
        self.cleaned_data["times"] = sorted(times)
        length = timedelta(minutes=self.cleaned_data.get("length") or 0)
        if any(later - earlier < length for earlier, later in pairwise(self.cleaned_data["times"])):
            self.add_error("starts", _("Choose times that do not overlap."))

    def _typed_time(self) -> datetime | None:
        for name, sentence in (("other_day", _("Enter the day.")), ("other_time", _("Enter the time."))):
            if self.cleaned_data.get(name) is None and name not in self.errors:
                self.add_error(name, sentence)
        day, time = self.cleaned_data.get("other_day"), self.cleaned_data.get("other_time")
        return timezone.make_aware(datetime.combine(day, time)) if day and time is not None else None
