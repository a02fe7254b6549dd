"""Patients are reminded of an agreed appointment on the day before: by mail, or by the hand of staff.

Whoever chose email gets a mail, from ``send_reminders``, which may run at any time and as often as one
likes. Everybody else stands in a list for the staff of that day, until somebody has marked them as
reminded; so does who was written to, while that mail does not go out. A machine works every day; people
remind on the last open day before.
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
from django.utils.translation import override

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import ClinicHours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail.models import OutgoingMessage, OutgoingMessageQuerySet
from consultations import phone_numbers
from consultations.answers import ContactMethod
from consultations.appointments import availability
from consultations.lifecycle import contact_details
from consultations.messaging import catalogue, rendering
from consultations.messaging import context as message_context
from consultations.messaging import templates as message_templates
from consultations.messaging.default_templates import SHIPPED
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.models.appointments import AppointmentQuerySet, midnight

logger = logging.getLogger(__name__)

# Nobody's phone rings at midnight for something that has the whole day.
FIRST_HOUR = 8
# A mail that still waits by then may come too late: somebody calls.
MAIL_IS_LATE_AFTER = timedelta(hours=1)


@dataclass
class Sent:
    """What became of one run: reminders queued as mail, and appointments that it could not be done for."""

    queued: int = 0
    failed: int = 0


def due_by_mail(now: datetime) -> AppointmentQuerySet:
    """Whom a mail reminds by now: of today's appointments, if it was not done before, and tomorrow's."""
    due = waiting_for_mail(now)
    return due if availability.local(now).hour >= FIRST_HOUR else due.none()


def waiting_for_mail(now: datetime) -> AppointmentQuerySet:
    """Whom a mail reminds in the course of this day."""
    due = _ahead(now, _day(now) + timedelta(days=1)).filter(request__contact_method=ContactMethod.EMAIL)
    return due.none() if settings.MAIL_DELIVERY == "off" else due.exclude(_had_a_bad_mail())


def due_by_hand(now: datetime, hours: ClinicHours | None = None) -> AppointmentQuerySet:
    """Whom the staff remind today: everybody until the next day on which the clinic is open.

    Of those who chose email: whose mail has failed or is late, or had failed and was told another way, and
    was not told after all; where the site sends none, all.
    """
    due = _ahead(now, _next_open_day(_day(now), hours or business_hours.load()), or_else=mail_is_late(now))
    if settings.MAIL_DELIVERY == "off":
        return due
    goes_by_mail = Q(reminded_at=None, request__contact_method=ContactMethod.EMAIL)
    return due.exclude(goes_by_mail & ~Q(_had_a_bad_mail()))


def mail_is_late(now: datetime) -> Q:
    """Appointments whose last reminder is a mail that has failed, or waits for too long already."""
    is_late = Q(failed_at__isnull=False) | Q(created_at__lte=now - MAIL_IS_LATE_AFTER)
    return Q(reminded_at__isnull=False) & Q(Exists(_unsent_mail().filter(is_late)))


def _unsent_mail() -> OutgoingMessageQuerySet:
    """The mail that an appointment's reminder became, while it is not sent. What staff note is newer."""
    return OutgoingMessage.objects.filter(
        kind="reminder",
        about=OuterRef("request__reference"),
        created_at__gte=OuterRef("reminded_at"),
        sent_at=None,
        settled_at=None,
    )


def _had_a_bad_mail() -> Exists:
    """Appointments with a reminder by mail that failed, and that staff settled: no other one is sent."""
    settled = OutgoingMessage.objects.filter(
        kind="reminder",
        about=OuterRef("request__reference"),
        created_at__gte=OuterRef("made_at"),
        settled_at__isnull=False,
        is_superseded=False,
    )
    return Exists(settled)


def reminded_since(moment: datetime, now: datetime) -> AppointmentQuerySet:
    """Whose reminder was sent or marked since then, the last one first; those with ``may_undo`` can be put
    back."""
    reminded = Appointment.objects.filter(reminded_at__gte=moment, request__erased_at=None)
    may_undo = Q(_marked_by_staff(), state=Appointment.State.AGREED, starts_at__gt=now)
    return (
        reminded.exclude(mail_is_late(now))
        .annotate(may_undo=ExpressionWrapper(may_undo, output_field=BooleanField()))
        .select_related("request", "practitioner")
        .order_by("-reminded_at", "-pk")
    )


def _marked_by_staff() -> Exists:
    """Appointments whose last reminder somebody of the staff has noted."""
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


def _next_open_day(day: date, hours: ClinicHours) -> date:
    """The next open day after ``day``; the next of the calendar where no hours were entered."""
    tomorrow = day + timedelta(days=1)
    opens = hours.next_opening(midnight(tomorrow))
    return _day(opens) if opens else tomorrow


# Reminding


