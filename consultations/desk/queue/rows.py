"""A request as one row of the queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.formatting import moment
from consultations import workflow
from consultations.answers import Onset
from consultations.lifecycle import booking
from consultations.models import Appointment, ConsultationRequest
from consultations.models.consultation_requests import PROMISED
from consultations.workflow import Status


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
    def is_recent(self) -> bool:
        return self.consultation.is_recent(self.now)

    @property
    def onset_has_changed(self) -> bool:
        """True if the onset chosen on the day of sending is out of date."""
        return self.consultation.onset not in (Onset.NOT_SURE, self.consultation.current_onset(self.now))

    @property
    def waiting(self) -> str:
        """The time that the request has waited for the clinic; "" if it does not wait."""
        is_waiting = self.consultation.status in workflow.WAITING
        return self._between(self.consultation.created_at, self.now) if is_waiting else ""

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
            time = self._between(due, self.now)
            if time == format_hours(timedelta()):  # closed since then
                return DueLabel(_("overdue"), is_late=True)
            return DueLabel(_("overdue by %(time)s") % {"time": time}, is_late=True)
        return DueLabel(_("%(time)s left") % {"time": self._between(self.now, due)})

    @property
    def usual_step(self) -> str:
        """The label of the usual next step; "" if the request is finished or has an appointment."""
        if self.consultation.status not in workflow.OPEN or self.appointment is not None:
            return ""
        return _(workflow.STEPS[Status(self.consultation.status)][0].button)

    @cached_property
    def appointment_label(self) -> DueLabel | None:
        """The next step of the appointment; None without one, or if a callback about an offer is set."""
        if self.appointment is None:
            return None
        is_informed = booking.is_informed(self.consultation, self.appointment, self.now)
        is_offer = self.appointment.state == Appointment.State.OFFERED
        if is_informed and is_offer and self.consultation.call_back_at:
            return None
        return appointment_label(self.appointment, self.now, is_informed=is_informed)

    @cached_property
    def call_back(self) -> DueLabel | None:
        at = self.consultation.call_back_at
        if at is None:
            return None
        return DueLabel(_("Call back %(when)s") % {"when": _moment(at)}, is_late=at <= self.now)

    def _between(self, start: datetime, end: datetime) -> str:
        """In clinic hours, or in clock time if no opening hours are entered."""
        if not self.hours.sessions:
            return timesince(start, end)
        return format_hours(self.hours.clinic_time_between(start, end))


def appointment_label(appointment: Appointment, now: datetime, *, is_informed: bool) -> DueLabel:
    """Return what to do about an offered or agreed appointment."""
    has_begun, when = appointment.starts_at <= now, _moment(appointment.starts_at)
    if appointment.state == Appointment.State.AGREED:
        if has_begun:
            return DueLabel(_("Record attendance"), is_late=appointment.ends_at <= now)
        return DueLabel(_("Appointment %(when)s") % {"when": when})
    if has_begun:
        return DueLabel(_("No answer to the offered time: call"), is_late=True)
    if not is_informed:
        return DueLabel(_("Not told about the offered time yet: call"))
    return DueLabel(_("Waiting for an answer: %(when)s") % {"when": when})


def _moment(at: datetime) -> str:
    """Format like "Wed 4 Mar, 3 pm"."""
    return moment(timezone.localtime(at), "D j M")


def format_hours(duration: timedelta) -> str:
    """Format like "2 h 5 min"; whole hours from ten hours up."""
    hours, seconds = divmod(int(duration.total_seconds()), 3600)
    minutes = seconds // 60
    words = {"hours": f"{hours:,}", "minutes": minutes}
    if hours >= 10 or (hours and not minutes):
        return _("%(hours)s h") % words
    return _("%(hours)s h %(minutes)s min") % words if hours else _("%(minutes)s min") % words
