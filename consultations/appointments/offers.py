"""Appointments that staff offer to a patient, or agree on by phone."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError, TimeTakenError
from consultations.lifecycle.status_changes import set_status
from consultations.messaging.notify import has_deliverable_email, notify
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import SLOT
from consultations.workflow import Status
from procedures.models import Practitioner

__all__ = ["TimeTakenError", "offer_time"]

MAX_APPOINTMENT_LENGTH = timedelta(hours=4)
# How far back a walk-in appointment may be recorded.
RECORDING_WINDOW = timedelta(days=7)
# A later time is taken for a typing error.
BOOKING_HORIZON = timedelta(days=366)


def offer_time(
    request: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    length: timedelta,
    *,
    agreed: bool,
    actor: User,
    expected_status: str,
    expected_appointment: int | None,
) -> Appointment:
    """Offer an appointment, or record an ``agreed`` one; it replaces the request's live appointment.

    ``expected_appointment`` is the id of the appointment that was on the screen, if any.

    Raises ``NotAllowedError`` if the workflow has no such step, if attendance of an agreed appointment is
    not recorded yet, or if the time is not possible (see ``_is_possible``); ``SomeoneElseChangedError``; and
    ``TimeTakenError``.
    """
    to = Status.CONFIRMED if agreed else Status.PROPOSED
    keeps_status = to == expected_status
    if not (keeps_status or workflow.may_follow(expected_status, to)):
        raise NotAllowedError(f"{expected_status} to {to}")
    if not _is_possible(starts_at, length, agreed=agreed):
        raise NotAllowedError(f"a time of {length}")
    # Adding the length is only right in UTC: local clocks may change.
    starts_at = starts_at.astimezone(UTC)
    with transaction.atomic():
        locked = ConsultationRequest.objects.select_for_update().filter(pk=request.pk, erased_at=None).first()
        before = booking.live(locked) if locked else None
        before_pk = before.pk if before else None
        if locked is None or locked.status != expected_status or before_pk != expected_appointment:
            raise SomeoneElseChangedError(request.reference)
        now = timezone.now()
        if booking.has_begun(before, now):
            raise NotAllowedError("the time before is not marked")
        _lock_calendars(practitioner, before)
        is_ahead = starts_at > now
        booking.cancel(request, actor=actor, now=now, tells=not (agreed and is_ahead))
        if not keeps_status:
            set_status(request, to, actor=actor, expected_status=expected_status)
        is_announced = agreed or has_deliverable_email(locked)
        appointment = booking.reserve(
            request,
            practitioner,
            starts_at,
            starts_at + length,
            agreed=agreed,
            actor=actor,
            now=now,
        )
        # Staff must call at once about an offer that no mail announces. Any other call-back was about the
        # appointment before.
        if is_announced:
            booking.record_first_contact(request, now)
        booking.set_call_back(request, None if is_announced else now)
        if agreed and is_ahead:
            notify("appointment_agreed", appointment.request, appointment=appointment)
        elif not agreed:
            notify("appointment_offered", appointment.request, appointment=appointment)
    return appointment


def _lock_calendars(practitioner: Practitioner, before: Appointment | None) -> None:
    """Lock the calendars that change, in a fixed order, so two requests that swap times cannot deadlock.

    The weak lock lets others insert rows that refer to a practitioner.
    """
    calendars = {practitioner.pk, before.practitioner_id} if before else {practitioner.pk}
    list(Practitioner.objects.select_for_update(no_key=True).filter(pk__in=calendars).order_by("pk"))


def _is_possible(starts_at: datetime, length: timedelta, *, agreed: bool) -> bool:
    """Whether the time is in five-minute steps, not too far ahead, and in the future.

    An agreed appointment may also be up to ``RECORDING_WINDOW`` in the past.
    """
    now = timezone.now()
    earliest = now - RECORDING_WINDOW if agreed else now
    is_on_grid = not (starts_at.timestamp() % SLOT.total_seconds() or length % SLOT)
    return (
        is_on_grid
        and SLOT <= length <= MAX_APPOINTMENT_LENGTH
        and earliest < starts_at <= now + BOOKING_HORIZON
    )
