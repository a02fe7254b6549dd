"""Storing a consultation request once, whole, with everything that follows from it.

Each form carries a random idempotency key (``SubmissionKey``), whose hash is unique in the database:

- The same key again returns the stored request. Corrected contact details are saved; every other answer
  stays as it was sent first, and ``differs`` says whether there are any, for the page to tell.
- Another patient's answers under a used key raise ``AnotherPatientError``: they need a form of their own.
- A form that the same browser fetched again and sent with the same answers within a day is still one
  request: both have the same fingerprint, which is unique in the database, too.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import cached_property

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.core.rate_limits import Limit, charge_all
from clinic_site.core.rows import insert, insert_values
from clinic_site.core.text import fold_text
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.answers import Channel, Consent
from consultations.lifecycle import contact_details
from consultations.messaging.notify import announce_new_requests, notify, notify_staff_of_activity
from consultations.models import (
    Announcement,
    ConsultationRequest,
    Event,
    PrivacyNotice,
    PrivateLink,
    SearchTerm,
)
from consultations.models.search_terms import terms_of
from consultations.references import new_reference
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import Status

MAX_NOTES_PER_REQUEST = 20
# Enough for mistyped addresses, too few for writing to many strangers with one form.
MAX_ACKNOWLEDGEMENTS = 2
ACKNOWLEDGEMENT = "acknowledgement"  # as ``messaging.catalogue`` queues it
# Mobile carriers put thousands of people behind one address, and a family shares a phone. Above these numbers
# requests are held, not refused; refused only above what a clinic could ever get from one network.
REQUESTS_PER_NETWORK = Limit("requests from a network", attempts=400, period=timedelta(hours=1))
MAX_NOT_HELD_PER_NETWORK = 40
# Above it, the requests of one network are reported in digests and acknowledged later.
MAX_PROMPT_MAILS_PER_NETWORK = 10
REQUESTS_PER_PHONE = Limit("requests for a phone", attempts=10, period=timedelta(days=1))
# With a million requests stored, one new reference in 150,000 is taken. Five in a row are not.
MAX_ATTEMPTS = 5


class AnotherPatientError(Exception):
    """The form was sent before for a patient of another name and another age. Nothing is stored.

    Also raised for a form of staff that was saved before with any other answers.
    """


class TooManyRequestsError(Exception):
    """The network has stored as many requests as it may in an hour."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One filled-in form: the answers, and how they were given."""

    key: SubmissionKey
    answers: ConsultationRequest  # unsaved, with nothing but the answers; ``submit`` adds the rest
    notice: PrivacyNotice
    language: str
    source_page: str = ""
    # A secret of the sender's browser; "" where it has none.
    browser: str = ""
    # ``network_address`` of the sender; "" for a request that no limit applies to.
    network: str = ""
    # One word for each sign of spam.
    suspicions: tuple[str, ...] = ()
    # Of a request that staff took: who took it, and how it came.
    taken_by: User | None = None
    channel: str = Channel.WEBSITE
    consent: str = Consent.FORM

    @cached_property
    def duplicate_fingerprint(self) -> str:
        """A value that two forms of one browser with the same answers share; "" for an unknown browser."""
        if not self.browser:
            return ""
        answers = json.dumps(self.answers.comparable_answers(), sort_keys=True)
        return hmac.digest(self.browser.encode(), answers.encode(), "sha256").hex()


