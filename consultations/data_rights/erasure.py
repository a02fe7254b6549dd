"""A person is forgotten: nothing personal is left of a request, and its figures stay.

What is left says that a request came, about what, when it was answered, and how it ended; and in its
history, that it was erased. The reference stays with it, and finds it: it opens nothing and names nobody,
and whoever is asked later can still say that this request was erased.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.answers import YesNo
from consultations.data_rights import erasure_log, retention
from consultations.data_rights.erasure_log import Erasure
from consultations.intake import attachments
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.models import ConsultationRequest, Event, SearchTerm
from consultations.text_folding import folded
from consultations.workflow import Status


class Reason(StrEnum):
    """Why a request is erased. A list, not free words: those could name who is to be forgotten."""

    ASKED_BY_PHONE = "asked_by_phone"
    ASKED_IN_WRITING = "asked_in_writing"
    ASKED_IN_PERSON = "asked_in_person"
    NEVER_WANTED = "never_wanted"
    # Not a person's: the retention ran out, or a restored backup had brought the request back.
    RETENTION = "retention"
    RESTORED = "restored"


# Those that somebody may give.
WISHES = (Reason.ASKED_BY_PHONE, Reason.ASKED_IN_WRITING, Reason.ASKED_IN_PERSON, Reason.NEVER_WANTED)

# Every field that says something about a person. What is not here is counted, and names nobody.
FORGOTTEN: dict[str, Any] = {
    "requester_name": "",
    "relationship": "",
    "patient_knows": "",
    "patient_name": "",
    "patient_age": None,
    "city": "",
    "message": "",
    "phone_as_typed": "",
    "phone": "",
    "whatsapp_as_typed": "",
    "whatsapp": "",
    "email": "",
    "may_identify_clinic": YesNo.NO.value,
    "days": [],
    "parts_of_day": [],
    "speaks_other": "",
    "woman_staff": False,
    "access_needs": "",
    "call_back_at": None,
    "unread_since": None,
    "twin_hash": "",
}


@dataclass
class Replayed:
    """What a replay found: entries, requests that it erased again, those that had to be, and bad lines."""

    entries: int = 0
    erased: int = 0
    unreadable: int = 0


def erase(request: ConsultationRequest, *, actor: User, reason: str) -> None:
    """A patient's wish. An open request becomes a withdrawn one, and no message goes out. Twice is once.

    Raises ``NotAllowedError`` for a reason that nobody can give, ``SomeoneElseChangedError`` where it was
    erased already, and ``OSError`` when the ledger cannot be written; then nothing is erased.
    """
    if reason not in WISHES:
        raise NotAllowedError("no reason")
    with transaction.atomic():
        locked = _locked(request.pk)
        if locked is None:
            raise SomeoneElseChangedError(request.reference)
        erasure = _forget(locked, actor, Reason(reason))
        erasure_log.note([erasure])
    request.refresh_from_db()


def anonymize(request: ConsultationRequest, now: datetime) -> bool:
    """The end of a closed request's retention. False, and nothing done, where it is not due (any more)."""
    months = retention.rules()
    with transaction.atomic():
        locked = _locked(request.pk)
        if locked is None or not retention.is_past(locked, now, months):
            return False
        erasure_log.note([_forget(locked, None, Reason.RETENTION)])
    return True


def replay(ledgers: Iterable[erasure_log.Ledger]) -> Replayed:
    """Erase again whatever a restored backup has brought back. It can be run any number of times.

    Entries of other ledgers than the clinic's own are written into that one first.
    """
    own, done = erasure_log.read(), Replayed()
    known = {erasure.reference for erasure in own.erasures}
    for ledger in (own, *ledgers):
        done.unreadable += ledger.unreadable
        erasure_log.note(new for new in ledger.erasures if new.reference not in known)
        known |= {erasure.reference for erasure in ledger.erasures}
        for erasure in ledger.erasures:
            done.entries += 1
            done.erased += _erase_again(erasure)
    return done


def is_to_be_replayed() -> bool:
    """Whether the newest entries of the ledger name a request that is still there."""
    tail = {erasure.reference: erasure.at for erasure in erasure_log.newest().erasures}
    there = ConsultationRequest.objects.filter(reference__in=tail, erased_at=None)
    return any(made <= tail[reference] for reference, made in there.values_list("reference", "created_at"))


def require_replayed() -> None:
    """Raises ``RuntimeError`` while a restored backup shows people who were erased."""
    if is_to_be_replayed():
        raise RuntimeError("Erased requests are back: run `manage.py replay_erasures`.")


def _erase_again(erasure: Erasure) -> bool:
    came_back = ConsultationRequest.objects.filter(
        reference=erasure.reference, erased_at=None, created_at__lte=erasure.at
    ).first()
    if came_back is None:
        return False
    with transaction.atomic():
        locked = _locked(came_back.pk)
        if locked is not None:
            _forget(locked, None, Reason.RESTORED)
    return locked is not None


def _locked(pk: int) -> ConsultationRequest | None:
    """The request as it is now, nobody else's until the transaction ends; None once it is erased."""
    return ConsultationRequest.objects.select_for_update().filter(pk=pk, erased_at=None).first()


def _forget(request: ConsultationRequest, actor: User | None, reason: Reason) -> Erasure:
    """Erase a locked request, in the caller's transaction. Gives what the ledger is to say of it."""
    # Also a time that has begun: of an erased request nobody could mark any more what became of it.
    booking.cancel(request, actor=actor, now=timezone.now(), tells=False, was_called_off=True)
    if request.status in workflow.OPEN:
        set_status(request, Status.WITHDRAWN, actor=actor, expected_status=request.status)
    attachments.remove_of(request)
    request.notes.all().delete()
    request.links.all().delete()
    request.present.all().delete()
    SearchTerm.objects.filter(request=request).exclude(term=folded(request.reference)).delete()
    # Also what still waits to be sent: a worker that has taken such a message finds its row gone, and
    # does not hand it over.
    OutgoingMessage.objects.filter(about=request.reference).delete()
    now = timezone.now()
    # The form may still be open on a phone. What is sent from it is a new request, not a way into this one.
    ConsultationRequest.objects.filter(pk=request.pk).update(
        **FORGOTTEN, key_hash=secrets.token_hex(32), erased_at=now
    )
    Event.objects.create(
        request=request, kind=Event.Kind.ERASED, actor=actor, at=now, detail={"why": reason.value}
    )
    return Erasure(now, request.reference)
