"""Reminders of agreed appointments on the day before: by email, or manually by staff.

``send_reminders`` mails patients who chose email; it can run at any time, repeatedly. All others are on the
day's list for staff until they are marked as reminded, and so are patients whose mail is not sent. Staff
remind on the last open day before the appointment.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Prefetch, Q
from django.db.models import prefetch_related_objects as prefetch
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail.models import OutgoingMessage, OutgoingMessageQuerySet
from consultations import phone_numbers
from consultations.answers import ContactMethod
from consultations.appointments.availability import appointment_problems
from consultations.lifecycle import contact_details
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging import texts
from consultations.messaging.catalogue import REMINDER
from consultations.messaging.notify import MAIL_IS_LATE_AFTER, queue_message
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.models.appointments import AppointmentQuerySet, midnight

logger = logging.getLogger(__name__)

# Reminders are mailed from this hour at the clinic on.
FIRST_HOUR = 8


def waiting_for_mail(now: datetime) -> AppointmentQuerySet:
    """Appointments of today and tomorrow whose reminder is to be mailed today."""
    due = _due(now, timezone.localdate(now) + timedelta(days=1))
    by_mail = due.filter(reminded_at=None, request__contact_method=ContactMethod.EMAIL)
    return due.none() if settings.MAIL_DELIVERY == "off" else by_mail.exclude(_has_settled_mail())


def due_manually(now: datetime, hours: BusinessHours | None = None) -> AppointmentQuerySet:
    """Appointments until the next open day of which staff remind the patient today.

    Patients who chose email are included if their mail has failed or is late, if staff settled a failed one
    without reminding them, or if the site sends no mail. Without opening hours, the next day counts as open.
    """
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    opens = (hours or business_hours.load()).next_opening(midnight(tomorrow))
    due = _due(now, timezone.localdate(opens) if opens else tomorrow)
    if settings.MAIL_DELIVERY == "off":
        return due
    goes_by_mail = Q(reminded_at=None, request__contact_method=ContactMethod.EMAIL)
    return due.exclude(goes_by_mail & ~Q(_has_settled_mail()))


def reminded_since(moment: datetime, now: datetime) -> AppointmentQuerySet:
    """Appointments whose reminder was sent or marked since then, newest first, with ``may_undo``."""
    reminded = Appointment.objects.filter(reminded_at__gte=moment, request__erased_at=None)
    may_undo = Q(_marked_by_staff(), state=Appointment.State.AGREED, starts_at__gt=now)
    return (
        reminded.exclude(_has_late_mail(now))
        .annotate(may_undo=ExpressionWrapper(may_undo, output_field=BooleanField()))
        .select_related("request", "practitioner")
        .order_by("-reminded_at", "-pk")
    )


def _due(now: datetime, last: date) -> AppointmentQuerySet:
    """Those of ``_not_reminded`` until the end of a day, the next one first."""
    due = _not_reminded(now).filter(starts_at__lt=midnight(last + timedelta(days=1)))
    return due.select_related("request", "practitioner").order_by("starts_at", "pk")


def _not_reminded(now: datetime) -> AppointmentQuerySet:
    """Future agreed appointments without a reminder, or whose reminder is a late mail, before the arrival."""
    return Appointment.objects.filter(
        Q(reminded_at=None) | Q(_has_late_mail(now)),
        state=Appointment.State.AGREED,
        starts_at__gt=now,
        arrived_at=None,
        request__erased_at=None,
    )


def _mails(**conditions: Any) -> OutgoingMessageQuerySet:
    """Reminder mails about the request of an appointment."""
    return OutgoingMessage.objects.filter(kind="reminder", about=OuterRef("request__reference"), **conditions)


def _has_late_mail(now: datetime) -> Exists:
    """Match appointments whose reminder is a mail that has failed or waited too long."""
    unsent = _mails(created_at__gte=OuterRef("reminded_at"), sent_at=None, resolved_at=None)
    return Exists(unsent.filter(Q(failed_at__isnull=False) | Q(created_at__lte=now - MAIL_IS_LATE_AFTER)))


def _has_settled_mail() -> Exists:
    """Match appointments with a failed reminder mail that staff settled: no other mail is sent."""
    return Exists(_mails(created_at__gte=OuterRef("made_at"), resolved_at__isnull=False, is_superseded=False))


def _marked_by_staff() -> Exists:
    """Match appointments whose reminder staff have marked."""
    marks = Event.objects.filter(kind=Event.Kind.REMINDED, actor__isnull=False)
    return Exists(marks.filter(request=OuterRef("request"), at=OuterRef("reminded_at")))


def send_reminders(now: datetime | None = None) -> tuple[int, int]:
    """Queue every mail that is due, from ``FIRST_HOUR`` on. Return how many were queued, and how many failed.

    A failure does not stop the others; the next run retries it.
    """
    now = now or timezone.now()
    queued = failed = 0
    if timezone.localtime(now).hour < FIRST_HOUR:
        return queued, failed
    for appointment in waiting_for_mail(now):
        try:
            with transaction.atomic():
                if _mark(appointment, ContactMethod.EMAIL, actor=None, now=now):
                    queue_message("reminder", appointment.request, appointment=appointment)
                    queued += 1
        except Exception:
            logger.exception(
                "a reminder could not be queued", extra={"data": {"appointment": appointment.pk}}
            )
            failed += 1
    return queued, failed


def mark_reminded(appointment: Appointment, *, actor: User, answer: str = "") -> bool:
    """Record that staff reminded the patient, and what they answered, if they did.

    Return False if the reminder is not due any more.
    """
    how = _way_to_reach(appointment.request)
    with transaction.atomic():
        return _mark(appointment, how, actor=actor, now=timezone.now(), answer=answer)


def _mark(appointment: Appointment, how: str, *, actor: User | None, now: datetime, answer: str = "") -> bool:
    # Lock the request first, like every other change, to avoid deadlocks.
    locked = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
    # Compare and set: only one of two concurrent calls finds the row; canceled appointments are not found.
    if not _not_reminded(now).filter(pk=appointment.pk).update(reminded_at=now):
        return False
    detail = {"appointment": appointment.pk, "by": str(how)} | ({"answer": answer} if answer else {})
    Event.objects.create(request=locked, kind=Event.Kind.REMINDED, actor=actor, at=now, detail=detail)
    return True


def unmark_reminded(appointment: Appointment, *, reminded_at: datetime, actor: User) -> bool:
    """Undo ``mark_reminded``. Return False if that mark is not the current one.

    If staff had called because a mail was late, the appointment is again one with a late mail, unless that
    mail was settled meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
        mails = OutgoingMessage.objects.filter(kind="reminder", about=locked.reference, resolved_at=None)
        mail = mails.filter(created_at__gte=appointment.made_at, created_at__lt=reminded_at).last()
        marked = Appointment.objects.filter(
            _marked_by_staff(),
            pk=appointment.pk,
            state=Appointment.State.AGREED,
            reminded_at=reminded_at,
            starts_at__gt=now,
        )
        if locked.erased_at or not marked.update(reminded_at=mail.created_at if mail else None):
            return False
        detail = {"appointment": appointment.pk}
        Event.objects.create(request=locked, kind=Event.Kind.NOT_REMINDED, actor=actor, at=now, detail=detail)
    return True


