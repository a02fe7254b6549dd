"""Changing the status of a request, with its event, its appointment and its notification."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from consultations import workflow
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.messaging.notify import notify, notify_status_change
from consultations.models import ConsultationRequest, Event


def change_status(request: ConsultationRequest, to: str, *, actor: User | None, expected_status: str) -> None:
    """Change the status. ``actor`` is None for the patient; ``expected_status`` is what was on the screen.

    Raises ``NotAllowedError`` if the workflow does not allow the step, now or without a time (then use
    ``offer_time``), and ``SomeoneElseChangedError`` if the request has another status.
    """
    step = workflow.step(expected_status, to)
    if step is None or workflow.needs_time(expected_status, to):
        raise NotAllowedError(f"{expected_status} to {to}")
    with transaction.atomic():
        there = ConsultationRequest.objects.filter(pk=request.pk, status=expected_status, erased_at=None)
        if there.select_for_update().first() is None:
            raise SomeoneElseChangedError(request.reference)
        has_begun = booking.has_begun(booking.live(request), timezone.now())
        if not step.is_possible(has_begun, was_withdrawn(request.events.all())):
            raise NotAllowedError(f"{expected_status} to {to} before or after the time")
        now = set_status(request, to, actor=actor, expected_status=expected_status)
        # Undoing a recorded attendance makes the appointment agreed again.
        is_undone = to == workflow.Status.WITHDRAWN and expected_status in workflow.MARKED
        booking.update_for_status(
            request, workflow.Status.CONFIRMED if is_undone else to, actor=actor, now=now
        )
        if expected_status not in workflow.SET_ASIDE:
            notify_status_change(request, expected_status)
        elif to not in workflow.CLOSED:
            notify("acknowledgement", request, by_staff=True)


def was_withdrawn(events: Iterable[Event]) -> bool:
    """Whether the patient had withdrawn before attendance was recorded.

    ``events`` are those of one request, the oldest first.
    """
    steps = [(event.from_status, event.to_status) for event in events if event.from_status]
    marked_from = [was for was, to in steps if to in workflow.MARKED and was not in workflow.MARKED]
    return marked_from[-1:] == [workflow.Status.WITHDRAWN]


def set_status(
    request: ConsultationRequest,
    to: str,
    *,
    actor: User | None,
    expected_status: str,
    call_back_at: datetime | None = None,
) -> datetime:
    """Set a status and write its event, in the caller's transaction. Returns the time of the change.

    ``call_back_at`` is the callback of a request being contacted; by default the next morning.
    """
    now = timezone.now()
    changes: dict[str, Any] = {"status": to, "status_changed_at": now}
    if to not in workflow.WAITING:
        changes["call_back_at"] = None
    elif to == workflow.Status.CONTACTING:
        changes["call_back_at"] = call_back_at or booking.next_morning(now)
    if to == workflow.Status.NEW:
        changes["first_contact_at"] = None  # the first answer is owed again
    # Compare and set in one statement: of two people who press at once, one finds no row.
    changed = ConsultationRequest.objects.filter(
        pk=request.pk, status=expected_status, erased_at=None
    ).update(**changes)
    if not changed:
        raise SomeoneElseChangedError(request.reference)
    if expected_status not in workflow.OPEN and to in workflow.WAITING:
        # A reopened request gets a new promise.
        there = ConsultationRequest.objects.filter(pk=request.pk, first_contact_at=None)
        promised_by = business_hours.promised_by(now)
        if there.update(promised_by=promised_by):
            changes["promised_by"] = promised_by
    Event.objects.create(
        request=request,
        kind=Event.Kind.STATUS_CHANGED,
        actor=actor,
        at=now,
        from_status=expected_status,
        to_status=to,
    )
    for name, value in changes.items():
        setattr(request, name, value)
    return now
