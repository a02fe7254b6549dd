"""Staff actions on a request, each on the ``version`` of the request that was on the screen.

All raise ``NotAllowedError`` for an erased request, and ``SomeoneElseChangedError`` for another version.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from consultations import private_links, workflow
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.optimistic_locking import is_repeated, lock, require_version
from consultations.lifecycle.status_changes import set_status, was_withdrawn
from consultations.messaging.catalogue import CALL_BACK, PRIVATE_LINK
from consultations.messaging.notify import notify, notify_status_change
from consultations.models import ConsultationRequest, Event, Note
from consultations.workflow import CLOSED, OPEN, WAITING, Status


class Outcome(models.TextChoices):
    """Outcome of a contact attempt."""

    NO_ANSWER = "no_answer", _("No answer")
    SPOKE = "spoke", _("Spoke")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    CALL_BACK = "call_back", _("Call back")
    MESSAGE_SENT = "message_sent", _("Message sent")


NOT_REACHED = (Outcome.NO_ANSWER, Outcome.WRONG_NUMBER)
INFORMED = (Outcome.SPOKE, Outcome.MESSAGE_SENT)


def change_status(consultation: ConsultationRequest, to: str, *, actor: User, version: int) -> None:
    """Change the status, with the appointment, and notify the patient.

    Raises ``NotAllowedError`` if the workflow does not allow the step, now or without a time (then use
    ``offer_time``).
    """
    with transaction.atomic():
        locked = lock(consultation)
        if is_repeated(locked, version, actor, Event.Kind.STATUS_CHANGED, to_status=to):
            return
        require_version(locked, version)
        was = locked.status
        step, live = workflow.step(was, to), booking.live(locked)
        has_begun = booking.has_begun(live, timezone.now())
        if (
            step is None
            or workflow.needs_time(was, to)
            or (to == Status.CONFIRMED and booking.has_alternatives(live))  # which of them?
            or not step.is_possible(has_begun, was_withdrawn(locked.events.all()))
        ):
            raise NotAllowedError(f"{was} to {to}")
        now = set_status(locked, to, actor=actor)
        # Undoing a recorded attendance makes the appointment agreed again.
        is_undone = to == Status.WITHDRAWN and was in workflow.MARKED
        booking.update_for_status(locked, Status.CONFIRMED if is_undone else to, actor=actor, now=now)
        if was not in workflow.SET_ASIDE:
            notify_status_change(locked, was)
        elif to not in workflow.CLOSED:
            notify("acknowledgement", locked, by_staff=True)


def record_contact(
    consultation: ConsultationRequest,
    outcome: str,
    *,
    actor: User,
    version: int,
    call_back_at: datetime | None = None,
    text: str = "",
    channel: str = "",
) -> datetime | None:
    """Record a contact attempt for an open request; a new or held one becomes one that is being contacted.

    ``text`` is the kind of a text that was sent by a ``channel``, also to the patient of a closed request.
    One that only asks to call back informs of nothing; a private link leaves the callback as it is.

    Returns when to call again: ``call_back_at``, or the next morning while the clinic owes the next step. It
    does while the request waits, and while nobody was reached about an offered or agreed time.

    Raises ``NotAllowedError`` for an unknown outcome, a call back without a time, and a time in the past.
    """
    now = timezone.now()
    if outcome not in set(Outcome) or (outcome == Outcome.CALL_BACK and call_back_at is None):
        raise NotAllowedError(outcome)
    if call_back_at is not None and call_back_at <= now:
        raise NotAllowedError("call back in the past")
    with transaction.atomic():
        locked = lock(consultation)
        status = locked.status
        is_informed = outcome in INFORMED and text not in (CALL_BACK, PRIVATE_LINK)
        is_reached = outcome not in NOT_REACHED and text != CALL_BACK
        if text == PRIVATE_LINK:
            call_back_at = locked.call_back_at
        if call_back_at is None and (status in WAITING or (status in OPEN and not is_reached)):
            call_back_at = booking.next_morning(now)
        detail = {"outcome": outcome} | ({"call_back_at": call_back_at.isoformat()} if call_back_at else {})
        detail |= {"message": text, "by": channel} if text else {}
        if is_repeated(locked, version, actor, Event.Kind.CONTACTED, detail=detail):
            return call_back_at
        require_version(locked, version)
        if status not in OPEN and not (text and status in CLOSED):
            raise NotAllowedError(status)
        locked.call_back_at, locked.unread_since = call_back_at, None
        locked.save(update_fields=["call_back_at", "unread_since"])
        if outcome not in NOT_REACHED:
            booking.record_first_contact(locked, now)
        if is_informed:
            booking.record_patient_informed(locked, now)
        _record(locked, Event.Kind.CONTACTED, actor, **detail)
        if status in (Status.NEW, Status.HELD):
            set_status(locked, Status.CONTACTING, actor=actor, call_back_at=call_back_at)
        # The person who contacts a patient is assigned the request, unless somebody already is.
        if locked.assignee_id is None and status in WAITING:
            _assign(locked, actor, actor)
    return call_back_at


def assign(consultation: ConsultationRequest, to: User | None, *, actor: User, version: int) -> None:
    """Assign a request, or unassign it."""
    with transaction.atomic():
        locked = lock(consultation)
        if locked.assignee != to:
            require_version(locked, version)
            _assign(locked, to, actor)


class BulkResult(NamedTuple):
    changed: int
    skipped: int  # somebody else had changed them


def assign_many(versions: Mapping[int, int], to: User | None, *, actor: User) -> BulkResult:
    """Assign requests, or unassign them, each with its event.

    ``versions`` maps the id of each request to the version on the screen. Missing and erased requests are
    left out.
    """
    changed = skipped = 0
    with transaction.atomic():
        # Locked in the order of their ids, so that two people who assign the same ones cannot deadlock.
        locked = ConsultationRequest.objects.select_for_update().filter(pk__in=versions, erased_at=None)
        for consultation in locked.exclude(assignee=to).order_by("pk"):
            if consultation.version == versions[consultation.pk]:
                _assign(consultation, to, actor)
                changed += 1
            else:
                skipped += 1
    return BulkResult(changed, skipped)


def move_held(versions: Mapping[int, int], to: Status, *, actor: User) -> BulkResult:
    """Change the status of held requests, each in its own transaction.

    ``versions`` is as for ``assign_many``. A request that is no longer held counts as skipped.
    """
    changed = 0
    for consultation in ConsultationRequest.objects.filter(pk__in=versions, status=Status.HELD):
        with suppress(NotAllowedError, SomeoneElseChangedError):
            change_status(consultation, to, actor=actor, version=versions[consultation.pk])
            changed += 1
    return BulkResult(changed, len(versions) - changed)


def _assign(locked: ConsultationRequest, to: User | None, actor: User) -> None:
    locked.assignee = to
    locked.save(update_fields=["assignee"])
    _record(locked, Event.Kind.ASSIGNED, actor, to=to.pk if to else None, name=str(to) if to else "")


def add_note(consultation: ConsultationRequest, text: str, *, actor: User) -> None:
    """Save a colleague's note, on any version; the same text again within minutes is one note."""
    with transaction.atomic():
        last = lock(consultation).notes.filter(author=actor).last()
        if last is None or not last.is_same_press(text):
            Note.objects.create(request=consultation, author=actor, text=text, at=timezone.now())