def submit(submission: Submission) -> ConsultationRequest:
    """Store a form once, and return its request. The token of ``submission.key`` opens its private page.

    Raises, with nothing stored or counted, ``AnotherPatientError`` or ``TooManyRequestsError``.
    """
    sent_at = timezone.now()
    clinic, hours = business_hours.recent()
    # A person who is speaking with staff has been answered already.
    has_promise = clinic and not submission.taken_by
    promised_by = business_hours.promised_by(sent_at, clinic=clinic, hours=hours) if has_promise else None
    may_be_repeat = False
    attempts = MAX_ATTEMPTS
    while True:
        # Before the transaction: SQLite has one write lock, for which the others wait.
        new = _completed(submission, sent_at, promised_by)
        terms = sorted(terms_of(new.reference, new))
        try:
            # Durable: when this returns, the request is on the disk, whatever happens to the caller.
            with transaction.atomic(durable=True):
                # Nearly all forms are new. The INSERT of one that is not fails, and then it is looked up.
                consultation = _find_repeated(submission) if may_be_repeat else None
                if consultation is None:
                    return _store(new, terms, submission)
                if submission.taken_by:
                    if differs(consultation, submission.answers):
                        raise AnotherPatientError
                    return consultation
                if is_another_patient(consultation, submission.answers):
                    raise AnotherPatientError
                _correct_contact_details(consultation, submission)
                return consultation
        except TooManyRequestsError:
            # The form may have been sent before, or by another thread while this one waited to be counted.
            if may_be_repeat and find(submission.key) is None:
                raise
        except IntegrityError:
            # The same form or the same answers are stored: the next attempt finds them. Or the reference is
            # taken: the next attempt draws another.
            attempts -= 1
            if not attempts:
                raise
        may_be_repeat = True


def find(key: SubmissionKey, *, lock: bool = False) -> ConsultationRequest | None:
    """Return the request that the form with this key became: its own, or the one that it repeats."""
    requests = ConsultationRequest.objects.filter(erased_at=None)
    if lock:
        requests = requests.select_for_update(of=("self",))
    own = requests.filter(key_hash=key.hash).first()
    return own or requests.filter(links__token_hash=token_hash(key.token)).first()


def is_another_patient(consultation: ConsultationRequest, answers: ConsultationRequest) -> bool:
    """Return whether these answers name another patient. A new name or a new age alone is a correction."""
    has_same_name = fold_text(consultation.patient_name) == fold_text(answers.patient_name)
    return not has_same_name and consultation.patient_age != answers.patient_age


def differs(consultation: ConsultationRequest, answers: ConsultationRequest) -> bool:
    """Return whether the request has other answers than these; two spellings of a number are the same."""
    return consultation.comparable_answers() != answers.comparable_answers()


def _completed(submission: Submission, now: datetime, promised_by: datetime | None) -> ConsultationRequest:
    """Return the answers as a request that can be stored, with a new reference."""
    request = submission.answers
    request.reference = new_reference()
    request.key_hash = submission.key.hash
    request.duplicate_fingerprint = submission.duplicate_fingerprint
    request.language = submission.language
    request.notice = submission.notice
    request.source_page = submission.source_page
    request.channel, request.consent = submission.channel, submission.consent
    request.taken_by = request.assignee = submission.taken_by
    request.first_contact_at = now if submission.taken_by else None
    request.consented_at = request.created_at = request.status_changed_at = now
    request.promised_by = promised_by
    return request


def _store(
    consultation: ConsultationRequest, terms: Sequence[str], submission: Submission
) -> ConsultationRequest:
    from_network, is_held = _count(submission)
    is_over_share = from_network > MAX_PROMPT_MAILS_PER_NETWORK
    consultation.announcement = Announcement.LATER if is_over_share else Announcement.AT_ONCE
    consultation.status = Status.HELD if is_held else Status.NEW
    if submission.suspicions:
        # Acknowledged when staff have taken it out of quarantine.
        consultation.status, consultation.announcement = Status.QUARANTINED, ""
    if submission.taken_by:
        consultation.status, consultation.announcement = Status.CONTACTING, ""
    insert(consultation)
    now, token = consultation.created_at, submission.key.token
    if not submission.taken_by:  # staff make a link when the patient wants one
        insert(PrivateLink(request=consultation, token_hash=token_hash(token), made_at=now))
    insert_values(SearchTerm, [(consultation.pk, term) for term in terms])
    detail: dict[str, Any] = {"suspicions": list(submission.suspicions)} if submission.suspicions else {}
    if submission.taken_by:
        detail = {"channel": submission.channel, "consent": submission.consent}
    event = Event(request=consultation, kind=Event.Kind.SUBMITTED, actor=submission.taken_by, at=now)
    event.to_status, event.detail = consultation.status, detail
    insert(event)
    if submission.taken_by:
        notify("acknowledgement", consultation, by_staff=True)
    elif settings.MAIL_DELIVERY == "off":
        # There is no mail worker, and staff see what could not be sent. Also those from before mail was off.
        announce_new_requests()
    return consultation


