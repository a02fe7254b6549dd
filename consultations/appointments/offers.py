"""Appointments that staff offer to a patient, or agree on by phone."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.optimistic_locking import lock
from consultations.lifecycle.status_changes import set_status
from consultations.messaging.notify import has_deliverable_email, notify
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import SLOT
from consultations.workflow import Status
from procedures.models import Practitioner

MAX_APPOINTMENT_LENGTH = timedelta(hours=4)
# How far back a walk-in appointment may be recorded.
RECORDING_WINDOW = timedelta(days=7)
# A later time is taken for a typing error.
BOOKING_HORIZON = timedelta(days=366)


def offer_time(
    consultation: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    length: timedelta,
    *,
    agreed: bool,
    actor: User,
    version: int,
) -> Appointment:
    """Offer an appointment, or record an ``agreed`` one; it replaces the request's live appointment.

    ``version`` is that of the request on the screen. Idempotent: the same offer by the same person again
    returns the existing appointment.

    Raises ``NotAllowedError`` for an erased request, if the workflow has no such step, if attendance of an
    agreed appointment is not recorded yet, or for an impossible time or length; ``SomeoneElseChangedError``;
    and ``TimeTakenError``.
    """
    if problem := time_problem(starts_at, agreed=agreed):
        raise NotAllowedError(problem)
    if length % SLOT or not SLOT <= length <= MAX_APPOINTMENT_LENGTH:
        raise NotAllowedError(f"a length of {length}")
    # Adding the length is only right in UTC: local clocks may change.
    starts_at = starts_at.astimezone(UTC)
    with transaction.atomic():
        locked = lock(consultation)
        before, now = booking.live(locked), timezone.now()
        if locked.version != version:
            state = Appointment.State.AGREED if agreed else Appointment.State.OFFERED
            same = {"made_by": actor, "practitioner": practitioner, "starts_at": starts_at, "state": state}
            if repeated := locked.appointments.filter(**same, ends_at=starts_at + length).first():
                return repeated
            raise SomeoneElseChangedError(locked.reference)
        to = Status.CONFIRMED if agreed else Status.PROPOSED
        if to != locked.status and not workflow.may_follow(locked.status, to):
            raise NotAllowedError(f"{locked.status} to {to}")
        if booking.has_begun(before, now):
            raise NotAllowedError("attendance is not recorded")
        _lock_calendars(practitioner, before)
        is_ahead = starts_at > now
        booking.cancel(locked, actor=actor, now=now, tells=not (agreed and is_ahead))
        if to != locked.status:
            set_status(locked, to, actor=actor)
        is_announced = agreed or has_deliverable_email(locked)
        appointment = booking.reserve(locked, practitioner, starts_at, length, agreed=agreed, actor=actor)
        # Staff must call at once about an offer that no mail announces. Any other call-back was about the
        # appointment before.
        if is_announced:
            booking.record_first_contact(locked, now)
        booking.set_call_back(locked, None if is_announced else now)
        if is_ahead:
            kind = "appointment_agreed" if agreed else "appointment_offered"
            notify(kind, locked, appointment=appointment)
    return appointment


def time_problem(starts_at: datetime, *, agreed: bool) -> str:
    """Return why no appointment can begin at this time, as an instruction; "" if one can."""
    now = timezone.now()
    if agreed and starts_at <= now - RECORDING_WINDOW:
        return _("Choose a time of the last seven days, or a later one.")
    if not agreed and starts_at <= now:
        return _("This time is past. Choose a later one.")
    if starts_at - now > BOOKING_HORIZON:
        return _("Choose a time within the next year.")
    if starts_at.timestamp() % SLOT.total_seconds():
        return _("Choose a full five minutes, like 17:35.")
    return ""


def _lock_calendars(practitioner: Practitioner, before: Appointment | None) -> None:
    """Lock the calendars that change, in a fixed order, so two requests that swap times cannot deadlock.

    The weak lock lets others insert rows that refer to a practitioner.
    """
    calendars = {practitioner.pk, before.practitioner_id} if before else {practitioner.pk}
    list(Practitioner.objects.select_for_update(no_key=True).filter(pk__in=calendars).order_by("pk"))
