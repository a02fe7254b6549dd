"""Staff actions on a request, apart from changing its status."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from consultations import private_links
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.models import ConsultationRequest, Event, Note
from consultations.workflow import OPEN, WAITING, Status


class Outcome(models.TextChoices):
    """Outcome of a contact attempt."""

    NO_ANSWER = "no_answer", _("No answer")
    SPOKE = "spoke", _("Spoke")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    CALL_BACK = "call_back", _("Call back")
    MESSAGE_SENT = "message_sent", _("Message sent")


NOT_REACHED = (Outcome.NO_ANSWER, Outcome.WRONG_NUMBER)


def record_contact(
    request: ConsultationRequest,
    outcome: str,
    *,
    actor: User,
    expected_status: str,
    call_back_at: datetime | None = None,
) -> datetime | None:
    """Record a contact attempt; a new request becomes one that is being contacted.

    Returns when to call again: ``call_back_at``, or the default. Raises ``NotAllowedError`` for an unknown
    outcome, a call back without a time or a time in the past, and ``SomeoneElseChangedError``.
    """
    now = timezone.now()
    if outcome not in set(Outcome) or (outcome == Outcome.CALL_BACK and call_back_at is None):
        raise NotAllowedError(outcome)
    call_back_at = call_back_at or default_callback(outcome, expected_status, now)
    if call_back_at is not None and call_back_at <= now:
        raise NotAllowedError("call back in the past")
    with transaction.atomic():
        rows = ConsultationRequest.objects.filter(pk=request.pk)
        # Compare and set in one statement: of two people who press at once, one finds no row.
        if not rows.filter(status=expected_status, erased_at=None).update(
            call_back_at=call_back_at, unread_since=None
        ):
            raise SomeoneElseChangedError(request.reference)
        if outcome not in NOT_REACHED:
            booking.record_first_contact(request, now)
        if outcome in (Outcome.SPOKE, Outcome.MESSAGE_SENT):
            booking.record_patient_informed(request, now)
        Event.objects.create(
            request=request,
            kind=Event.Kind.CONTACTED,
            actor=actor,
            at=now,
            detail=contact_detail(outcome, call_back_at),
        )
        if expected_status == Status.NEW:
            set_status(
                request, Status.CONTACTING, actor=actor, expected_status=Status.NEW, call_back_at=call_back_at
            )
        # The person who contacts a patient is assigned the request, unless somebody already is.
        if rows.filter(assignee=None, status__in=WAITING).update(assignee=actor):
            _record_assignment(request, actor, actor, now)
    return call_back_at


def contact_detail(outcome: str, call_back_at: datetime | None) -> dict[str, str]:
    """The ``detail`` of a contact attempt's event."""
    return {"outcome": outcome} | ({"call_back_at": call_back_at.isoformat()} if call_back_at else {})


def default_callback(outcome: str, status: str, now: datetime) -> datetime | None:
    """Return the next morning while the clinic owes the next step, otherwise None.

    It does while the request waits, and while nobody was reached about an offered or agreed time.
    """
    is_our_turn = status in WAITING or (status in OPEN and outcome in NOT_REACHED)
    return booking.next_morning(now) if is_our_turn else None


def assign(request: ConsultationRequest, to: User | None, *, actor: User) -> bool:
    """Assign a request, or unassign it. Returns False if nothing changed."""
    with transaction.atomic():
        rows = ConsultationRequest.objects.filter(pk=request.pk, erased_at=None)
        others = rows.exclude(assignee=to) if to else rows.exclude(assignee=None)
        changed = others.update(assignee=to)
        if changed:
            _record_assignment(request, to, actor, timezone.now())
    return bool(changed)


def _record_assignment(request: ConsultationRequest, to: User | None, actor: User, now: datetime) -> None:
    Event.objects.create(
        request=request,
        kind=Event.Kind.ASSIGNED,
        actor=actor,
        at=now,
        detail={"to": to.pk if to else None, "name": str(to) if to else ""},
    )


def add_note(request: ConsultationRequest, text: str, *, actor: User) -> None:
    """Save a colleague's note; the same text again within minutes is one note."""
    with transaction.atomic():
        _lock(request)
        last = request.notes.filter(author=actor).last()
        if last is None or not last.is_same_press(text):
            Note.objects.create(request=request, author=actor, text=text, at=timezone.now())


def acknowledge(request: ConsultationRequest, *, actor: User) -> None:
    """Record that the staff have read what the patient wrote. Idempotent."""
    with transaction.atomic():
        unread = ConsultationRequest.objects.filter(pk=request.pk, unread_since__isnull=False)
        if unread.update(unread_since=None):
            Event.objects.create(
                request=request, kind=Event.Kind.ACKNOWLEDGED, actor=actor, at=timezone.now()
            )


def new_private_link(request: ConsultationRequest, *, actor: User) -> str:
    """Replace all private links by a new one and return its address.

    Raises ``NotAllowedError`` for an erased request.
    """
    with transaction.atomic():
        _lock(request)
        request.links.all().delete()
        address = private_links.new_link(request)
        Event.objects.create(request=request, kind=Event.Kind.LINK_MADE, actor=actor, at=timezone.now())
    return address


def _lock(request: ConsultationRequest) -> None:
    if ConsultationRequest.objects.select_for_update().get(pk=request.pk).erased_at:
        raise NotAllowedError("erased")
