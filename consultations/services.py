"""The only writers of requests. Each function is one transaction: all of it is stored, or nothing."""

from dataclasses import dataclass, fields

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from consultations import workflow
from consultations.answers import Answers
from consultations.keys import SubmissionKey, token_hash
from consultations.models import ConsultationRequest, Event, Note, PrivacyNotice
from consultations.references import new_reference
from consultations.text import folded

# With a million requests stored, one new reference in 150,000 is taken. Five in a row are not.
TRIES = 5


class NotAllowedError(Exception):
    """The workflow does not lead from the one status to the other."""


class SomeoneElseChangedError(Exception):
    """The request has another status by now than the one that was on the screen."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One filled-in form: the answers, and what has to be known about how they were given."""

    key: SubmissionKey
    answers: Answers
    notice: PrivacyNotice
    language: str
    source_page: str = ""


def submit(submission: Submission) -> ConsultationRequest:
    """Store what was sent, with its first event, once for each key.

    The same key again gives the same request; if the answers are others by then, what has changed is
    kept with it as the patient's note. In both cases ``submission.key.token`` opens its private page.
    """
    tries = TRIES
    while True:
        try:
            return _submit_once(submission)
        except IntegrityError:
            # Another thread stored the same form a moment ago: the next turn finds it. Or the
            # reference is taken: the next turn draws another.
            tries -= 1
            if not tries:
                raise


def _submit_once(submission: Submission) -> ConsultationRequest:
    # Durable: when this returns, the request is on the disk, whatever becomes of the caller.
    with transaction.atomic(durable=True):
        # The lock keeps two sendings of changed answers from both leaving the same note.
        request = ConsultationRequest.objects.for_key(submission.key.hash).select_for_update().first()
        if request is None:
            return _store(submission)
        _keep_changes(request, submission.answers)
        return request


def _store(submission: Submission) -> ConsultationRequest:
    now = timezone.now()
    answers = {field.name: getattr(submission.answers, field.name) for field in fields(submission.answers)}
    request = ConsultationRequest.objects.create(
        **answers,
        reference=new_reference(),
        token_hash=token_hash(submission.key.token),
        key_hash=submission.key.hash,
        names_folded=folded(f"{submission.answers.patient_name} {submission.answers.requester_name}"),
        language=submission.language,
        notice=submission.notice,
        consented_at=now,
        source_page=submission.source_page,
        created_at=now,
        status_changed_at=now,
    )
    Event.objects.create(request=request, kind=Event.Kind.SUBMITTED, at=now, to_status=request.status)
    return request


def _keep_changes(request: ConsultationRequest, answers: Answers) -> None:
    """Note in which answers a second sending differs from the first, unless the last note says so already."""
    # In the staff's language, whichever the patient reads: a note is for the staff.
    with override(settings.LANGUAGE_CODE):
        was, now = request.answers.in_words(), answers.in_words()
        changed = [name for name in now if now[name] != was[name]]
        last = request.notes.filter(author=None).last()
        text = "\n".join(_change(name, was[name], now[name]) for name in changed)
        if last and not changed:
            text = _("All answers are again as they were first sent.")
    if not text or (last and last.text == text):
        return
    sent_at = timezone.now()
    Note.objects.create(request=request, text=text, at=sent_at)
    Event.objects.create(
        request=request, kind=Event.Kind.ANSWERS_CHANGED, at=sent_at, detail={"answers": changed}
    )


def _change(name: str, was: str, now: str) -> str:
    label = ConsultationRequest._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    nothing = _("nothing")
    return _("%(question)s: now “%(now)s”, before “%(was)s”") % {
        "question": str(label).capitalize(),
        "now": now or nothing,
        "was": was or nothing,
    }


def change_status(request: ConsultationRequest, to: str, *, actor: User, expected_status: str) -> None:
    """Move a request on, with its event.

    ``expected_status`` is the status that the person who pressed was looking at. Raises
    ``NotAllowedError`` when ``to`` may not follow it, and ``SomeoneElseChangedError`` when the request
    no longer has it.
    """
    if not workflow.may_follow(expected_status, to):
        raise NotAllowedError(f"{expected_status} to {to}")
    now = timezone.now()
    with transaction.atomic():
        # Compare and set in one statement: of two people who press at once, one finds no row left.
        changed = ConsultationRequest.objects.filter(pk=request.pk, status=expected_status).update(
            status=to, status_changed_at=now
        )
        if not changed:
            raise SomeoneElseChangedError(request.reference)
        Event.objects.create(
            request=request,
            kind=Event.Kind.STATUS_CHANGED,
            actor=actor,
            at=now,
            from_status=expected_status,
            to_status=to,
        )
    request.status, request.status_changed_at = to, now