@dataclass(frozen=True)
class ManualReminder:
    """A reminder for staff to make, by a text that they send, or by a call.

    ``opened`` and ``unanswered`` are events about this appointment: a chat that was not confirmed, and the
    last call without an answer.
    """

    appointment: Appointment
    channels: tuple[texts.TextMethod, ...]
    number: str  # formatted for reading
    text: str
    wrong_since: datetime | None  # when the number was recorded as wrong
    problems: Sequence[str]  # why the appointment may not take place
    opened: Event | None
    unanswered: Event | None


def manual_reminders(appointments: list[Appointment], hours: BusinessHours) -> list[ManualReminder]:
    """Return how to remind of each appointment. Two queries, and two for each language."""
    clinic = ClinicProfile.current()
    one_of_each = {appointment.request.language: appointment.request for appointment in appointments}
    templates = {language: texts.template_for(REMINDER, one) for language, one in one_of_each.items()}
    prefetch(appointments, Prefetch("request__events", Event.objects.filter(kind__in=_EVENTS_SHOWN)))
    found = []
    for appointment in appointments:
        consultation = appointment.request
        events = list(consultation.events.all())
        found.append(
            ManualReminder(
                appointment,
                texts.channels(consultation) if _way_to_reach(consultation) != ContactMethod.CALL else (),
                phone_numbers.for_reading(consultation.phone, consultation.phone_extension),
                texts.text_of(
                    templates[consultation.language], consultation, [appointment], "", clinic=clinic
                ),
                contact_details.wrong_since(consultation, events),
                appointment_problems(appointment, hours),
                _opened(appointment, events),
                _unanswered(appointment, events),
            )
        )
    return found


_EVENTS_SHOWN = (*contact_details.NUMBER_EVENTS, Event.Kind.MESSAGE_OPENED, Event.Kind.MESSAGE_NOT_SENT)


def _opened(appointment: Appointment, events: Sequence[Event]) -> Event | None:
    last = next((event for event in reversed(events) if event.detail.get("message") == REMINDER), None)
    if last is None or last.kind != Event.Kind.MESSAGE_OPENED:
        return None
    return last if last.detail.get("appointment") == appointment.pk else None


def _unanswered(appointment: Appointment, events: Sequence[Event]) -> Event | None:
    last = next((event for event in reversed(events) if event.kind == Event.Kind.CONTACTED), None)
    if last is None or last.at < appointment.made_at or last.detail.get("outcome") != Outcome.NO_ANSWER:
        return None
    return last


def _way_to_reach(consultation: ConsultationRequest) -> str:
    """Return the way to remind: the usual channel for a text, or a call."""
    channels = texts.channels(consultation)
    if not channels or consultation.contact_method == ContactMethod.EMAIL:
        return ContactMethod.CALL
    return channels[0]