def send_reminders(now: datetime | None = None) -> Sent:
    """Queue every mail that is due. One that fails stops no other, and is tried again by the next run."""
    now = now or timezone.now()
    done = Sent()
    for appointment in due_by_mail(now):
        try:
            with transaction.atomic():
                if _mark(appointment, ContactMethod.EMAIL, actor=None, now=now):
                    catalogue.reminder(appointment)
                    done.queued += 1
        except Exception:
            logger.exception(
                "a reminder could not be queued", extra={"data": {"appointment": appointment.pk}}
            )
            done.failed += 1
    return done


def mark_reminded(appointment: Appointment, *, actor: User) -> bool:
    """Note that the patient was reminded. False if that was done already, or the time stands no more."""
    with transaction.atomic():
        how = ContactMethod(appointment.request.contact_method)
        by_hand = ContactMethod.CALL if how == ContactMethod.EMAIL else how
        return _mark(appointment, by_hand, actor=actor, now=timezone.now())


def put_back(appointment: Appointment, *, reminded_at: datetime, actor: User) -> bool:
    """Take back what ``mark_reminded`` noted at that moment. False where it does not stand so any more.

    Whoever was called because a mail did not go out is again somebody whose mail did not go out. Where that
    mail is settled by now, it reminds nobody any more: the patient is to be called, as if there were none.
    """
    now = timezone.now()
    with transaction.atomic():
        request = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
        mails = request.events.filter(
            kind=Event.Kind.REMINDED, actor=None, detail__appointment=appointment.pk, at__lt=reminded_at
        )
        is_settled = Appointment.objects.filter(_had_a_bad_mail(), pk=appointment.pk).exists()
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
    # The request first, as everybody who changes it does: two that wait for each other would wait for good.
    request = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
    # Compare and set: of two, one finds no row left; nor is anybody reminded of what was canceled.
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


# The list of the staff


@dataclass(frozen=True)
class Call:
    """One reminder as staff make it: whom, about what, and the link that begins it."""

    appointment: Appointment
    how: ContactMethod
    number: str  # as people read it
    href: str
    text: str  # what the link's message says; "" for a call
    wrong_since: datetime | None = None  # when somebody noted that the number is wrong
    doubts: Sequence[str] = ()  # why the time may not be kept

    @property
    def may_identify_clinic(self) -> bool:
        return self.appointment.request.may_identify_clinic == "yes"


def doubts(appointment: Appointment, hours: ClinicHours) -> list[str]:
    """Why a time may not be kept."""
    who = appointment.practitioner
    return availability.doubts(
        appointment.starts_at, appointment.ends_at, hours, who.name, is_active=who.is_active
    )


def calls(appointments: list[Appointment], hours: ClinicHours) -> list[Call]:
    """The same appointments with how to remind of each. Two queries for each language, and two."""
    clinic = ClinicProfile.current()
    wordings = {
        language: message_templates.wording("sms_reminder", language)
        for language in {appointment.request.language for appointment in appointments}
    }
    wrong = _wrong_numbers([appointment.request for appointment in appointments])
    return [
        replace(
            _call(appointment, clinic, wordings[appointment.request.language]),
            wrong_since=wrong.get(appointment.request_id),
            doubts=doubts(appointment, hours),
        )
        for appointment in appointments
    ]


def _wrong_numbers(requests: list[ConsultationRequest]) -> dict[int, datetime]:
    """Since when the numbers of some of these are known to be wrong, by the id of the request. One query."""
    about = Event.objects.filter(request__in=requests, kind__in=contact_details.NUMBER_EVENTS)
    of_each = groupby(about.order_by("request", "at", "pk"), key=attrgetter("request_id"))
    events = {pk: list(found) for pk, found in of_each}
    since = {
        request.pk: contact_details.wrong_since(request, events.get(request.pk, [])) for request in requests
    }
    return {pk: at for pk, at in since.items() if at}


def _call(appointment: Appointment, clinic: ClinicProfile | None, words: message_templates.Wording) -> Call:
    request = appointment.request
    text = _written(message_context.Told(request, appointment), clinic, words)
    if request.contact_method == ContactMethod.WHATSAPP:
        number = request.whatsapp or request.phone
        if link := phone_numbers.whatsapp_link(number):
            return _begun(appointment, ContactMethod.WHATSAPP, number, f"{link}?text={quote(text)}", text)
    if request.contact_method == ContactMethod.SMS and phone_numbers.is_mobile(request.phone):
        href = f"sms:{request.phone}?body={quote(text)}"
        return _begun(appointment, ContactMethod.SMS, request.phone, href, text)
    return _begun(appointment, ContactMethod.CALL, request.phone, f"tel:{request.phone}", "")


def _begun(appointment: Appointment, how: ContactMethod, number: str, href: str, text: str) -> Call:
    return Call(appointment, how, phone_numbers.for_reading(number), href, text)


def _written(
    told_of: message_context.Told, clinic: ClinicProfile | None, words: message_templates.Wording
) -> str:
    vars(told_of)["clinic"] = clinic  # asked for once, and not by each
    with override(words.language):
        values = message_context.values_for(SHIPPED["sms_reminder"].allowed, told_of)
        return rendering.filled(words.text, values)
