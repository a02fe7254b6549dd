"""A request is stored: once, whole, with all that follows from it."""

import hmac
import json
from dataclasses import asdict, dataclass, fields, replace

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.answers import Answers
from consultations.lifecycle import contact_details
from consultations.lifecycle.errors import PhotographsMissingError
from consultations.messaging import catalogue
from consultations.messaging.notify import tell, tell_staff
from consultations.messaging.staff_language import in_staff_language
from consultations.models import (
    ConsultationRequest,
    Event,
    Note,
    Photograph,
    PrivacyNotice,
    PrivateLink,
    SearchTerm,
)
from consultations.models.search_terms import terms_of
from consultations.references import new_reference
from consultations.text_folding import folded
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import Status

# What one request takes from its patient: enough for anybody, too little to fill a disk.
MOST_NOTES = 20
MOST_PHOTOGRAPHS = 8
# As often as an address is mistyped; too seldom to have many strangers written to with one form.
MOST_ACKNOWLEDGEMENTS = 2
ACKNOWLEDGEMENT = "acknowledgement"  # as ``messages`` queues it

# With a million requests stored, one new reference in 150,000 is taken. Five in a row are not.
TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One filled-in form: the answers, and what has to be known about how they were given."""

    key: SubmissionKey
    answers: Answers
    notice: PrivacyNotice
    language: str
    source_page: str = ""
    # What tells the sender's browser from any other, and nobody else knows; "" if nothing does.
    browser: str = ""
    # The digests of the files that the patient was shown with it, before sending.
    shown: frozenset[str] = frozenset()
    # Why it looks like spam, in a word for each sign; empty for what looks like a patient.
    suspicions: tuple[str, ...] = ()

    @property
    def twin_hash(self) -> str:
        """The same for the same answers from the same browser, however a telephone number is written."""
        if not self.browser:
            return ""
        answers = asdict(replace(self.answers, phone_as_typed="", whatsapp_as_typed="", procedure=None))
        told = json.dumps(answers, sort_keys=True)
        return hmac.digest(self.browser.encode(), told.encode(), "sha256").hex()


def submit(submission: Submission) -> ConsultationRequest:
    """Store what was sent, with its first event, once for each key, and for each patient of a form.

    The same key again gives the same request; if the answers are others by then, how to reach the patient is
    corrected, and what else has changed is kept with it as the patient's note. Another patient's answers are
    another request. In all cases the token of ``key_of(submission.key, submission.answers)`` opens the
    private page.

    Raises ``PhotographsMissingError``, and stores nothing, when a file of ``submission.shown`` would not be
    the request's: it was taken out in another window, waited too long, or has no room any more.
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


def key_of(form: SubmissionKey, answers: Answers) -> SubmissionKey:
    """The key that a form's answers are stored under: its own, unless it was sent for another patient first.

    Somebody who goes back after sending, and fills in the next child, has still the same form. A patient
    of another name and another age is another patient; one of the two alone is a correction.
    """
    another = form.for_patient(folded(answers.patient_name), answers.patient_age)
    if is_stored(another):
        return another
    first = _of_form(form)
    return another if first and _is_another_patient(first.answers, answers) else form


def _is_another_patient(first: Answers, answers: Answers) -> bool:
    is_named_otherwise = folded(first.patient_name) != folded(answers.patient_name)
    return is_named_otherwise and first.patient_age != answers.patient_age


def is_stored(key: SubmissionKey) -> bool:
    """Whether a key of ``key_of`` was sent already: to send it again costs nothing, and is never refused."""
    return _of_form(key) is not None


def _of_form(key: SubmissionKey) -> ConsultationRequest | None:
    """The request that a form became: its own, or that of its twin, whose link it was given then."""
    own = ConsultationRequest.objects.for_key(key.hash).first()
    link = own or PrivateLink.objects.filter(token_hash=token_hash(key.token)).first()
    return link.request if isinstance(link, PrivateLink) else own


