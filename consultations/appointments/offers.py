"""Times offered to a patient by the staff, or agreed with them on the phone."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError, TimeTakenError
from consultations.lifecycle.status_changes import set_status
from consultations.messaging import catalogue
from consultations.messaging.notify import can_be_told, tell
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import SLOT
from consultations.workflow import Status
from procedures.models import Practitioner

__all__ = ["TimeTakenError", "offer_time"]

LONGEST = timedelta(hours=4)
# Who came without a time, or agreed to one that nobody noted, can be noted for so long.
RECENT = timedelta(days=7)
# A time further ahead is a slip of the keyboard.
FURTHEST = timedelta(days=366)


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
    """Offer a time, or note one that was ``agreed`` on the phone; whatever time there was is given back.

    ``expected_appointment`` is the id of the time that was on the screen, None where there was none.
    Raises ``NotAllowedError`` for a step the workflow does not know, while an agreed time has begun and
    nobody has marked what became of it, for a time that is past (one that was agreed may be of the last
    seven days) or more than a year ahead, or one that does not begin and end at full five minutes;
    ``SomeoneElseChangedError``; and ``TimeTakenError``.
    """
    to = Status.CONFIRMED if agreed else Status.PROPOSED
    stays = to == expected_status
    if not (stays or workflow.may_follow(expected_status, to)):
        raise NotAllowedError(f"{expected_status} to {to}")
    if not _is_possible(starts_at, length, agreed=agreed):
        raise NotAllowedError(f"a time of {length}")
    # In UTC a later moment is a sum; by a clock that is put forward or back it is not.
    starts_at = starts_at.astimezone(UTC)
    with transaction.atomic():
        # Locked from here on: another press waits, and then finds another time than it expected.
        locked = ConsultationRequest.objects.select_for_update().filter(pk=request.pk, erased_at=None).first()
        before = booking.live(locked) if locked else None
        if locked is None or locked.status != expected_status or _pk(before) != expected_appointment:
            raise SomeoneElseChangedError(request.reference)
        now = timezone.now()
        if booking.has_begun(before, now):
            raise NotAllowedError("the time before is not marked")
        _lock_calendars(practitioner, before)
        is_ahead = starts_at > now
        booking.cancel(request, actor=actor, now=now, tells=not (agreed and is_ahead))
        if not stays:
            set_status(request, to, actor=actor, expected_status=expected_status)
        appointment = booking.reserve(
            request, practitioner, starts_at, starts_at + length, agreed=agreed, actor=actor, now=now
        )
        # An offer that nobody hears of is no contact: the first answer is still owed, and a call, at once.
        # Any other call was about what stood before.
        is_untold = not (agreed or can_be_told(locked))
        if not is_untold:
            booking.record_first_contact(request, now)
        booking.set_call_back(request, now if is_untold else None)
        if agreed and is_ahead:
            tell(appointment.request, catalogue.time_agreed, appointment)
        elif not agreed:
            tell(appointment.request, catalogue.time_offered, appointment)
    return appointment


def _lock_calendars(practitioner: Practitioner, before: Appointment | None) -> None:
    """Whoever changes a calendar waits for whoever is changing it, always in the same order.

    Without it two requests that swap their times would each hold what the other waits for. The lock is
    the weak one: rows that only refer to a practitioner are written meanwhile.
    """
    calendars = {practitioner.pk, before.practitioner_id} if before else {practitioner.pk}
    list(Practitioner.objects.select_for_update(no_key=True).filter(pk__in=calendars).order_by("pk"))


def _pk(appointment: Appointment | None) -> int | None:
    return appointment.pk if appointment else None


def _is_possible(starts_at: datetime, length: timedelta, *, agreed: bool) -> bool:
    now = timezone.now()
    earliest = now - RECENT if agreed else now
    is_on_grid = not (starts_at.timestamp() % SLOT.total_seconds() or length % SLOT)
    return is_on_grid and SLOT <= length <= LONGEST and earliest < starts_at <= now + FURTHEST
