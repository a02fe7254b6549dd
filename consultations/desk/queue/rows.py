"""A request as one row of the queue: what a person needs to choose what to do next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.site_tags import clock
from consultations import workflow
from consultations.answers import ForWhom, Language, Onset, YesNo
from consultations.desk.assignees import name_of
from consultations.models import Appointment, ConsultationRequest
from consultations.models.queue_querysets import PROMISED, current_onset
from consultations.workflow import Status

RECENT = frozenset({Onset.DAY, Onset.WEEK})


@dataclass(frozen=True)
class Standing:
    """Words, and whether the clinic is late."""

    words: str
    is_late: bool = False


@dataclass(frozen=True)
class Row:
    request: ConsultationRequest
    hours: BusinessHours
    now: datetime
    appointment: Appointment | None = None  # the time that is offered or agreed

    @property
    def is_waiting(self) -> bool:
        return self.request.status in workflow.WAITING

    @property
    def asked_by(self) -> str:
        """Who wrote, where that is not the patient."""
        if self.request.for_whom == ForWhom.SELF or not self.request.requester_name:
            return ""
        return self.request.requester_name

    @property
    def is_recent(self) -> bool:
        return self._current_onset in RECENT

    @property
    def onset_has_changed(self) -> bool:
        """Whether the words of when it began were true when it was sent, and are not any more."""
        return self.request.onset not in (Onset.NOT_SURE, self._current_onset)

    @property
    def _current_onset(self) -> int:
        return current_onset(self.request.onset, self.now - self.request.created_at)

    @property
    def waiting(self) -> str:
        return self._between(self.request.created_at, self.now) if self.is_waiting else ""

    @cached_property
    def promise(self) -> Standing | None:
        """How the first answer stands against what the patient was promised; None where nothing counts."""
        due, answered = self.request.promised_by, self.request.first_contact_at
        if due is None:
            return None
        if answered:
            return Standing(_("answered in time") if answered <= due else _("answered late"))
        if self.request.status not in PROMISED:
            return None
        if due < self.now:
            return Standing(_("overdue by %(time)s") % {"time": self._between(due, self.now)}, is_late=True)
        return Standing(_("%(time)s left") % {"time": self._between(self.now, due)})

    @property
    def must_not_say_who(self) -> bool:
        return self.request.may_identify_clinic != YesNo.YES

    @property
    def speaks(self) -> str:
        return self.request.speaks_other or str(Language(self.request.speaks).label)

    @property
    def assignee(self) -> str:
        return name_of(self.request.assignee) if self.request.assignee else ""

    @property
    def usual_step(self) -> str:
        """The words of the button that is pressed most often; "" for what is finished, or has its time."""
        status = Status(self.request.status)
        if status not in workflow.OPEN or self.appointment is not None:
            return ""
        return _(workflow.STEPS[status][0].button)

    @cached_property
    def time(self) -> Standing | None:
        """What is to be done about the time that was offered or agreed; None where there is none, or where
        the patient is called back about it."""
        if self.appointment is None:
            return None
        is_informed = self.appointment.patient_informed_at is not None
        is_called = is_informed and self.request.call_back_at is not None
        if is_called and self.appointment.state == Appointment.State.OFFERED:
            return None
        return time_standing(
            self.appointment.state,
            self.appointment.starts_at,
            self.appointment.ends_at,
            was_told=is_informed,
            now=self.now,
        )

    @cached_property
    def call_back(self) -> Standing | None:
        """When the clinic is to call again, by its own clock."""
        at = self.request.call_back_at
        if at is None:
            return None
        return Standing(_("Call back %(day)s, %(time)s") % _day_and_time(at), is_late=at <= self.now)

    def _between(self, start: datetime, end: datetime) -> str:
        """In clinic hours; by the clock where staff have entered none."""
        if not self.hours.sessions:
            return timesince(start, end)
        return in_hours(self.hours.clinic_time_between(start, end))


def time_standing(
    state: str, starts_at: datetime, ends_at: datetime, *, was_told: bool, now: datetime
) -> Standing:
    """The next step with a live time, in plain words. ``was_told``: the patient knows of it."""
    if state == Appointment.State.AGREED:
        if starts_at <= now:
            return Standing(_("Did they come? Mark it"), is_late=ends_at <= now)
        return Standing(_("Appointment %(day)s, %(time)s") % _day_and_time(starts_at))
    if starts_at <= now:
        return Standing(_("No answer to the offered time: call"), is_late=True)
    if not was_told:
        return Standing(_("Nobody has told the patient of the offered time: call"))
    return Standing(_("The patient answers: offered %(day)s, %(time)s") % _day_and_time(starts_at))


def _day_and_time(at: datetime) -> dict[str, str]:
    """By the clinic's own clock."""
    local = timezone.localtime(at, timezone.get_default_timezone())
    return {"day": date_format(local, "D j M"), "time": clock(local)}


def in_hours(duration: timedelta) -> str:
    """2 h 5 min; from ten hours on, whole hours."""
    hours, seconds = divmod(int(duration.total_seconds()), 3600)
    words = {"hours": f"{hours:,}", "minutes": seconds // 60}
    if hours >= 10:
        return _("%(hours)s h") % words
    return _("%(hours)s h %(minutes)s min") % words if hours else _("%(minutes)s min") % words
