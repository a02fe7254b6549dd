"""Appointments that staff offer to a patient, or agree on by phone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models, transaction
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
MAX_CHOICES = 3
# How long several times are held for a patient to choose one, if none of them begins earlier.
HOLD = timedelta(hours=24)


def offer_time(
    consultation: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    length: timedelta,
    *,
    agreed: bool,
    actor: User,
    version: int,
    alternatives: Sequence[datetime] = (),
) -> Appointment:
    """Offer an appointment, or record an ``agreed`` one; it replaces what the request was offered before.

    An agreed appointment is replaced only by another agreed one. ``alternatives`` are other times of the
    same length that the patient may choose instead.

    ``version`` is that of the request on the screen. Idempotent: the same offer by the same person again
    returns the existing appointment.

    Raises ``NotAllowedError`` for an erased request, if the workflow has no such step, if attendance of an
    agreed appointment is not recorded yet, or for an impossible time or length; ``SomeoneElseChangedError``;
    and ``TimeTakenError``.
    """
    for each in (starts_at, *alternatives):
        if problem := time_problem(each, agreed=agreed):
            raise NotAllowedError(problem)
    if alternatives and (agreed or len(alternatives) >= MAX_CHOICES):
        raise NotAllowedError("too many times")
    if length % SLOT or not SLOT <= length <= MAX_APPOINTMENT_LENGTH:
        raise NotAllowedError(f"a length of {length}")
    # Adding the length is only right in UTC: local clocks may change.
    starts_at, *others = sorted(each.astimezone(UTC) for each in (starts_at, *alternatives))
    state = Appointment.State.AGREED if agreed else Appointment.State.OFFERED
    with transaction.atomic():
        locked = lock(consultation)
        before, now = booking.live(locked), timezone.now()
        if locked.version != version:
            same = {"made_by": actor, "practitioner": practitioner, "starts_at": starts_at}
            states = [state] if agreed else Appointment.ON_OFFER
            repeated = locked.appointments.filter(**same, state__in=states, ends_at=starts_at + length)
            if found := repeated.first():
                return found
            raise SomeoneElseChangedError(locked.reference)
        to = status_after(locked.status, agreed=agreed)
        if to != locked.status and not workflow.may_follow(locked.status, to):
            raise NotAllowedError(f"{locked.status} to {to}")
        if booking.has_begun(before, now):
            raise NotAllowedError("attendance is not recorded")
        _lock_calendars(practitioner, locked)
        is_ahead = starts_at > now
        keeps_agreed = not agreed and to == Status.CONFIRMED
        if keeps_agreed:
            booking.release_choices(locked, actor=actor, now=now)
            state = Appointment.State.HELD
        else:
            booking.cancel(locked, actor=actor, now=now, tells=not (agreed and is_ahead))
        if to != locked.status:
            set_status(locked, to, actor=actor)
        is_announced = agreed or has_deliverable_email(locked)
        held_until = min(now + HOLD, starts_at) if others or keeps_agreed else None
        held: dict[str, Any] = {"held_until": held_until, "actor": actor}
        appointment = booking.reserve(locked, practitioner, starts_at, length, state=state, **held)
        for other in others:
            booking.reserve(locked, practitioner, other, length, state=Appointment.State.HELD, **held)
        # Staff must call at once about an offer that no mail announces. Any other call-back was about the
        # appointment before.
        if is_announced:
            booking.record_first_contact(locked, now)
        booking.set_call_back(locked, None if is_announced else now)
        if is_ahead:
            kind = "appointment_agreed" if agreed else "appointment_offered"
            notify(kind, locked, appointment=appointment)
    return appointment


def status_after(status: str, *, agreed: bool) -> Status:
    """Return the status after an offer: an agreed time is kept while others are offered."""
    return Status.CONFIRMED if agreed or status == Status.CONFIRMED else Status.PROPOSED


def release_expired_choices(**_signal: object) -> None:
    """Free the times that patients did not choose while they were held.

    The mail worker and ``remind`` call it. A patient who has no agreed time is to be contacted again, now.
    """
    now = timezone.now()
    expired = Appointment.objects.filter(
        models.Q(starts_at__gt=now) | models.Q(state=Appointment.State.HELD),
        state__in=Appointment.ON_OFFER,
        held_until__lte=now,
    )
    for pk in expired.values_list("request", flat=True).order_by("request").distinct():
        with transaction.atomic():
            locked = ConsultationRequest.objects.select_for_update().get(pk=pk)
            if not expired.filter(request=locked).exists():
                continue  # staff have offered other times meanwhile
            live = booking.live(locked)
            booking.release_choices(locked, actor=None, now=now, by_site=True)
            if live and expired.filter(pk=live.pk).exists():
                booking.cancel(locked, actor=None, now=now, by_site=True)
                set_status(locked, Status.CONTACTING, actor=None, call_back_at=now, by_site=True)


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


def _lock_calendars(practitioner: Practitioner, locked: ConsultationRequest) -> None:
    """Lock the calendars that change, in a fixed order, so two requests that swap times cannot deadlock.

    The weak lock lets others insert rows that refer to a practitioner.
    """
    before = locked.appointments.filter(state__in=Appointment.PENDING)
    calendars = {practitioner.pk, *before.values_list("practitioner", flat=True)}
    list(Practitioner.objects.select_for_update(no_key=True).filter(pk__in=calendars).order_by("pk"))
