"""Optimistic locking: a staff action succeeds only on the version of the request that its form showed.

Every form on the desk carries ``ConsultationRequest.version``. An action locks the request and raises
``SomeoneElseChangedError`` if the version is another one. Pressing the same button twice counts once. All
functions raise ``NotAllowedError`` for an erased request.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.lifecycle import contact_details, staff_actions, status_changes
from consultations.lifecycle.contact_details import ContactDetails
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest, Event

T = TypeVar("T")


def with_note(consultation: ConsultationRequest, text: str, *, actor: User, do: Callable[[], T]) -> T:
    """Do something and save the colleague's note, if there is one, in one transaction."""
    with transaction.atomic():
        done = do()
        if text:
            staff_actions.add_note(consultation, text, actor=actor)
    return done


def change_status(consultation: ConsultationRequest, to: str, *, actor: User, version: int) -> None:
    with transaction.atomic():
        locked = _locked(consultation)
        if _is_repeated(locked, version, actor, Event.Kind.STATUS_CHANGED, to_status=to):
            return
        _require_version(locked, version)
        status_changes.change_status(consultation, to, actor=actor, expected_status=locked.status)


def record_contact(
    consultation: ConsultationRequest,
    outcome: str,
    *,
    actor: User,
    version: int,
    call_back_at: datetime | None = None,
) -> datetime | None:
    """Record a contact attempt for an open request. Returns when to call again."""
    with transaction.atomic():
        locked = _locked(consultation)
        call_back_at = call_back_at or staff_actions.default_callback(outcome, locked.status, timezone.now())
        detail = staff_actions.contact_detail(outcome, call_back_at)
        if _is_repeated(locked, version, actor, Event.Kind.CONTACTED, detail=detail):
            return call_back_at
        _require_version(locked, version)
        if locked.status not in workflow.OPEN:
            raise NotAllowedError(locked.status)
        return staff_actions.record_contact(
            consultation, outcome, actor=actor, expected_status=locked.status, call_back_at=call_back_at
        )


def assign(consultation: ConsultationRequest, to: User | None, *, actor: User, version: int) -> None:
    with transaction.atomic():
        locked = _locked(consultation)
        if locked.assignee_id != (to.pk if to else None):
            _require_version(locked, version)
            staff_actions.assign(consultation, to, actor=actor)


def acknowledge(consultation: ConsultationRequest, *, actor: User, version: int) -> None:
    """Record that what the patient wrote was read, unless the patient has written since."""
    with transaction.atomic():
        locked = _locked(consultation)
        if locked.unread_since:
            _require_version(locked, version)
            staff_actions.acknowledge(consultation, actor=actor)


def correct_contact_details(
    consultation: ConsultationRequest,
    to: ContactDetails,
    *,
    actor: User,
    version: int,
    is_right: bool = False,
) -> bool:
    """Correct the contact details. Returns False if they were the same already.

    ``is_right`` withdraws an earlier "wrong number". The event names the changed fields, never a number.
    """
    with transaction.atomic():
        locked = _locked(consultation)
        changed = contact_details.changed_fields(locked, to)
        is_right = is_right and contact_details.wrong_since(locked, locked.events.all()) is not None
        if not changed and not is_right:
            return False
        _require_version(locked, version)
        detail: dict[str, Any] = {"what": contact_details.correct(locked, to, author=actor)}
        Event.objects.create(
            request=locked,
            kind=Event.Kind.CONTACT_DETAILS_CORRECTED,
            actor=actor,
            at=timezone.now(),
            detail=detail | ({"is_right": True} if is_right else {}),
        )
    return True


def new_private_link(consultation: ConsultationRequest, *, actor: User, version: int) -> str:
    """Replace all private links by a new one. Raises ``NotAllowedError`` where it would not open."""
    with transaction.atomic():
        locked = _locked(consultation)
        _require_version(locked, version)
        if not may_have_link(locked):
            raise NotAllowedError(locked.status)
        return staff_actions.new_private_link(consultation, actor=actor)


def may_have_link(consultation: ConsultationRequest) -> bool:
    """Whether a link made now would open the private page."""
    dies_at = consultation.link_dies_at
    return consultation.erased_at is None and (dies_at is None or dies_at > timezone.now())


def changes_since(consultation: ConsultationRequest, version: int) -> list[Event]:
    """The events that raised the version since then, the newest first."""
    count = max(consultation.version - version, 0)
    changes = consultation.events.filter(kind__in=Event.RAISES_VERSION).select_related("actor")
    return list(changes.order_by("-pk")[:count])


def _locked(consultation: ConsultationRequest) -> ConsultationRequest:
    """The request as stored; nobody else writes to it until the transaction ends."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=consultation.pk)
    if locked.erased_at:
        raise NotAllowedError("erased")
    return locked


def _require_version(locked: ConsultationRequest, version: int) -> None:
    if locked.version != version:
        raise SomeoneElseChangedError(locked.reference)


def _is_repeated(
    locked: ConsultationRequest, version: int, actor: User, kind: Event.Kind, **fields: Any
) -> bool:
    """Whether everything since this version is one earlier press of the same button by the same person."""
    changes = changes_since(locked, version)
    return all(event.actor_id == actor.pk for event in changes) and any(
        event.kind == kind and all(getattr(event, name) == value for name, value in fields.items())
        for event in changes
    )
