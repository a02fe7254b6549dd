"""What staff do with a request besides moving it on."""

from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from consultations import private_links
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import move
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
    """Note a try to reach the patient. A new request becomes one that is being contacted.

    ``call_back_at`` is when to try again; without it, ``usual_call_back``. Gives what was set. Raises
    ``NotAllowedError`` for an outcome that does not exist, a call back without its time, or a time that
    is past; and ``SomeoneElseChangedError``.
    """
    now = timezone.now()
    if outcome not in set(Outcome) or (outcome == Outcome.CALL_BACK and call_back_at is None):
        raise NotAllowedError(outcome)
    call_back_at = call_back_at or usual_call_back(outcome, expected_status, now)
    if call_back_at is not None and call_back_at <= now:
        raise NotAllowedError("a time that is past")
    with transaction.atomic():
        # One statement: the first who presses, of two, is the one who tried first.
        changed = ConsultationRequest.objects.filter(
            pk=request.pk, status=expected_status, erased_at=None
        ).update(call_back_at=call_back_at, unread_since=None)
        if not changed:
            raise SomeoneElseChangedError(request.reference)
        if outcome not in NOT_REACHED:
            booking.note_first_contact(request, now)
        if outcome in (Outcome.SPOKE, Outcome.MESSAGE_SENT):
            booking.note_patient_informed(request, now)
        detail: dict[str, str] = {"outcome": outcome}
        if call_back_at:
            detail["call_back_at"] = call_back_at.isoformat()
        Event.objects.create(request=request, kind=Event.Kind.CONTACTED, actor=actor, at=now, detail=detail)
        if expected_status == Status.NEW:
            move(
                request,
                Status.CONTACTING,
                actor=actor,
                expected_status=Status.NEW,
                call_back_at=call_back_at,
            )
        _assign_if_nobodys(request, actor, now)
    return call_back_at


def usual_call_back(outcome: str, status: str, now: datetime) -> datetime | None:
    """When to try again where nobody said when: the next morning, as long as it is the clinic's turn.

    It is while the request waits; and, where a time was offered or agreed, if nobody was reached about it.
    """
    is_our_turn = status in WAITING or (status in OPEN and outcome in NOT_REACHED)
    return booking.next_morning(now) if is_our_turn else None


def _assign_if_nobodys(request: ConsultationRequest, actor: User, now: datetime) -> None:
    """Who speaks to the patient has the request, unless somebody has it already."""
    if ConsultationRequest.objects.filter(Q(assignee=None), pk=request.pk, status__in=WAITING).update(
        assignee=actor
    ):
        _record_assignment(request, actor, actor, now)


def assign(request: ConsultationRequest, to: User | None, *, actor: User) -> bool:
    """Give a request to somebody, or to nobody. False if that is how it was."""
    with transaction.atomic():
        there = ConsultationRequest.objects.filter(pk=request.pk, erased_at=None)
        others = there.exclude(assignee=to) if to else there.exclude(assignee=None)
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
    """Keep a colleague's words; the same words twice in a row, a moment apart, once."""
    with transaction.atomic():
        locked = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
        if locked.erased_at:
            raise NotAllowedError("erased")
        last = request.notes.filter(author=actor).last()
        if last is None or not last.is_same_press(text):
            Note.objects.create(request=request, author=actor, text=text, at=timezone.now())


def seen_what_patient_wrote(request: ConsultationRequest, *, actor: User) -> None:
    """What came from the patient was read. Twice is once."""
    with transaction.atomic():
        waiting = ConsultationRequest.objects.filter(pk=request.pk, unread_since__isnull=False)
        if waiting.update(unread_since=None):
            Event.objects.create(
                request=request, kind=Event.Kind.ACKNOWLEDGED, actor=actor, at=timezone.now()
            )


def new_private_link(request: ConsultationRequest, *, actor: User) -> str:
    """A new address of the private page, to be told to the patient; those before it open nothing any more.

    Raises ``NotAllowedError`` for a request that was erased.
    """
    with transaction.atomic():
        locked = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
        if locked.erased_at:
            raise NotAllowedError("erased")
        request.links.all().delete()
        address = private_links.new_link(request)
        Event.objects.create(request=request, kind=Event.Kind.LINK_MADE, actor=actor, at=timezone.now())
    return address