def _count(submission: Submission) -> tuple[int, bool]:
    """Return how many requests the network has sent in this hour, and whether this one is held.

    Counted in the transaction that stores the request, so that only what is stored counts.
    """
    if not submission.network:
        return 0, False
    from_network, for_phone = charge_all(
        (REQUESTS_PER_NETWORK, submission.network), (REQUESTS_PER_PHONE, submission.answers.phone)
    )
    if from_network > REQUESTS_PER_NETWORK.attempts:
        raise TooManyRequestsError
    is_held = from_network > MAX_NOT_HELD_PER_NETWORK or for_phone > REQUESTS_PER_PHONE.attempts
    return from_network, is_held


def _find_repeated(submission: Submission) -> ConsultationRequest | None:
    """Return the locked request of the same form, or with the same answers from the same browser.

    A phone that has thrown the form away fetches another, with another key, and fills in the same answers:
    the token of that form opens the request, too.
    """
    consultation, fingerprint = find(submission.key, lock=True), submission.duplicate_fingerprint
    if consultation or not fingerprint:
        return consultation
    # Locked: a request that is withdrawn at this moment is no duplicate any more.
    duplicates = ConsultationRequest.objects.recent_duplicates(fingerprint)
    if consultation := duplicates.select_for_update().first():
        consultation.links.create(token_hash=token_hash(submission.key.token), made_at=timezone.now())
        return consultation
    # A closed or older request gives its fingerprint up. A duplicate that was stored since we looked does
    # not: the database then refuses this one, and the next attempt finds the other.
    same = ConsultationRequest.objects.with_fingerprint(fingerprint)
    same.exclude(pk__in=duplicates.values("pk")).update(duplicate_fingerprint="")
    return None


def _correct_contact_details(consultation: ConsultationRequest, submission: Submission) -> None:
    """Save the form's contact details in an open request, unless they were corrected elsewhere since.

    The form may be the older of the two, and must not bring a wrong number back.
    """
    to = {name: getattr(submission.answers, name) for name in contact_details.FIELDS}
    if (
        consultation.status not in workflow.OPEN | workflow.SET_ASIDE
        or not contact_details.changed_fields(consultation, to)
        or contact_details.was_corrected_separately(consultation)
        or consultation.notes.filter(author=None).count() >= MAX_NOTES_PER_REQUEST
    ):
        return
    corrected = contact_details.correct(consultation, to, author=None)
    consultation.events.create(
        kind=Event.Kind.CONTACT_DETAILS_CORRECTED, at=timezone.now(), detail={"what": corrected}
    )
    notify_staff_of_activity(consultation, "phone" if "phone" in corrected else "contact")
    if "email" not in corrected:
        return
    # Acknowledge to the new address, while the acknowledgement is still true, and no longer to the old one.
    mail_queue.supersede(consultation.reference, {ACKNOWLEDGEMENT})
    is_late = consultation.promised_by is not None and consultation.promised_by <= timezone.now()
    sent = OutgoingMessage.objects.filter(about=consultation.reference, kind=ACKNOWLEDGEMENT)
    is_new = consultation.status in (Status.NEW, Status.HELD)
    if is_new and not is_late and sent.count() < MAX_ACKNOWLEDGEMENTS:
        notify("acknowledgement", consultation)