def acknowledge(consultation: ConsultationRequest, *, actor: User, version: int) -> None:
    """Record that what the patient wrote was read, unless the patient has written since. Idempotent."""
    with transaction.atomic():
        locked = lock(consultation)
        if locked.unread_since:
            require_version(locked, version)
            locked.unread_since = None
            locked.save(update_fields=["unread_since"])
            _record(locked, Event.Kind.ACKNOWLEDGED, actor)


def new_private_link(consultation: ConsultationRequest, *, actor: User, version: int) -> str:
    """Replace all private links by a new one, and return its address.

    Raises ``NotAllowedError`` if it would not open the private page.
    """
    with transaction.atomic():
        locked = lock(consultation)
        require_version(locked, version)
        if not may_have_link(locked):
            raise NotAllowedError(locked.status)
        locked.links.all().delete()
        address = private_links.new_link(locked)
        _record(locked, Event.Kind.LINK_MADE, actor)
    return address


def may_have_link(consultation: ConsultationRequest) -> bool:
    """Whether a link made now would open the private page."""
    dies_at = consultation.link_dies_at
    return consultation.erased_at is None and (dies_at is None or dies_at > timezone.now())


def _record(locked: ConsultationRequest, kind: Event.Kind, actor: User, **detail: object) -> None:
    Event.objects.create(request=locked, kind=kind, actor=actor, at=timezone.now(), detail=detail)