def _submit_once(submission: Submission) -> ConsultationRequest:
    # Durable: when this returns, the request is on the disk, whatever becomes of the caller.
    with transaction.atomic(durable=True):
        # The lock keeps two sendings of changed answers from both leaving the same note.
        key = key_of(submission.key, submission.answers)
        request = _of_form(key) or _take_for_its_twin(submission, key)
        if request is None:
            return _store(submission, key)
        request = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
        if request.erased_at is None:
            _add_photographs(request, submission.key)
            _must_have(request, submission.shown)
            _keep_changes(request, submission.answers, key)
        return request


def _take_for_its_twin(submission: Submission, key: SubmissionKey) -> ConsultationRequest | None:
    """What the same browser sent with the very same answers: this form opens its private page too.

    A phone that has thrown the form away fetches another, with another key, and puts back what was typed:
    whoever got no answer and sends that has not asked twice. Another browser is never let in here, whatever
    it knows; and one different answer makes another request.
    """
    if not submission.twin_hash:
        return None
    # Locked: it may be withdrawn at this moment, and then it is no twin.
    twin = ConsultationRequest.objects.twins(submission.twin_hash).select_for_update().first()
    if twin is not None:
        _link(twin, key)
    return twin


def _link(request: ConsultationRequest, key: SubmissionKey) -> None:
    PrivateLink.objects.create(request=request, token_hash=token_hash(key.token), made_at=timezone.now())


def _store(submission: Submission, key: SubmissionKey) -> ConsultationRequest:
    now = timezone.now()
    answers = {field.name: getattr(submission.answers, field.name) for field in fields(submission.answers)}
    status = Status.QUARANTINED if submission.suspicions else Status.NEW
    # One that is no twin any more gives it up. One that was stored since we looked does not: the database
    # refuses this one then, and the next try finds it.
    if submission.twin_hash:
        twins = ConsultationRequest.objects.twins(submission.twin_hash)
        same = ConsultationRequest.objects.filter(twin_hash=submission.twin_hash)
        same.exclude(pk__in=twins.values("pk")).update(twin_hash="")
    request = ConsultationRequest.objects.create(
        **answers,
        reference=new_reference(),
        key_hash=key.hash,
        twin_hash=submission.twin_hash,
        status=status,
        language=submission.language,
        notice=submission.notice,
        consented_at=now,
        source_page=submission.source_page,
        created_at=now,
        status_changed_at=now,
        promised_by=business_hours.promised_by(now),
    )
    _link(request, key)
    _let_be_found(request, submission.answers)
    # They wait with the form, whomever it is sent for.
    _keep_photographs(request, submission.key)
    _must_have(request, submission.shown)
    Event.objects.create(
        request=request,
        kind=Event.Kind.SUBMITTED,
        at=now,
        to_status=status,
        detail={"suspicions": list(submission.suspicions)} if submission.suspicions else {},
    )
    tell(request, catalogue.received, request, key.token)
    tell(request, catalogue.new_request, request)
    return request


def _let_be_found(request: ConsultationRequest, answers: Answers) -> None:
    """By these answers, besides those that it is found by already."""
    terms = terms_of(request.reference, answers)
    SearchTerm.objects.bulk_create(
        [SearchTerm(request=request, term=term) for term in sorted(terms)], ignore_conflicts=True
    )


def _add_photographs(request: ConsultationRequest, key: SubmissionKey) -> None:
    """Give the request what was chosen since it was sent, and tell of it, as of anything that comes later."""
    if count := _keep_photographs(request, key):
        Event.objects.create(
            request=request, kind=Event.Kind.PHOTOGRAPH_ADDED, at=timezone.now(), detail={"count": count}
        )
        tell_staff(request, "photograph")


def _keep_photographs(request: ConsultationRequest, key: SubmissionKey) -> int:
    """Give the request the files of its form that it does not have, as many as one may have; how many.

    The others are forgotten in a day.
    """
    known = digests_of(request)
    room = max(MOST_PHOTOGRAPHS - len(known), 0)
    chosen = Photograph.objects.waiting_with(key.hash).exclude(digest__in=known).order_by("pk")[:room]
    # In one statement: a file that is taken out of the form at this moment is either in or out.
    return Photograph.objects.filter(pk__in=list(chosen.values_list("pk", flat=True)), request=None).update(
        request=request, key_hash=""
    )


