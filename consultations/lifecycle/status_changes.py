"""Setting the status of a request, with its event and its deadlines."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from consultations import workflow
from consultations.lifecycle import booking
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status


def set_status(
    locked: ConsultationRequest,
    to: str,
    *,
    actor: User | None,
    call_back_at: datetime | None = None,
    by_site: bool = False,
) -> datetime:
    """Set the status of a locked request, and return the time.

    ``actor`` is None for the patient, and for the site, which ``by_site`` says.

    ``call_back_at`` is the callback of a request being contacted; by default the next morning.
    """
    now, was = timezone.now(), locked.status
    changes: dict[str, Any] = {"status": to, "status_changed_at": now}
    if to == Status.CONTACTING:
        changes["call_back_at"] = call_back_at or booking.next_morning(now)
    elif to not in workflow.WAITING:
        changes["call_back_at"] = None
    if to == Status.NEW:
        changes["first_contact_at"] = None  # the first answer is owed again
    is_reopened = was not in workflow.OPEN and to in workflow.WAITING
    if is_reopened and changes.get("first_contact_at", locked.first_contact_at) is None:
        changes["promised_by"] = business_hours.promised_by(now)
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.save(update_fields=changes)
    Event.objects.create(
        request=locked,
        kind=Event.Kind.STATUS_CHANGED,
        actor=actor,
        at=now,
        from_status=was,
        to_status=to,
        detail={"by_site": True} if by_site else {},
    )
    return now


def was_withdrawn(events: Iterable[Event]) -> bool:
    """Whether the patient had withdrawn before attendance was recorded.

    ``events`` are those of one request, the oldest first.
    """
    steps = [(event.from_status, event.to_status) for event in events if event.from_status]
    marked_from = [was for was, to in steps if to in workflow.MARKED and was not in workflow.MARKED]
    return marked_from[-1:] == [Status.WITHDRAWN]
