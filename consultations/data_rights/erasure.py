"""Erasure of a patient's personal details.

What stays says that a request came, what it was about, when it was answered and how it ended, and that it
was erased. The reference stays too, so staff can tell who asks that the request was erased.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.data_rights import erasure_log, retention
from consultations.data_rights.erasure_log import Erasure
from consultations.intake import attachments
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.models import ConsultationRequest, Event, SearchTerm
from consultations.models.answers import erased_answers
from consultations.text_folding import fold_text
from consultations.workflow import Status


class Reason(models.TextChoices):
    """Why a request is erased. A list, not free text, which could name the patient."""

    ASKED_BY_PHONE = "asked_by_phone", _("Asked for by phone")
    ASKED_IN_WRITING = "asked_in_writing", _("Asked for in writing")
    ASKED_IN_PERSON = "asked_in_person", _("Asked for in person")
    NEVER_WANTED = "never_wanted", _("Sent by somebody else, without the patient’s wish")
    # Given by the site: the retention ended, or a restored backup had brought the request back.
    RETENTION = "retention", _("Retention ended")
    RESTORED = "restored", _("Erased again after a restore")


STAFF_REASONS = (
    Reason.ASKED_BY_PHONE,
    Reason.ASKED_IN_WRITING,
    Reason.ASKED_IN_PERSON,
    Reason.NEVER_WANTED,
)

# The personal fields, and their values after erasure. Answers that are not personal stay, to be counted.
ERASED_VALUES: dict[str, Any] = {
    **erased_answers(),
    "call_back_at": None,
    "unread_since": None,
    "duplicate_fingerprint": "",
}


@dataclass
class ReplayResult:
    """Entries read, requests erased again, and unreadable lines."""

    entries: int = 0
    erased: int = 0
    unreadable: int = 0


def erase(request: ConsultationRequest, *, actor: User, reason: str) -> None:
    """Erase a request on the patient's wish. An open request becomes withdrawn; no message is sent.

    Raises ``NotAllowedError`` for a reason that staff cannot give, ``SomeoneElseChangedError`` if the request
    is erased already, and ``OSError`` if the erasure log cannot be written; then nothing is erased.
    """
    if reason not in STAFF_REASONS:
        raise NotAllowedError("no reason")
    with transaction.atomic():
        locked = _locked(request.pk)
        if locked is None:
            raise SomeoneElseChangedError(request.reference)
        erasure_log.append([_erase_locked(locked, actor, Reason(reason))])
    request.refresh_from_db()


def erase_expired(request: ConsultationRequest, now: datetime) -> bool:
    """Erase a finished request whose retention has ended. Return False if that is not (or no longer) so."""
    if request.status not in workflow.FINISHED:
        return False
    with transaction.atomic():
        expired = retention.expired(request.status, now).select_for_update()
        locked = expired.filter(pk=request.pk).first()
        if locked is None:
            return False
        erasure_log.append([_erase_locked(locked, None, Reason.RETENTION)])
    return True


def replay(logs: Iterable[erasure_log.ErasureLog]) -> ReplayResult:
    """Erase again what a restored backup brought back. Idempotent.

    Entries of other logs than the clinic's own are first copied into that one.
    """
    own, result = erasure_log.read(), ReplayResult()
    known = {erasure.reference for erasure in own.erasures}
    for log in (own, *logs):
        result.unreadable += log.unreadable
        erasure_log.append(new for new in log.erasures if new.reference not in known)
        known |= {erasure.reference for erasure in log.erasures}
        for erasure in log.erasures:
            result.entries += 1
            result.erased += _erase_again(erasure)
    return result


def require_replayed() -> None:
    """Raise ``RuntimeError`` while a request that the end of the erasure log names is in the database."""
    newest = {erasure.reference: erasure.at for erasure in erasure_log.newest().erasures}
    present = ConsultationRequest.objects.filter(reference__in=newest, erased_at=None)
    if any(sent <= newest[reference] for reference, sent in present.values_list("reference", "created_at")):
        raise RuntimeError("Erased requests are back: run `manage.py replay_erasures`.")


def _erase_again(erasure: Erasure) -> bool:
    with transaction.atomic():
        locked = (
            ConsultationRequest.objects.select_for_update()
            .filter(reference=erasure.reference, erased_at=None, created_at__lte=erasure.at)
            .first()
        )
        if locked is not None:
            _erase_locked(locked, None, Reason.RESTORED)
    return locked is not None


def _locked(pk: int) -> ConsultationRequest | None:
    return ConsultationRequest.objects.select_for_update().filter(pk=pk, erased_at=None).first()


def _erase_locked(request: ConsultationRequest, actor: User | None, reason: Reason) -> Erasure:
    """Erase a locked request in the caller's transaction, and return its entry for the erasure log."""
    # Also an appointment that has begun: nobody could record attendance for an erased request.
    booking.cancel(request, actor=actor, now=timezone.now(), tells=False, was_called_off=True)
    if request.status in workflow.OPEN:
        set_status(request, Status.WITHDRAWN, actor=actor, expected_status=request.status)
    attachments.delete_of_request(request)
    request.notes.all().delete()
    request.links.all().delete()
    request.present.all().delete()
    SearchTerm.objects.filter(request=request).exclude(term=fold_text(request.reference)).delete()
    # Also unsent messages: a worker that has taken one finds its row gone and does not send it.
    OutgoingMessage.objects.filter(about=request.reference).delete()
    now = timezone.now()
    # The new key: the form may still be open on a phone, and sending it makes a new request.
    ConsultationRequest.objects.filter(pk=request.pk).update(
        **ERASED_VALUES, key_hash=secrets.token_hex(32), erased_at=now
    )
    Event.objects.create(
        request=request, kind=Event.Kind.ERASED, actor=actor, at=now, detail={"why": reason.value}
    )
    return Erasure(now, request.reference)
