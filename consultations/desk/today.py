"""The desk's part of the first staff page: what to do now, what is due today, and today's appointments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.core.rate_limits import recent_refusals
from clinic_site.mail.models import OutgoingMessage
from consultations import phone_numbers
from consultations.appointments.availability import appointment_problems
from consultations.appointments.reminders import due_manually
from consultations.desk.queue.rows import Row
from consultations.desk.queue.tabs import TABS, TO_DO, Scope, count_tabs
from consultations.lifecycle import booking, disclosures
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.models.appointments import midnight
from consultations.models.consultation_requests import CountOf
from consultations.staff_pages import VIEW, WORK, member
from consultations.workflow import Status

# Of each kind. The tabs of the queue have the others.
MAX_LISTED = 10


@dataclass(frozen=True)
class Task:
    """One thing to do for one patient, with the button that leads to where it is done."""

    row: Row
    button: str
    problems: tuple[str, ...] = ()  # why the appointment cannot take place as planned

    @property
    def consultation(self) -> ConsultationRequest:
        return self.row.consultation

    @property
    def phone(self) -> str:
        return phone_numbers.for_reading(self.consultation.phone, self.consultation.phone_extension)

    @property
    def address(self) -> str:
        pk = self.consultation.pk
        if self.problems:
            return reverse("desk:offer_time", args=[pk], query={"to": Status.PROPOSED.value})
        return reverse("desk:request", args=[pk])


@dataclass(frozen=True)
class Visit:
    """An appointment of today."""

    appointment: Appointment
    now: datetime

    @property
    def phone(self) -> str:
        consultation = self.appointment.request
        return phone_numbers.for_reading(consultation.phone, consultation.phone_extension)

    @property
    def is_open(self) -> bool:
        """Whether arrival and attendance can be recorded."""
        return self.appointment.state == Appointment.State.AGREED

    @property
    def has_begun(self) -> bool:
        return self.appointment.starts_at <= self.now

    @property
    def is_now(self) -> bool:
        return self.has_begun and self.now < self.appointment.ends_at


def panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the context of the panel, or None without the permission. Seven queries."""
    if not request.user.has_perm(VIEW):
        return None
    user, now, hours = member(request), timezone.now(), business_hours.load()
    scope = Scope(user, now)
    is_today = Appointment.objects.in_calendar().on_days(scope.today, scope.today)
    # Every time that is offered, held or agreed, a few for each open request, and those of today.
    pending_or_today = Q(state__in=Appointment.PENDING) | Q(pk__in=is_today.order_by().values("pk"))
    stored = Appointment.objects.filter(pending_or_today).select_related("request", "practitioner")
    appointments = list(stored.order_by("starts_at", "pk"))
    live = {each.request_id: each for each in appointments if each.state in Appointment.LIVE}
    found = TABS["today"].requests(scope)[: 2 * MAX_LISTED]
    due = [Row(consultation, hours, now, live.get(consultation.pk)) for consultation in found]
    late = [row for row in due if row.consultation.due_at <= now]  # type: ignore[attr-defined]
    impossible: dict[int, Task] = {}  # by request: of several times, the first
    for each in appointments:
        if problems := appointment_problems(each, hours):
            task = Task(Row(each.request, hours, now, each), _("Reschedule"), tuple(problems))
            impossible.setdefault(each.request_id, task)
    not_told = [
        Task(Row(each.request, hours, now, each), _("Tell them"))
        for each in live.values()
        if each.starts_at > now and not each.arrived_at and not booking.is_informed(each.request, each, now)
    ]
    visits = [
        Visit(each, now)
        for each in appointments
        if each.state != Appointment.State.HELD and timezone.localdate(each.starts_at) == scope.today
    ]
    on_sheet = {visit.appointment.request_id for visit in visits}
    # If nothing is due today, the request that is due first.
    first = None if due else ConsultationRequest.objects.longest_against_the_promise()
    tasks = {
        # Attendance of today is recorded on the day sheet.
        "late": [_due_task(row) for row in late if row.consultation.pk not in on_sheet][:MAX_LISTED],
        "impossible": [*impossible.values()],
        "later": [_due_task(row) for row in due[len(late) :][:MAX_LISTED]],
        "next": [_due_task(Row(first, hours, now, live.get(first.pk)))] if first else [],
        "not_told": not_told[:MAX_LISTED],
    }
    shown = [task.consultation for each in tasks.values() for task in each]
    shown += [visit.appointment.request for visit in visits]
    disclosures.record(user, {each.pk: each for each in shown}.values(), Disclosure.Kind.LISTED)
    return tasks | {
        "sessions": hours.open_intervals(midnight(scope.today), scope.end_of_day),
        "numbers": count_tabs(scope, TO_DO, reminders=CountOf(due_manually(now, hours), column="pk")),
        "not_told_count": len(not_told),
        "visits": visits,
        "may_work": user.has_perm(WORK),
        "undelivered": OutgoingMessage.objects.undelivered().count(),
        "refusals": recent_refusals(now),
    }


def _due_task(row: Row) -> Task:
    if row.appointment and booking.has_begun(row.appointment, row.now):
        return Task(row, _("Record attendance"))
    if row.consultation.unread_since:
        return Task(row, _("Read message"))
    return Task(row, _("Call back") if row.call_back else _("Call"))
