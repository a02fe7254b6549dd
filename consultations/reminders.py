"""Patients are reminded of an agreed appointment on the day before: by mail, or by the hand of staff.

Whoever chose email gets a mail, from ``send_reminders``, which may run at any time and as often as one
likes. Everybody else stands in a list for the staff of that day, until somebody has marked them as
reminded. A machine works every day; people remind on the last open day before.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from clinic_site import clinic_hours
from clinic_site.clinic_hours import ClinicHours
from clinic_site.models import ClinicProfile
from consultations import agenda, messages, phones, placeholders, texts, told
from consultations.answers import ContactMethod
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.models.appointments import AppointmentQuerySet, midnight
from consultations.shipped_texts import SHIPPED

logger = logging.getLogger(__name__)

# Nobody's phone rings at midnight for something that has the whole day.
FIRST_HOUR = 8


@dataclass
class Sent:
    """What became of one run: reminders queued as mail, and appointments that it could not be done for."""

    queued: int = 0
    failed: int = 0


def due_by_mail(now: datetime) -> AppointmentQuerySet:
    """Whom a mail reminds by now: of today's appointments, if it was not done before, and tomorrow's."""
    due = waiting_for_mail(now)
    return due if agenda.local(now).hour >= FIRST_HOUR else due.none()


def waiting_for_mail(now: datetime) -> AppointmentQuerySet:
    """Whom a mail reminds in the course of this day."""
    due = _ahead(now, _day(now) + timedelta(days=1)).filter(request__contact_method=ContactMethod.EMAIL)
    return due.none() if settings.MAIL_DELIVERY == "off" else due


def due_by_hand(now: datetime, hours: ClinicHours | None = None) -> AppointmentQuerySet:
    """Whom the staff remind today: everybody until the next day on which the clinic is open.

    Where the site sends no mail, those too who chose it.
    """
    due = _ahead(now, _next_open_day(_day(now), hours or clinic_hours.load()))
    return (
        due if settings.MAIL_DELIVERY == "off" else due.exclude(request__contact_method=ContactMethod.EMAIL)
    )


def reminded_since(moment: datetime) -> AppointmentQuerySet:
    """Whose reminder was sent or marked since then, the last one first."""
    reminded = Appointment.objects.filter(reminded_at__gte=moment, request__erased_at=None)
    return reminded.select_related("request", "practitioner").order_by("-reminded_at", "-pk")


def _ahead(now: datetime, last: date) -> AppointmentQuerySet:
    until = midnight(last + timedelta(days=1))
    due = Appointment.objects.agreed_and_not_reminded(now).filter(starts_at__lt=until)
    return due.select_related("request", "practitioner")


def _day(now: datetime) -> date:
    return agenda.local(now).date()


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
                    messages.reminder(appointment)
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
        return _mark(appointment, how, actor=actor, now=timezone.now())


def _mark(appointment: Appointment, how: ContactMethod, *, actor: User | None, now: datetime) -> bool:
    # The request first, as everybody who changes it does: two that wait for each other would wait for good.
    request = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
    # Compare and set: of two, one finds no row left; nor is anybody reminded of what was cancelled.
    due = Appointment.objects.filter(
        pk=appointment.pk, state=Appointment.State.AGREED, reminded_at=None, starts_at__gt=now
    )
    if request.erased_at or not due.update(reminded_at=now):
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

    @property
    def may_say_who(self) -> bool:
        return self.appointment.request.may_say_who == "yes"


def calls(appointments: list[Appointment]) -> list[Call]:
    """The same appointments with how to remind of each. Two queries for each language, and one."""
    clinic = ClinicProfile.current()
    wordings = {
        language: texts.wording("sms_reminder", language)
        for language in {appointment.request.language for appointment in appointments}
    }
    return [
        _call(appointment, clinic, wordings[appointment.request.language]) for appointment in appointments
    ]


def _call(appointment: Appointment, clinic: ClinicProfile | None, words: texts.Wording) -> Call:
    request = appointment.request
    text = _written(told.Told(request, appointment), clinic, words)
    if request.contact_method == ContactMethod.WHATSAPP:
        number = request.whatsapp or request.phone
        if link := phones.whatsapp_link(number):
            return _begun(appointment, ContactMethod.WHATSAPP, number, f"{link}?text={quote(text)}", text)
    if request.contact_method == ContactMethod.SMS and phones.is_mobile(request.phone):
        href = f"sms:{request.phone}?body={quote(text)}"
        return _begun(appointment, ContactMethod.SMS, request.phone, href, text)
    return _begun(appointment, ContactMethod.CALL, request.phone, f"tel:{request.phone}", "")


def _begun(appointment: Appointment, how: ContactMethod, number: str, href: str, text: str) -> Call:
    return Call(appointment, how, phones.for_reading(number), href, text)


def _written(told_of: told.Told, clinic: ClinicProfile | None, words: texts.Wording) -> str:
    vars(told_of)["clinic"] = clinic  # asked for once, and not by each
    with override(words.language):
        values = told.values_for(SHIPPED["sms_reminder"].allowed, told_of)
        return placeholders.filled(words.text, values)
