"""Optimistic locking: an action succeeds only on the version of the request that its form showed.

Every form carries ``ConsultationRequest.version``. An action locks the request first, and raises
``SomeoneElseChangedError`` if the version is another one. Pressing the same button twice counts once.
"""

from typing import Any

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest, Event


def lock(consultation: ConsultationRequest) -> ConsultationRequest:
    """Return the request as stored; nobody else writes to it until the transaction ends.

    Raises ``NotAllowedError`` if it is erased.
    """
    locked = ConsultationRequest.objects.select_for_update().get(pk=consultation.pk)
    if locked.erased_at:
        raise NotAllowedError("erased")
    return locked


def lock_open(consultation: ConsultationRequest) -> ConsultationRequest:
    """Lock a request. Raises ``NotAllowedError`` also if it is closed; one set aside as spam is not."""
    locked = lock(consultation)
    if locked.status not in workflow.OPEN | workflow.SET_ASIDE:
        raise NotAllowedError(locked.status)
    return locked


def require_version(locked: ConsultationRequest, version: int) -> None:
    if locked.version != version:
        raise SomeoneElseChangedError(locked.reference)


def changes_since(consultation: ConsultationRequest, version: int) -> list[Event]:
    """Return the events that raised the version since then, the newest first."""
    count = max(consultation.version - version, 0)
    changes = consultation.events.filter(kind__in=Event.RAISES_VERSION).select_related("actor")
    return list(changes.order_by("-pk")[:count])


def is_repeated(
    locked: ConsultationRequest, version: int, actor: User, kind: Event.Kind, **fields: Any
) -> bool:
    """Whether everything since this version is one earlier press of the same button by the same person."""
    changes = changes_since(locked, version)
    return all(event.actor_id == actor.pk for event in changes) and any(
        event.kind == kind and all(getattr(event, name) == value for name, value in fields.items())
        for event in changes
    )
