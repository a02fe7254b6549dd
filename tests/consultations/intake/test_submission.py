"""A form is stored once, whole, and with what was changed when it comes again."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.utils import translation

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission as intake_submission
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import Status
from tests.factories import a_notice, a_submission

pytestmark = pytest.mark.django_db


def test_a_form_is_stored_with_its_consent_and_its_first_event() -> None:
    notice = a_notice()
    submission = a_submission(message="It hurts.")
    with time_machine.travel(datetime(2026, 3, 2, 4, 30, tzinfo=UTC), tick=False):
        request = intake_submission.submit(submission)
    request.refresh_from_db()
    assert request.answers == submission.answers
    assert request.status == Status.NEW
    assert request.notice == notice
    assert request.created_at == request.consented_at == request.status_changed_at
    assert request.created_at == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    event = request.events.get()
    assert (event.kind, event.to_status, event.from_status) == (Event.Kind.SUBMITTED, "new", "")
    assert (event.actor, event.at, event.detail) == (None, request.created_at, {})


def test_neither_key_nor_token_is_stored() -> None:
    submission = a_submission()
    intake_submission.submit(submission)
    row = str(ConsultationRequest.objects.values().get())
    assert submission.key.secret not in row
    assert submission.key.token not in row


def test_the_token_of_the_key_opens_the_request() -> None:
    submission = a_submission()
    request = intake_submission.submit(submission)
    assert list(ConsultationRequest.objects.for_token(submission.key.token)) == [request]
    assert not ConsultationRequest.objects.for_token(SubmissionKey.new().token)
    assert not ConsultationRequest.objects.for_token(token_hash(submission.key.token))


def test_the_same_form_again_is_the_same_request() -> None:
    submission = a_submission()
    first, second = intake_submission.submit(submission), intake_submission.submit(submission)
    assert first == second
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1
    assert not Note.objects.exists()


def test_two_forms_with_the_same_answers_are_two_requests() -> None:
    intake_submission.submit(a_submission())
    intake_submission.submit(a_submission())
    assert ConsultationRequest.objects.count() == 2


def test_changed_answers_are_kept_as_the_patients_note_and_the_first_ones_stay() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key, patient_age=43))
    request = intake_submission.submit(a_submission(key=key, patient_age=34, city="Lahore"))
    request.refresh_from_db()
    assert request.patient_age == 43
    note = request.notes.get()
    assert note.author is None
    assert note.text.splitlines() == [
        "Patient’s age: now “34”, before “43”",
        "City or town: now “Lahore”, before “nothing”",
    ]
    assert request.was_changed_by_patient
    assert request.unread_since


def test_staff_are_written_to_about_changed_answers(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    key = SubmissionKey.new()
    for phone in ("+923012345678", "+923219876543", "+923219876543"):
        intake_submission.submit(a_submission(key=key, phone=phone))
    assert OutgoingMessage.objects.filter(kind="patient_activity").count() == 1


def test_the_event_of_a_change_names_the_questions_and_no_answer() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key))
    request = intake_submission.submit(a_submission(key=key, patient_name="Fatima Bibi"))
    event = request.events.get(kind=Event.Kind.ANSWERS_CHANGED)
    assert event.detail == {"answers": ["patient_name"]}


def test_the_same_change_again_is_noted_once() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key))
    for _ in range(3):
        request = intake_submission.submit(a_submission(key=key, patient_age=35))
    assert request.notes.count() == 1


def test_a_change_back_to_the_first_answers_is_noted_too() -> None:
    key = SubmissionKey.new()
    for age in (34, 35, 34, 34):
        request = intake_submission.submit(a_submission(key=key, patient_age=age))
    assert [note.text for note in request.notes.all()] == [
        "Patient’s age: now “35”, before “34”",
        "All answers are again as they stand in the request.",
    ]


def test_another_spelling_of_the_same_phone_number_is_no_change() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key))
    request = intake_submission.submit(a_submission(key=key, phone_as_typed="+92-301-2345678"))
    assert not request.notes.exists()


def test_a_note_is_written_in_the_staffs_language_whatever_the_patient_reads() -> None:
    key = SubmissionKey.new()
    intake_submission.submit(a_submission(key=key))
    with translation.override("ur"):
        intake_submission.submit(a_submission(key=key, patient_age=35))
        request = intake_submission.submit(a_submission(key=key, patient_age=35))
    assert request.notes.get().text == "Patient’s age: now “35”, before “34”"


def test_a_reference_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["MS-2222-2222", "MS-2222-2222", "MS-3333-3333"])
    monkeypatch.setattr(intake_submission, "new_reference", lambda: next(drawn))
    first, second = intake_submission.submit(a_submission()), intake_submission.submit(a_submission())
    assert (first.reference, second.reference) == ("MS-2222-2222", "MS-3333-3333")


def test_what_the_database_refuses_for_good_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    intake_submission.submit(a_submission())
    taken = ConsultationRequest.objects.get().reference
    monkeypatch.setattr(intake_submission, "new_reference", lambda: taken)
    with pytest.raises(IntegrityError):
        intake_submission.submit(a_submission())
    assert ConsultationRequest.objects.count() == Event.objects.count() == 1


def test_a_request_whose_event_cannot_be_written_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**values: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event.objects, "create", fails)
    with pytest.raises(OSError, match="full"):
        intake_submission.submit(a_submission())
    assert not ConsultationRequest.objects.exists()
