"""Erasure of a patient's personal details.

Kept for the statistics: when the request came, what it was about, when it was answered, how it ended, and
that it was erased. The reference is kept too, so that staff can answer a patient who asks about it.
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
from clinic_site.core.text import fold_text
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.data_rights import erasure_log, retention
from consultations.data_rights.erasure_log import Erasure, ErasureLog
from consultations.intake.attachments import delete_attachments
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet, Event, SearchTerm
from consultations.models.answers import erased_answers
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
    "announcement": "",
}
# The readiness check reads this much from the end of the erasure log: about a hundred erasures.
CHECKED_BYTES = 8_000


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
    if not _erase(ConsultationRequest.objects.filter(pk=request.pk), actor, Reason(reason)):
        raise SomeoneElseChangedError(request.reference)
    request.refresh_from_db()


def erase_expired(request: ConsultationRequest, now: datetime) -> bool:
    """Erase a finished request whose retention has ended. Return False if that is not (or no longer) so."""
    return _erase(retention.expired(now).filter(pk=request.pk), None, Reason.RETENTION)


def replay(logs: Iterable[ErasureLog]) -> ReplayResult:
    """Erase again what a restored backup brought back. Idempotent.

    Entries of other logs than the clinic's own are first copied into that one.
    """
    own, result = erasure_log.read(), ReplayResult()
    known = {erasure.reference for erasure in own.erasures}
    for log in (own, *logs):
        result.entries += len(log.erasures)
        result.unreadable += log.unreadable
        erasure_log.append(new for new in log.erasures if new.reference not in known)
        known |= {erasure.reference for erasure in log.erasures}
        for at, reference in log.erasures:
            back = ConsultationRequest.objects.filter(reference=reference, created_at__lte=at)
            result.erased += _erase(back, None, Reason.RESTORED)
    return result


def require_replayed() -> None:
    """Raise ``RuntimeError`` while a request that the end of the erasure log names is in the database."""
    erased_at = {reference: at for at, reference in erasure_log.read(last_bytes=CHECKED_BYTES).erasures}
    present = ConsultationRequest.objects.filter(reference__in=erased_at, erased_at=None)
    if any(request.created_at <= erased_at[request.reference] for request in present):
        raise RuntimeError("Erased requests are back: run `manage.py replay_erasures`.")


@transaction.atomic
def _erase(rows: ConsultationRequestQuerySet, actor: User | None, reason: Reason) -> bool:
    """Erase the one request in ``rows``. Return False if it is not there, or is erased already."""
    request = rows.filter(erased_at=None).select_for_update().first()
    if request is None:
        return False
    # Also an appointment that has begun: nobody could record attendance for an erased request.
    booking.cancel(request, actor=actor, now=timezone.now(), tells=False, was_called_off=True)
    if request.status in workflow.OPEN:
        set_status(request, Status.WITHDRAWN, actor=actor)
    delete_attachments(request.attachments.all())
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
    Event.objects.create(request=request, kind=Event.Kind.ERASED, actor=actor, at=now, detail={"why": reason})
    if reason != Reason.RESTORED:  # that entry is in the log
        erasure_log.append([Erasure(now, request.reference)])
    return True
