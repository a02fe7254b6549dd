"""Reminders of agreed appointments on the day before: by email, or manually by staff.

``send_reminders`` mails patients who chose email; it can run at any time, repeatedly. All others are on the
day's list for staff until they are marked as reminded, and so are patients whose mail is not sent. Staff
remind on the last open day before the appointment.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail.models import OutgoingMessage, OutgoingMessageQuerySet
from consultations import phone_numbers
from consultations.answers import ContactMethod
from consultations.appointments import availability
from consultations.lifecycle import contact_details
from consultations.messaging import templates as message_templates
from consultations.messaging.context import MessageContext
from consultations.messaging.notify import MAIL_IS_LATE_AFTER, queue_message
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.models.appointments import AppointmentQuerySet, midnight

logger = logging.getLogger(__name__)

# Reminders are mailed from this hour at the clinic on.
FIRST_HOUR = 8


@dataclass
class ReminderResult:
    """Counts of one run."""

    queued: int = 0
    failed: int = 0


def due_by_mail(now: datetime) -> AppointmentQuerySet:
    """Appointments of today and tomorrow whose reminder is to be mailed now."""
    due = waiting_for_mail(now)
    return due if availability.local(now).hour >= FIRST_HOUR else due.none()


def waiting_for_mail(now: datetime) -> AppointmentQuerySet:
    """Appointments whose reminder is to be mailed today."""
    due = _ahead(now, _day(now) + timedelta(days=1)).filter(request__contact_method=ContactMethod.EMAIL)
    return due.none() if settings.MAIL_DELIVERY == "off" else due.exclude(_has_settled_mail())


def due_manually(now: datetime, hours: BusinessHours | None = None) -> AppointmentQuerySet:
    """Appointments until the next open day of which staff remind the patient today.

    Patients who chose email are included if their mail has failed or is late, if staff settled a failed one
    without reminding them, or if the site sends no mail.
    """
    due = _ahead(now, _next_open_day(_day(now), hours or business_hours.load()), or_else=mail_is_late(now))
    if settings.MAIL_DELIVERY == "off":
        return due
    goes_by_mail = Q(reminded_at=None, request__contact_method=ContactMethod.EMAIL)
    return due.exclude(goes_by_mail & ~Q(_has_settled_mail()))


def mail_is_late(now: datetime) -> Q:
    """Match appointments whose reminder is a mail that has failed or waited too long."""
    is_late = Q(failed_at__isnull=False) | Q(created_at__lte=now - MAIL_IS_LATE_AFTER)
    return Q(reminded_at__isnull=False) & Q(Exists(_unsent_mail().filter(is_late)))


def _unsent_mail() -> OutgoingMessageQuerySet:
    """The unsent mail of an appointment's reminder."""
    return OutgoingMessage.objects.filter(
        kind="reminder",
        about=OuterRef("request__reference"),
        created_at__gte=OuterRef("reminded_at"),
        sent_at=None,
        resolved_at=None,
    )


def _has_settled_mail() -> Exists:
    """Match appointments with a failed reminder mail that staff settled: no other mail is sent."""
    settled = OutgoingMessage.objects.filter(
        kind="reminder",
        about=OuterRef("request__reference"),
        created_at__gte=OuterRef("made_at"),
        resolved_at__isnull=False,
        is_superseded=False,
    )
    return Exists(settled)


def reminded_since(moment: datetime, now: datetime) -> AppointmentQuerySet:
    """Appointments whose reminder was sent or marked since then, newest first, with ``may_undo``."""
    reminded = Appointment.objects.filter(reminded_at__gte=moment, request__erased_at=None)
    may_undo = Q(_marked_by_staff(), state=Appointment.State.AGREED, starts_at__gt=now)
    return (
        reminded.exclude(mail_is_late(now))
        .annotate(may_undo=ExpressionWrapper(may_undo, output_field=BooleanField()))
        .select_related("request", "practitioner")
        .order_by("-reminded_at", "-pk")
    )


def _marked_by_staff() -> Exists:
    """Match appointments whose reminder staff have marked."""
    return Exists(
        Event.objects.filter(
            request=OuterRef("request"),
            kind=Event.Kind.REMINDED,
            actor__isnull=False,
            at=OuterRef("reminded_at"),
        )
    )


def _ahead(now: datetime, last: date, *, or_else: Q | None = None) -> AppointmentQuerySet:
    until = midnight(last + timedelta(days=1))
    due = Appointment.objects.agreed_and_not_reminded(now, or_else=or_else).filter(starts_at__lt=until)
    return due.select_related("request", "practitioner")


def _day(now: datetime) -> date:
    return availability.local(now).date()


def _next_open_day(day: date, hours: BusinessHours) -> date:
    """Return the next open day; the next calendar day if no opening hours are entered."""
    tomorrow = day + timedelta(days=1)
    opens = hours.next_opening(midnight(tomorrow))
    return _day(opens) if opens else tomorrow


def send_reminders(now: datetime | None = None) -> ReminderResult:
    """Queue every mail that is due. A failure does not stop the others; the next run retries it."""
    now = now or timezone.now()
    done = ReminderResult()
    for appointment in due_by_mail(now):
        try:
            with transaction.atomic():
                if _mark(appointment, ContactMethod.EMAIL, actor=None, now=now):
                    queue_message("reminder", appointment.request, appointment=appointment)
                    done.queued += 1
        except Exception:
            logger.exception(
                "a reminder could not be queued", extra={"data": {"appointment": appointment.pk}}
            )
            done.failed += 1
    return done


