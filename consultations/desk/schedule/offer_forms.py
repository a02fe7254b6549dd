"""Forms of the time picker: what it shows, and the appointment to offer."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consultations import workflow
from consultations.appointments import availability
from consultations.appointments.offers import BOOKING_HORIZON, RECORDING_WINDOW
from consultations.models.appointments import SLOT
from consultations.workflow import Status
from procedures.models import Practitioner

LENGTHS = [
    (length, format_lazy(gettext_lazy("{minutes} minutes"), minutes=length))
    for length in availability.START_INTERVALS
]
# The value of "another time": day and time are typed.
OTHER = "other"

AGREED, OFFERED = "agreed", "offered"
WAYS = {
    OFFERED: (Status.PROPOSED, gettext_lazy("Offered: the patient answers")),
    AGREED: (Status.CONFIRMED, gettext_lazy("Agreed on the phone")),
}


def ways(status: str) -> dict[str, str]:
    """Return the choices "offered" and "agreed" that this status allows."""
    return {
        way: str(words)
        for way, (to, words) in WAYS.items()
        if to == status or workflow.may_follow(status, to)
    }


class PickerFilterForm(forms.Form):
    """Filter of the picker. Invalid values are ignored."""

    day = forms.DateField(required=False)
    practitioner = forms.IntegerField(required=False)
    length = forms.TypedChoiceField(choices=LENGTHS, coerce=int, required=False, empty_value=None)

    @property
    def first_day(self) -> date:
        """The first day shown, within the days that can be offered."""
        today = availability.today()
        day: date = self.cleaned_data.get("day") or today
        return min(max(day, today), today + BOOKING_HORIZON)

    @property
    def length_in_minutes(self) -> int:
        return int(self.cleaned_data.get("length") or availability.DEFAULT_LENGTH)

    def practitioner_of(self, found: list[Practitioner], default: int | None) -> Practitioner | None:
        """The chosen practitioner, otherwise that of the live appointment, otherwise the first."""
        by_id: dict[int | None, Practitioner] = {practitioner.pk: practitioner for practitioner in found}
        wanted = by_id.get(self.cleaned_data.get("practitioner")) or by_id.get(default)
        return wanted or (found[0] if found else None)


class OfferForm(forms.Form):
    """The appointment to offer, and the state of the request on the screen."""

    practitioner = forms.ModelChoiceField(
        Practitioner.objects.filter(is_active=True),
        error_messages={
            "required": gettext_lazy("Choose a practitioner."),
            "invalid_choice": gettext_lazy("Choose a practitioner who is in the list."),
        },
    )
    length = forms.TypedChoiceField(
        choices=LENGTHS,
        coerce=int,
        error_messages={
            "required": gettext_lazy("Choose how long it takes."),
            "invalid_choice": gettext_lazy("Choose how long it takes."),
        },
    )
    starts = forms.CharField(
        max_length=40, error_messages={"required": gettext_lazy("Choose one of the times, or type another.")}
    )
    other_day = forms.DateField(
        required=False, error_messages={"invalid": gettext_lazy("Enter the day, like 2026-11-30.")}
    )
    other_time = forms.TimeField(
        required=False, error_messages={"invalid": gettext_lazy("Enter the time, like 17:30.")}
    )
    way = forms.ChoiceField(
        choices=[(way, way) for way in WAYS],
        error_messages={
            "required": gettext_lazy("Say whether the patient still has to answer."),
            "invalid_choice": gettext_lazy("Say whether the patient still has to answer."),
        },
    )
    expected_status = forms.CharField(max_length=20, required=False)
    expected_appointment = forms.IntegerField(required=False)

    def clean(self) -> dict[str, Any]:
        starts = self.cleaned_data.get("starts")
        if starts == OTHER:
            self.cleaned_data["starts_at"] = self._typed()
        elif starts:
            self.cleaned_data["starts_at"] = self._picked(starts)
        if starts_at := self.cleaned_data.get("starts_at"):
            self._check(starts_at, OTHER if starts == OTHER else "")
        return self.cleaned_data

    @property
    def length_as_time(self) -> timedelta:
        return timedelta(minutes=self.cleaned_data["length"])

    def _picked(self, starts: str) -> datetime | None:
        try:
            at = parse_datetime(starts)
        except ValueError:
            at = None
        if at is None or timezone.is_naive(at):
            self.add_error("starts", _("Choose one of the times, or type another."))
            return None
        return at

    def _typed(self) -> datetime | None:
        day, time = self.cleaned_data.get("other_day"), self.cleaned_data.get("other_time")
        if day is None and "other_day" not in self.errors:
            self.add_error("other_day", _("Enter the day."))
        if time is None and "other_time" not in self.errors:
            self.add_error("other_time", _("Enter the time."))
        if day is None or time is None:
            return None
        # Within what time zones can convert; ``_check`` reports dates that are too far away.
        day = min(max(day, date(1970, 1, 2)), date(9990, 1, 1))
        return datetime.combine(day, time, timezone.get_default_timezone())

    def _check(self, starts_at: datetime, typed: str) -> None:
        """Report what ``offer_time`` would refuse, each with its own sentence."""
        now = timezone.now()
        field = "other_day" if typed else "starts"
        if starts_at <= now - RECORDING_WINDOW and self.cleaned_data.get("way") == AGREED:
            self.add_error(field, _("Choose a time of the last seven days, or a later one."))
        elif starts_at <= now and self.cleaned_data.get("way") != AGREED:
            self.add_error(field, _("This time is past. Choose a later one."))
        elif starts_at - now > BOOKING_HORIZON:
            self.add_error(field, _("Choose a time within the next year."))
        elif starts_at.timestamp() % SLOT.total_seconds():
            self.add_error("other_time" if typed else "starts", _("Choose a full five minutes, like 17:35."))
        if abs(starts_at - now) > BOOKING_HORIZON:
            del self.cleaned_data["starts_at"]  # may not be convertible to local time
