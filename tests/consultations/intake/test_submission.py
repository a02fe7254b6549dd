"""A form is stored once and whole; the same form, or the same answers from one browser, are one request."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from clinic_site.core.rows import insert
from consultations import workflow
from consultations.intake import submission as intake_submission
from consultations.intake.submission import AnotherPatientError, Submission, differs, submit
from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest, Event, Note
from consultations.portal import actions
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.factories import a_coordinator, a_notice, a_submission

pytestmark = pytest.mark.django_db


def test_submit_stores_answers_consent_and_first_event() -> None:
    notice = a_notice()
    submission = a_submission(message="It hurts.")
    with time_machine.travel(datetime(2026, 3, 2, 4, 30, tzinfo=UTC), tick=False):
        consultation = submit(submission)
    assert differs(consultation, a_submission().answers)
    consultation = ConsultationRequest.objects.get()
    assert not differs(consultation, a_submission(message="It hurts.").answers)
    assert (consultation.status, consultation.notice) == (Status.NEW, notice)
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
    # Also once staff have replaced all links to the private page.
    staff_actions.new_private_link(first, actor=a_coordinator(), version=first.version)
    assert submit(submission) == first


def test_other_answers_under_a_used_key_change_nothing_and_differ() -> None:
    key = SubmissionKey.new()
    submit(a_submission(key=key))
    for changes in ({"patient_age": 35}, {"patient_name": "Fatima Bibi"}, {"message": "It is worse."}):
        again = a_submission(key=key, **changes)
        consultation = submit(again)
        assert differs(consultation, again.answers), changes
    respelled = a_submission(key=key, phone_as_typed="+92-301-2345678")
    assert not differs(submit(respelled), respelled.answers)
    with pytest.raises(AnotherPatientError):
        submit(a_submission(key=key, patient_name="Sara Khan", patient_age=3))
    consultation = ConsultationRequest.objects.get()
    assert (consultation.patient_name, consultation.patient_age) == ("Ayesha Khan", 34)
    assert consultation.message == ""
    assert Event.objects.count() == 1
    assert not Note.objects.exists()


def test_taken_reference_is_drawn_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["MS-2222-2222", "MS-2222-2222", "MS-3333-3333"])
    monkeypatch.setattr(intake_submission, "new_reference", lambda: next(drawn))
    first, second = submit(a_submission()), submit(a_submission())
    assert (first.reference, second.reference) == ("MS-2222-2222", "MS-3333-3333")
    monkeypatch.setattr(intake_submission, "new_reference", lambda: first.reference)
    with pytest.raises(IntegrityError):
        submit(a_submission())
    assert ConsultationRequest.objects.count() == Event.objects.count() == 2


def test_request_whose_event_cannot_be_written_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def insert_or_fail(row: Model) -> None:
        if isinstance(row, Event):
            raise OSError("the disk is full")
        insert(row)

    monkeypatch.setattr(intake_submission, "insert", insert_or_fail)
    with pytest.raises(OSError, match="full"):
        submit(a_submission())
    assert not ConsultationRequest.objects.exists()


# The same answers from the same browser, in forms of their own


def from_her_browser() -> Submission:
    return replace(a_submission(), browser="hers")


def test_same_answers_from_one_browser_are_one_request_with_two_addresses(patient: Patient) -> None:
    first = patient.sends()
    patient.answers(phone="+92 301 2345678")
    again = patient.response
    seconds = set()
    for _press in range(2):
        patient.response = again
        seconds.add(patient.confirms())
    (second,) = seconds
    assert first != second
    request = ConsultationRequest.objects.get()
    assert request.links.count() == 2
    for address in (first, second):
        patient.opens(address)
        assert request.reference in patient.text
    assert not Note.objects.exists()


def test_other_answers_or_another_browser_make_another_request(patient: Patient) -> None:
    patient.sends()
    others = ({"patient_name": "Fatima"}, {"patient_age": "8"}, {"message": ""}, {"days": ["1"]})
    for number, changes in enumerate(others, start=2):
        patient.sends(**changes)
        assert ConsultationRequest.objects.count() == number, changes
    stranger = Patient(Client())
    stranger.opens(stranger.sends())
    assert ConsultationRequest.objects.count() == 6
    assert ConsultationRequest.objects.latest("pk").reference in stranger.text


def test_same_answers_a_day_later_are_another_request() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = submit(from_her_browser())
        clock.shift(timedelta(hours=25))
        assert submit(from_her_browser()) != first


def test_only_an_open_request_is_a_duplicate() -> None:
    first = submit(from_her_browser())
    for status in Status:
        ConsultationRequest.objects.exclude(pk=first.pk).update(status=Status.WITHDRAWN)
        ConsultationRequest.objects.filter(pk=first.pk).update(
            status=status, duplicate_fingerprint=from_her_browser().duplicate_fingerprint
        )
        again = submit(from_her_browser())
        assert (again != first) == (status in workflow.CLOSED), status
        ConsultationRequest.objects.exclude(pk=first.pk).update(duplicate_fingerprint="")


def test_duplicate_check_uses_newest_open_request() -> None:
    first = submit(from_her_browser())
    actions.withdraw(first)
    second = submit(from_her_browser())
    assert (second.status, second != first) == (Status.NEW, True)
    ConsultationRequest.objects.filter(pk=first.pk).update(status=Status.CONTACTING)
    assert submit(from_her_browser()) == second