def _must_have(request: ConsultationRequest, shown: frozenset[str]) -> None:
    """What the patient saw goes with the request, or the patient is asked again. Asked once it is stored, so
    that whatever happens to a file at this very moment counts."""
    if shown:
        kept = frozenset(digests_of(request))
        if not shown <= kept:
            raise PhotographsMissingError(kept)


def photographs_stored(key: SubmissionKey) -> set[str]:
    """The digests of the files that the request of a key of ``key_of`` has already."""
    request = _of_form(key)
    return digests_of(request) if request else set()


def digests_of(request: ConsultationRequest) -> set[str]:
    return set(request.photographs.values_list("digest", flat=True))


def _keep_changes(request: ConsultationRequest, answers: Answers, key: SubmissionKey) -> None:
    """Correct how the patient is reached, and note in which other answers a second sending differs."""
    # Sending again is never refused, so that it needs an end of its own: nobody changes a mind so often.
    if request.notes.filter(author=None).count() >= MOST_NOTES:
        return
    corrected = _correct_reach(request, answers, key)
    if _note_changes(request, answers) or corrected:
        tell_staff(request, "phone" if "phone" in corrected else "note")


def _correct_reach(request: ConsultationRequest, answers: Answers, key: SubmissionKey) -> list[str]:
    """Reach the patient of an open request as the form says now; gives the names of what was corrected.

    Not where it was corrected elsewhere: the form may be older, and must not bring a wrong number back.
    """
    to = contact_details.ContactDetails.of(answers)
    if request.status not in workflow.OPEN | workflow.SET_ASIDE or not contact_details.changed_fields(
        request, to
    ):
        return []
    if contact_details.was_corrected_separately(request):
        return []
    corrected = contact_details.correct(request, to, author=None)
    Event.objects.create(
        request=request, kind=Event.Kind.REACH_CORRECTED, at=timezone.now(), detail={"what": corrected}
    )
    if "email" in corrected:
        _acknowledge_to_new_address(request, key)
    return corrected


def _acknowledge_to_new_address(request: ConsultationRequest, key: SubmissionKey) -> None:
    """Tell it what others are told at once, as long as that is true; the former one is told no more."""
    mail_queue.supersede(request.reference, {ACKNOWLEDGEMENT})
    is_past = request.promised_by is not None and request.promised_by <= timezone.now()
    if request.status != Status.NEW or is_past:
        return
    told = OutgoingMessage.objects.filter(about=request.reference, kind=ACKNOWLEDGEMENT)
    if told.count() < MOST_ACKNOWLEDGEMENTS:
        tell(request, catalogue.received, request, key.token)


def _note_changes(request: ConsultationRequest, answers: Answers) -> bool:
    """Note in which answers this sending differs from the first, unless the last note says so already."""
    with in_staff_language():
        was, now = request.answers.in_words(), answers.in_words()
        changed = [name for name in now if now[name] != was[name]]
        last = _last_change(request)
        text = "\n".join(_change(name, was[name], now[name]) for name in changed)
        if last and not changed:
            text = _("All answers are again as they stand in the request.")
    if not text or (last and last.text == text):
        return False
    sent_at = timezone.now()
    Note.objects.create(request=request, text=text, at=sent_at)
    Event.objects.create(
        request=request, kind=Event.Kind.ANSWERS_CHANGED, at=sent_at, detail={"answers": changed}
    )
    _let_be_found(request, answers)
    return True


def _last_change(request: ConsultationRequest) -> Note | None:
    """What the last sending with other answers left; not what the patient wrote on the private page."""
    event = request.events.filter(kind=Event.Kind.ANSWERS_CHANGED).last()
    return request.notes.filter(author=None, at=event.at).last() if event else None


def _change(name: str, was: str, now: str) -> str:
    label = ConsultationRequest._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    nothing = _("nothing")
    return _("%(question)s: now “%(now)s”, before “%(was)s”") % {
        "question": str(label).capitalize(),
        "now": now or nothing,
        "was": was or nothing,
    }
