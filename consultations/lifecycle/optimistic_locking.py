"""What staff press on the page of one request, done only if the request still stands as it did there.

Two people may have the same request open. Each function compares what was on the screen with what is
stored, under a lock, and raises ``SomeoneElseChangedError`` where they differ. The same press by the same
person twice is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle import booking, contact_details
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.staff_actions import (
    add_note,
    assign,
    new_private_link,
    record_contact,
    seen_what_patient_wrote,
    usual_call_back,
)
from consultations.lifecycle.status_changes import change_status
from consultations.models import ConsultationRequest, Event

T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """How a request stood on somebody's screen. The numbers are ids; 0 where there was nothing."""

    status: str
    appointment: int = 0
    contact: int = 0  # the newest try to reach the patient
    patient: int = 0  # the newest event of the patient
    reach: int = 0  # the newest correction of how to reach them
    assignee: int = 0


def with_note(request: ConsultationRequest, text: str, *, actor: User, do: Callable[[], T]) -> T:
    """Do something, and keep a colleague's words with it, if there are any: both, or neither."""
    with transaction.atomic():
        done = do()
        if text:
            add_note(request, text, actor=actor)
    return done


def move_on(request: ConsultationRequest, to: str, *, actor: User, seen: Seen) -> None:
    """Change the status; close the request only over what its patient is seen to have said.

    Raises ``NotAllowedError`` and ``SomeoneElseChangedError``.
    """
    with transaction.atomic():
        locked = _locked(request)
        if _was_moved_by(locked, to, actor, seen.status):
            return
        if locked.status == seen.status:  # where it is not, ``change_status`` says what is wrong
            appointment = booking.live(locked)
            if (appointment.pk if appointment else 0) != seen.appointment:
                raise SomeoneElseChangedError(request.reference)
            if to in workflow.FINISHED:
                _nothing_new_from_patient(locked, seen)
        change_status(request, to, actor=actor, expected_status=seen.status)


def contact(
    request: ConsultationRequest,
    outcome: str,
    *,
    actor: User,
    seen: Seen,
    call_back_at: datetime | None = None,
) -> datetime | None:
    """Note a try to reach the patient of an open request. Of two people, one made it.

    Gives when to try again. Raises ``NotAllowedError`` and ``SomeoneElseChangedError``.
    """
    call_back_at = call_back_at or usual_call_back(outcome, seen.status, timezone.now())
    with transaction.atomic():
        locked = _locked(request)
        newest = locked.events.filter(kind=Event.Kind.CONTACTED, pk__gt=seen.contact).last()
        if newest and newest.actor_id == actor.pk and newest.detail == _detail(outcome, call_back_at):
            return call_back_at
        if newest:
            raise SomeoneElseChangedError(request.reference)
        if seen.status not in workflow.OPEN:
            raise NotAllowedError(seen.status)
        # A contact answers what the patient wrote; what nobody has read yet must not go with it.
        _nothing_new_from_patient(locked, seen)
        # A number that a colleague has corrected meanwhile is not the one that was dialed.
        _reached_as_seen(locked, seen)
        return record_contact(
            request, outcome, actor=actor, expected_status=seen.status, call_back_at=call_back_at
        )


def hand_over(request: ConsultationRequest, to: User | None, *, actor: User, seen: Seen) -> None:
    """Give a request to somebody, or to nobody, if it is still whose it was on the screen."""
    with transaction.atomic():
        now = _locked(request).assignee_id or 0
        if now == (to.pk if to else 0):
            return
        if now != seen.assignee:
            raise SomeoneElseChangedError(request.reference)
        assign(request, to, actor=actor)


def read(request: ConsultationRequest, *, actor: User, seen: Seen) -> None:
    """What the patient wrote was read, as far as it stood on the screen."""
    with transaction.atomic():
        _nothing_new_from_patient(_locked(request), seen)
        seen_what_patient_wrote(request, actor=actor)


def correct_reach(
    request: ConsultationRequest,
    to: contact_details.Reach,
    *,
    actor: User,
    seen: Seen,
    is_right: bool = False,
) -> bool:
    """Correct how to reach the patient, if that is still what it was on the screen. False if it stands so.

    ``is_right`` takes back that the number was found to be wrong. The event says what kind was corrected,
    and never the number. Raises ``NotAllowedError`` and ``SomeoneElseChangedError``.
    """
    with transaction.atomic():
        locked = _locked(request)
        changed = contact_details.changes(locked, to)
        is_right = is_right and contact_details.wrong_since(locked, locked.events.all()) is not None
        if not changed and not is_right:
            return False
        _reached_as_seen(locked, seen)
        detail = {"what": contact_details.correct(locked, to, author=actor)} | (
            {"is_right": True} if is_right else {}
        )
        Event.objects.create(
            request=request,
            kind=Event.Kind.REACH_CORRECTED,
            actor=actor,
            at=timezone.now(),
            detail=detail,
        )
    return True


def private_link(request: ConsultationRequest, *, actor: User, seen: Seen) -> str:
    """A new private address, in place of all before. Raises ``NotAllowedError`` where none would open."""
    with transaction.atomic():
        locked = _locked(request)
        if locked.status != seen.status:
            raise SomeoneElseChangedError(request.reference)
        if not may_have_link(locked):
            raise NotAllowedError(locked.status)
        return new_private_link(request, actor=actor)


def may_have_link(request: ConsultationRequest) -> bool:
    """Whether an address made now would open the private page."""
    dies_at = request.link_dies_at
    return request.erased_at is None and (dies_at is None or dies_at > timezone.now())


def _locked(request: ConsultationRequest) -> ConsultationRequest:
    """The request as it is now; nobody else writes it until the transaction ends."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
    if locked.erased_at:
        raise NotAllowedError("erased")
    return locked


def _nothing_new_from_patient(locked: ConsultationRequest, seen: Seen) -> None:
    if locked.events.of_patient().filter(pk__gt=seen.patient).exists():
        raise SomeoneElseChangedError(locked.reference)


def _reached_as_seen(locked: ConsultationRequest, seen: Seen) -> None:
    if locked.events.filter(kind__in=contact_details.CORRECTIONS, pk__gt=seen.reach).exists():
        raise SomeoneElseChangedError(locked.reference)


def _was_moved_by(locked: ConsultationRequest, to: str, actor: User, was: str) -> bool:
    """Whether this very step is the last one, made by the same person: the button was pressed twice."""
    if locked.status != to or to == was:
        return False
    last = locked.events.filter(kind=Event.Kind.STATUS_CHANGED).last()
    return last is not None and (last.actor_id, last.from_status, last.to_status) == (actor.pk, was, to)


def _detail(outcome: str, call_back_at: datetime | None) -> dict[str, str]:
    return {"outcome": outcome} | ({"call_back_at": call_back_at.isoformat()} if call_back_at else {})
