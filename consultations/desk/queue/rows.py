"""A request as one row of the queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.formatting import clock
from consultations import workflow
from consultations.answers import ForWhom, Language, Onset, YesNo
from consultations.desk.assignees import name_of
from consultations.lifecycle import booking
from consultations.models import Appointment, ConsultationRequest
from consultations.models.consultation_requests import PROMISED, current_onset
from consultations.workflow import Status

RECENT = frozenset({Onset.DAY, Onset.WEEK})


@dataclass(frozen=True)
class DueLabel:
    """A text, and whether the clinic is late."""

    text: str
    is_late: bool = False


@dataclass(frozen=True)
class Row:
    consultation: ConsultationRequest
    hours: BusinessHours
    now: datetime
    appointment: Appointment | None = None  # offered or agreed

    @property
    def is_waiting(self) -> bool:
        return self.consultation.status in workflow.WAITING

    @property
    def asked_by(self) -> str:
        """The name of the requester, if that is not the patient."""
        if self.consultation.for_whom == ForWhom.SELF or not self.consultation.requester_name:
            return ""
        return self.consultation.requester_name

    @property
    def is_recent(self) -> bool:
        return self._current_onset in RECENT

    @property
    def onset_has_changed(self) -> bool:
        """Whether the onset chosen on the day of sending is out of date."""
        return self.consultation.onset not in (Onset.NOT_SURE, self._current_onset)

    @property
    def _current_onset(self) -> int:
        return current_onset(self.consultation.onset, self.now - self.consultation.created_at)

    @property
    def waiting(self) -> str:
        return self._between(self.consultation.created_at, self.now) if self.is_waiting else ""

    @cached_property
    def promise(self) -> DueLabel | None:
        """The promised first answer: time left, overdue, or kept. None without a promise."""
        due, answered = self.consultation.promised_by, self.consultation.first_contact_at
        if due is None:
            return None
        if answered:
            return DueLabel(_("answered in time") if answered <= due else _("answered late"))
        if self.consultation.status not in PROMISED:
            return None
        if due < self.now:
            return DueLabel(_("overdue by %(time)s") % {"time": self._between(due, self.now)}, is_late=True)
        return DueLabel(_("%(time)s left") % {"time": self._between(self.now, due)})

    @property
    def must_not_identify_clinic(self) -> bool:
        return self.consultation.may_identify_clinic != YesNo.YES

    @property
    def speaks(self) -> str:
        return self.consultation.speaks_other or str(Language(self.consultation.speaks).label)

    @property
    def assignee(self) -> str:
        return name_of(self.consultation.assignee) if self.consultation.assignee else ""

    @property
    def usual_step(self) -> str:
        """The label of the usual next step; "" if the request is finished or has an appointment."""
        status = Status(self.consultation.status)
        if status not in workflow.OPEN or self.appointment is not None:
            return ""
        return _(workflow.STEPS[status][0].button)

    @cached_property
    def appointment_label(self) -> DueLabel | None:
        """What to do about the appointment; None without one, or if a callback about an offer is set."""
        if self.appointment is None:
            return None
        is_informed = booking.is_informed(
            self.consultation, self.appointment.patient_informed_at, self.appointment.made_at, self.now
        )
        is_called = is_informed and self.consultation.call_back_at is not None
        if is_called and self.appointment.state == Appointment.State.OFFERED:
            return None
        return appointment_label(
            self.appointment.state,
            self.appointment.starts_at,
            self.appointment.ends_at,
            is_informed=is_informed,
            now=self.now,
        )

    @cached_property
    def call_back(self) -> DueLabel | None:
        """When to call again, in the clinic's time zone."""
        at = self.consultation.call_back_at
        if at is None:
            return None
        return DueLabel(_("Call back %(day)s, %(time)s") % _day_and_time(at), is_late=at <= self.now)

    def _between(self, start: datetime, end: datetime) -> str:
        """In clinic hours, or in clock time if no opening hours are entered."""
        if not self.hours.sessions:
            return timesince(start, end)
        return format_hours(self.hours.clinic_time_between(start, end))


def appointment_label(
    state: str, starts_at: datetime, ends_at: datetime, *, is_informed: bool, now: datetime
) -> DueLabel:
    """Return what to do about a live appointment. ``is_informed``: the patient knows the offered time."""
    if state == Appointment.State.AGREED:
        if starts_at <= now:
            return DueLabel(_("Record attendance"), is_late=ends_at <= now)
        return DueLabel(_("Appointment %(day)s, %(time)s") % _day_and_time(starts_at))
    if starts_at <= now:
        return DueLabel(_("No answer to the offered time: call the patient"), is_late=True)
    if not is_informed:
        return DueLabel(_("The patient does not know the offered time: call"))
    return DueLabel(_("Waiting for the patient’s answer: %(day)s, %(time)s") % _day_and_time(starts_at))


def _day_and_time(at: datetime) -> dict[str, str]:
    """In the clinic's time zone."""
    local = timezone.localtime(at, timezone.get_default_timezone())
    return {"day": date_format(local, "D j M"), "time": clock(local)}


def format_hours(duration: timedelta) -> str:
    """Format like "2 h 5 min"; whole hours from ten hours up."""
    hours, seconds = divmod(int(duration.total_seconds()), 3600)
    words = {"hours": f"{hours:,}", "minutes": seconds // 60}
    if hours >= 10:
        return _("%(hours)s h") % words
    return _("%(hours)s h %(minutes)s min") % words if hours else _("%(minutes)s min") % words
