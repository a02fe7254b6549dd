"""A form is stored once and whole, and the same form again is the same request."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission as intake_submission
from consultations.intake.submission import AnotherPatientError, differs, submit
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import Status
from tests.factories import a_notice, a_submission

pytestmark = pytest.mark.django_db


def test_submit_stores_answers_consent_and_first_event() -> None:
    notice = a_notice()
    submission = a_submission(message="It hurts.")
    with time_machine.travel(datetime(2026, 3, 2, 4, 30, tzinfo=UTC), tick=False):
        consultation = submit(submission)
    consultation.refresh_from_db()
    assert not differs(consultation, submission.answers)
    assert consultation.status == Status.NEW
    assert consultation.notice == notice
    assert consultation.created_at == consultation.consented_at == consultation.status_changed_at
    assert consultation.created_at == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    event = consultation.events.get()
    assert (event.kind, event.to_status, event.from_status) == (Event.Kind.SUBMITTED, "new", "")
    assert (event.actor, event.at, event.detail) == (None, consultation.created_at, {})


def test_only_hashes_of_key_and_token_are_stored_and_the_token_opens_the_request() -> None:
    submission = a_submission()
    consultation = submit(submission)
    stored = f"{ConsultationRequest.objects.values().get()} {list(consultation.links.values())}"
    assert submission.key.secret not in stored
    assert submission.key.token not in stored
    assert list(ConsultationRequest.objects.for_token(submission.key.token)) == [consultation]
    for wrong in (SubmissionKey.new().token, token_hash(submission.key.token)):
        assert not ConsultationRequest.objects.for_token(wrong)


def test_same_key_returns_the_stored_request_and_another_key_does_not() -> None:
    submission = a_submission()
    first = submit(submission)
    assert submit(submission) == first
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1
    assert submit(a_submission()) != first
    assert not Note.objects.exists()


def test_other_answers_under_a_used_key_change_nothing_and_differ() -> None:
    key = SubmissionKey.new()
    submit(a_submission(key=key))
    for changes in ({"patient_age": 35}, {"patient_name": "Fatima Bibi"}, {"message": "It is worse."}):
        again = a_submission(key=key, **changes)
        consultation = submit(again)
        assert differs(consultation, again.answers), changes
    respelled = a_submission(key=key, phone_as_typed="+92-301-2345678")
    assert not differs(submit(respelled), respelled.answers)
    consultation.refresh_from_db()
    assert (consultation.patient_name, consultation.patient_age) == ("Ayesha Khan", 34)
    assert consultation.message == ""
    assert Event.objects.count() == 1
    assert not Note.objects.exists()


def test_another_patient_under_a_used_key_is_refused() -> None:
    key = SubmissionKey.new()
    submit(a_submission(key=key))
    with pytest.raises(AnotherPatientError):
        submit(a_submission(key=key, patient_name="Sara Khan", patient_age=3))
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1


def test_staff_get_one_mail_about_a_corrected_number(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    key = SubmissionKey.new()
    for phone in ("+923012345678", "+923219876543", "+923219876543"):
        submit(a_submission(key=key, phone=phone))
    assert OutgoingMessage.objects.filter(kind="patient_activity").count() == 1


def test_a_taken_reference_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["MS-2222-2222", "MS-2222-2222", "MS-3333-3333"])
    monkeypatch.setattr(intake_submission, "new_reference", lambda: next(drawn))
    first, second = submit(a_submission()), submit(a_submission())
    assert (first.reference, second.reference) == ("MS-2222-2222", "MS-3333-3333")


def test_submit_gives_up_when_the_database_keeps_refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = submit(a_submission()).reference
    monkeypatch.setattr(intake_submission, "new_reference", lambda: taken)
    with pytest.raises(IntegrityError):
        submit(a_submission())
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1


def test_a_request_whose_event_cannot_be_written_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **values: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event, "save", fails)
    with pytest.raises(OSError, match="full"):
        submit(a_submission())
    assert not ConsultationRequest.objects.exists()