def mark_reminded(appointment: Appointment, *, actor: User) -> bool:
    """Record that staff reminded the patient. Return False if the reminder is not due any more."""
    with transaction.atomic():
        how = ContactMethod(appointment.request.contact_method)
        by_hand = ContactMethod.CALL if how == ContactMethod.EMAIL else how
        return _mark(appointment, by_hand, actor=actor, now=timezone.now())


def unmark_reminded(appointment: Appointment, *, reminded_at: datetime, actor: User) -> bool:
    """Undo ``mark_reminded``. Return False if that mark is not the current one.

    If staff had called because a mail was late, the appointment is again one with a late mail, unless that
    mail was settled meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        request = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
        mails = request.events.filter(
            kind=Event.Kind.REMINDED, actor=None, detail__appointment=appointment.pk, at__lt=reminded_at
        )
        is_settled = Appointment.objects.filter(_has_settled_mail(), pk=appointment.pk).exists()
        mail = None if is_settled else mails.last()
        marked = Appointment.objects.filter(
            _marked_by_staff(),
            pk=appointment.pk,
            state=Appointment.State.AGREED,
            reminded_at=reminded_at,
            starts_at__gt=now,
        )
        if request.erased_at or not marked.update(reminded_at=mail.at if mail else None):
            return False
        Event.objects.create(
            request=request,
            kind=Event.Kind.NOT_REMINDED,
            actor=actor,
            at=now,
            detail={"appointment": appointment.pk},
        )
    return True


def _mark(appointment: Appointment, how: ContactMethod, *, actor: User | None, now: datetime) -> bool:
    # Lock the request first, like every other change, to avoid deadlocks.
    request = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
    # Compare and set: only one of two concurrent calls finds the row; canceled appointments are not found.
    due = Appointment.objects.agreed_and_not_reminded(now, or_else=mail_is_late(now))
    if request.erased_at or not due.filter(pk=appointment.pk).update(reminded_at=now):
        return False
    appointment.reminded_at = now
    Event.objects.create(
        request=request,
        kind=Event.Kind.REMINDED,
        actor=actor,
        at=now,
        detail={"appointment": appointment.pk, "by": how.value},
    )
    return True


@dataclass(frozen=True)
class ManualReminder:
    """A reminder for staff to make, with the link that starts the call or message."""

    appointment: Appointment
    how: ContactMethod
    number: str  # formatted for reading
    href: str
    text: str  # the message, "" for a call
    wrong_since: datetime | None = None  # when the number was recorded as wrong
    problems: Sequence[str] = ()  # why the appointment may not take place

    @property
    def may_identify_clinic(self) -> bool:
        return self.appointment.request.may_identify_clinic == "yes"


def appointment_problems(appointment: Appointment, hours: BusinessHours) -> list[str]:
    who = appointment.practitioner
    return availability.appointment_problems(
        appointment.starts_at, appointment.ends_at, hours, who.name, is_active=who.is_active
    )


def manual_reminders(appointments: list[Appointment], hours: BusinessHours) -> list[ManualReminder]:
    """Return how to remind of each appointment. Two queries, and two for each language."""
    clinic = ClinicProfile.current()
    templates = {
        language: message_templates.template_for("sms_reminder", language)
        for language in {appointment.request.language for appointment in appointments}
    }
    wrong = _wrong_numbers([appointment.request for appointment in appointments])
    return [
        replace(
            _manual_reminder(appointment, clinic, templates[appointment.request.language]),
            wrong_since=wrong.get(appointment.request_id),
            problems=appointment_problems(appointment, hours),
        )
        for appointment in appointments
    ]


def _wrong_numbers(requests: list[ConsultationRequest]) -> dict[int, datetime]:
    """Return since when phone numbers are known to be wrong, by request id. One query."""
    about = Event.objects.filter(request__in=requests, kind__in=contact_details.NUMBER_EVENTS)
    of_each = groupby(about.order_by("request", "at", "pk"), key=attrgetter("request_id"))
    events = {pk: list(found) for pk, found in of_each}
    since = {
        request.pk: contact_details.wrong_since(request, events.get(request.pk, [])) for request in requests
    }
    return {pk: at for pk, at in since.items() if at}


def _manual_reminder(
    appointment: Appointment, clinic: ClinicProfile | None, template: message_templates.MessageTemplate
) -> ManualReminder:
    request = appointment.request
    context = MessageContext(request, appointment)
    vars(context)["clinic"] = clinic  # loaded once for all
    text = message_templates.render_text(template, context)
    if request.contact_method == ContactMethod.WHATSAPP:
        number = request.whatsapp or request.phone
        if link := phone_numbers.whatsapp_link(number):
            return _reminder(appointment, ContactMethod.WHATSAPP, number, f"{link}?text={quote(text)}", text)
    if request.contact_method == ContactMethod.SMS and phone_numbers.is_mobile(request.phone):
        href = f"sms:{request.phone}?body={quote(text)}"
        return _reminder(appointment, ContactMethod.SMS, request.phone, href, text)
    return _reminder(appointment, ContactMethod.CALL, request.phone, f"tel:{request.phone}", "")


def _reminder(
    appointment: Appointment, how: ContactMethod, number: str, href: str, text: str
) -> ManualReminder:
    return ManualReminder(appointment, how, phone_numbers.for_reading(number), href, text)
