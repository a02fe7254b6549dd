"""Photographs chosen before "Send request": listed, removed, sent, and deleted after a day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from clinic_site.core.rate_limits import Limit, recent_refusals
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import attachments, file_storage, submission
from consultations.models import Attachment, ConsultationRequest, Event, PrivacyNotice
from consultations.workflow import Status
from tests.consultations.conftest import ATTACHMENTS, FORM, Patient, a_photograph, a_report, stored_request
from tests.pages import Page

pytestmark = pytest.mark.django_db

CHOOSE_AGAIN = "If you had added photos or a report, they are no longer here. Please choose them again."
LOST_KEY = {"key": "from before the secret changed"}


@pytest.fixture
def patient(client: Client, notice: PrivacyNotice) -> Patient:
    """A patient at "Check your answers"."""
    patient = Patient(client)
    patient.answers()
    return patient


def stored_names() -> set[str]:
    return {path.name for path in file_storage._folder().rglob("*.*")}


def error_of(page: Page) -> str:
    (error,) = page.by_class("error-message")
    return error.text


def delete_after_a_day() -> int:
    return attachments.delete_unsent(timezone.now() + timedelta(hours=23, minutes=1))


def test_added_files_are_listed_and_sent_with_the_request(patient: Patient) -> None:
    patient.at_files(open="yes")
    page = patient.adds(a_photograph(), a_report())
    assert page.one("h1").text == "Check your answers"
    assert "1: Photograph, 2: Report (PDF)" in patient.text
    assert set(Attachment.objects.values_list("request", flat=True)) == {None}
    check = patient.response
    page = patient.presses("change", "message")
    assert "He cut his hand on glass." in page.one("textarea", name="message").text
    led_to = set()
    for _press in range(2):
        patient.response = check
        led_to.add(patient.confirms())
    assert len(led_to) == 1
    assert [attachment.kind for attachment in stored_request().attachments.all()] == ["image", "pdf"]
    assert len(stored_names()) == 3


def test_removed_attachment_is_deleted_with_its_file_and_not_missed(
    patient: Patient, django_capture_on_commit_callbacks: Any
) -> None:
    patient.adds(a_photograph(), a_photograph("blue"))
    first = patient.at_files(open="yes").all("button", name="remove")[0]["value"]
    check = patient.response
    patient.answers(patient_name="Another")
    patient.at_files(remove=first)  # from another form
    assert Attachment.objects.count() == 2
    patient.response = check
    with django_capture_on_commit_callbacks(execute=True):
        patient.at_files(remove=first)
    assert Attachment.objects.count() == 1
    assert len(stored_names()) == 2
    for nothing in (first, "0", "x", "9" * 30, "۱"):
        patient.at_files(remove=nothing)
        assert patient.response.status_code == 200
    patient.confirms()
    assert stored_request().attachments.count() == 1


def test_invalid_file_is_named_and_valid_ones_are_kept(patient: Patient) -> None:
    assert "go on without one" in error_of(patient.adds())
    page = patient.adds(a_photograph(), SimpleUploadedFile("virus <i>.exe", b"MZ..."))
    assert page.one("title").text.startswith("Error: ")
    assert "virus <i>.exe" in error_of(page)
    assert "Choose a photo in JPEG, PNG, WebP or HEIC, or a report in PDF." in error_of(page)
    assert Attachment.objects.count() == 1


def test_no_file_is_stored_twice_and_no_fifth_one(patient: Patient) -> None:
    for _reload in range(2):
        patient.adds(a_photograph())
    assert Attachment.objects.count() == 1
    assert len(stored_names()) == 2
    patient.adds(*map(a_photograph, ("green", "blue", "white")))
    assert "Choose fewer files" in error_of(patient.adds(a_photograph("black")))
    assert Attachment.objects.count() == 4
    assert len(stored_names()) == 8


@pytest.mark.parametrize("full", ["network", "the disk, nearly", "the disk", "the disk, at the second file"])
def test_request_is_sent_without_files_when_there_is_no_room(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    write, written = file_storage._write, []

    def fails(name: str, data: bytes) -> None:
        written.append(name)
        if len(written) == (3 if full.endswith("file") else 1):
            raise OSError("No space left on device")
        write(name, data)

    if full == "network":
        monkeypatch.setattr(attachments, "BYTES_PER_NETWORK", Limit("bytes", 10, timedelta(days=1)))
    elif full == "the disk, nearly":
        monkeypatch.setattr(file_storage, "MIN_FREE_BYTES", 10**18)
    else:
        monkeypatch.setattr(file_storage, "_write", fails)
    page = patient.adds(a_photograph(), a_photograph("blue"))
    assert "Send your request without it" in error_of(page)
    assert not stored_names() and not Attachment.objects.exists()
    patient.confirms()
    assert stored_request()


def test_each_network_has_its_own_share_of_bytes(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.adds(a_photograph())
    size = Attachment.objects.get().size
    patient.confirms()
    limit = replace(attachments.BYTES_PER_NETWORK, attempts=size + 100)
    monkeypatch.setattr(attachments, "BYTES_PER_NETWORK", limit)
    patient.answers(patient_name="Another")
    form = patient.response
    assert "Too many files have come from your network today" in error_of(patient.adds(a_photograph("blue")))
    [refused] = recent_refusals(timezone.now())
    assert (refused.scope, refused.times) == ("bytes of uploads from a network", 1)
    patient.response = form
    patient.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    patient.adds(a_photograph("blue"))
    assert "1: Photograph" in patient.text


def test_files_are_counted_before_they_are_read_and_the_answers_stay(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = replace(attachments.FILES_PER_NETWORK, attempts=3)
    monkeypatch.setattr(attachments, "FILES_PER_NETWORK", limit)
    patient.adds(a_photograph(), a_photograph("white"))
    page = patient.adds(a_photograph("blue"), a_photograph("black"))
    assert patient.response.status_code == 429
    assert "from your network in the last hour. Send your request without it" in error_of(page)
    assert page.hidden_fields()["patient_name"] == "علی خان"
    assert Attachment.objects.count() == 2


def test_oldest_unsent_files_make_room_and_sent_ones_never_do(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    patient.adds(a_photograph())
    patient.confirms()
    sent = Attachment.objects.get()
    forms = []
    for color in ("blue", "white", "green"):
        patient.answers(patient_name=f"Patient {color}")
        patient.adds(a_photograph(color))
        forms.append((patient.response, Attachment.objects.latest("pk").pk))
    Attachment.objects.filter(pk=forms[1][1]).update(added_at=timezone.now() - timedelta(hours=2))
    # As much room as one file needs is missing, and "white" waits for the longest.
    monkeypatch.setattr(file_storage, "free_bytes", lambda: file_storage.MIN_FREE_BYTES)
    patient.response = forms[2][0]
    with django_capture_on_commit_callbacks(execute=True):
        patient.adds(a_photograph("black"))
    assert "2: Photograph" in patient.text
    left = set(Attachment.objects.values_list("pk", flat=True))
    assert forms[1][1] not in left and {sent.pk, forms[0][1], forms[2][1]} <= left
    assert len(stored_names()) == 8
    # The patient of the deleted file is told, and keeps the answers.
    patient.response = forms[1][0]
    page = patient.presses("send")
    assert_nothing_is_sent_yet(patient)
    assert page.hidden_fields()["patient_name"] == "Patient white"
    # Not enough unsent files for the room that is missing: none is deleted in vain.
    monkeypatch.setattr(file_storage, "free_bytes", lambda: 0)
    patient.response = forms[2][0]
    assert "We have no room for files at the moment" in error_of(patient.adds(a_photograph("red")))
    assert Attachment.objects.count() == len(left)


def test_unsent_files_are_deleted_after_a_day_and_sent_ones_kept(
    patient: Patient, django_capture_on_commit_callbacks: Any
) -> None:
    patient.adds(a_photograph())
    patient.confirms()
    patient.answers(patient_name="Another")
    patient.adds(a_photograph("blue"))
    with django_capture_on_commit_callbacks(execute=True):
        assert attachments.delete_unsent(timezone.now() + timedelta(hours=22)) == 0
        assert delete_after_a_day() == 1
    assert stored_request().attachments.count() == 1
    assert len(stored_names()) == 2


# Sent again


def test_files_added_after_going_back_join_the_request_and_notify_staff(
    patient: Patient, settings: Any
) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    patient.adds(a_photograph())
    check = patient.response
    patient.confirms()
    for status, colors in ((Status.NEW, ("blue", "green")), (Status.DECLINED, ("white", "black"))):
        ConsultationRequest.objects.update(status=status, unread_since=None)
        patient.response = check
        patient.adds(a_photograph(), *map(a_photograph, colors))  # the request has the first already
        again = patient.response
        for _press in range(2):
            patient.response = again
            patient.confirms()
        assert stored_request().unread_since, status
        event = Event.objects.filter(kind=Event.Kind.ATTACHMENT_ADDED).latest("pk")
        assert (event.actor, event.detail) == (None, {"count": 2}), status
    assert stored_request().attachments.count() == 5
    assert stored_request().events.count() == 3
    assert "A photo or a report was added." in OutgoingMessage.objects.filter(kind="patient_activity")[0].text


def test_file_that_the_request_has_already_is_not_news(patient: Patient) -> None:
    check = patient.response
    for _time in range(2):
        patient.response = check
        patient.adds(a_photograph())
        patient.confirms()
    request = stored_request()
    assert (request.attachments.count(), request.events.count(), request.unread_since) == (1, 1, None)


def test_request_takes_no_more_than_eight_files(patient: Patient) -> None:
    check = patient.response
    for reds in (range(4), range(4, 8)):
        patient.response = check
        patient.adds(*(a_photograph((red * 20, 0, 0)) for red in reds))
        patient.confirms()
    assert stored_request().attachments.count() == 8
    patient.response = check
    page = patient.adds(a_report())
    assert "A request can have at most 8, with those you have sent already" in error_of(page)
    assert not Attachment.objects.filter(request=None).exists()
    patient.adds(a_photograph((0, 0, 0)))  # one that it has already
    patient.confirms()
    # A form with the same answers from the same browser, which has become the same request.
    patient.answers()
    patient.adds(a_report())
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, "A request can have at most 8 photos or reports")
    assert CHOOSE_AGAIN not in patient.text
    patient.confirms()
    assert stored_request().attachments.count() == 8


def test_attachments_of_a_duplicate_go_to_the_request_that_it_repeats(patient: Patient) -> None:
    patient.confirms()
    patient.answers()
    patient.adds(a_report())
    patient.confirms()
    assert stored_request().attachments.count() == 1


# Files that are gone


def assert_nothing_is_sent_yet(patient: Patient, sentence: str = CHOOSE_AGAIN) -> None:
    assert patient.response.status_code == 409
    summary = patient.page.by_class("error-summary")[0].text
    assert "Press “Send request” once more" in summary and sentence in summary
    assert patient.page.hidden_fields()["message"]


def waited_too_long(patient: Patient) -> None:
    patient.adds(a_photograph())
    delete_after_a_day()


def sent_before(patient: Patient) -> None:
    check = patient.response
    patient.confirms()
    patient.response = check
    waited_too_long(patient)


def limited_first(patient: Patient) -> None:
    waited_too_long(patient)
    with pytest.MonkeyPatch.context() as limited:
        limited.setattr(submission, "REQUESTS_PER_NETWORK", Limit("requests", 0, timedelta(hours=1)))
        patient.presses("send")
    assert patient.response.status_code == 429


@pytest.mark.parametrize("gone", [waited_too_long, sent_before, limited_first])
def test_missing_file_is_reported_when_sent(patient: Patient, gone: Callable[[Patient], None]) -> None:
    gone(patient)
    before = ConsultationRequest.objects.count(), OutgoingMessage.objects.count()
    patient.presses("send")
    assert_nothing_is_sent_yet(patient)
    assert (ConsultationRequest.objects.count(), OutgoingMessage.objects.count()) == before
    patient.confirms()
    assert stored_request().attachments.count() == 0


def test_file_removed_in_another_window_is_reported(patient: Patient) -> None:
    patient.adds(a_photograph(), a_report())
    check = patient.response
    patient.at_files(remove=str(Attachment.objects.get(kind="pdf").pk))
    patient.response = check
    patient.presses("send")
    assert_nothing_is_sent_yet(patient)
    assert "1: Photograph" in patient.text
    again = patient.response
    for _press in range(2):
        patient.response = again
        patient.confirms()
    assert [file.kind for file in stored_request().attachments.all()] == ["image"]


def test_unreadable_key_asks_for_files_again(patient: Patient) -> None:
    assert CHOOSE_AGAIN not in patient.at_files(open="yes").one("main").text
    hidden = patient.adds(a_photograph()).hidden_fields()
    for address, pressed in (
        ("/consultation/", {}),
        ("/consultation/", {"change": "phone"}),
        (ATTACHMENTS, {"open": "yes"}),
        ("/consultation/", {"send": "yes"}),
    ):
        page = patient.posts(hidden | pressed | LOST_KEY, address)
        assert patient.text.count(CHOOSE_AGAIN) == 1, pressed
    patient.confirms()
    patient.posts(hidden | {"key": page.hidden_fields()["key"]})
    assert CHOOSE_AGAIN not in patient.text


def test_forged_digests_do_not_block_sending(patient: Patient) -> None:
    check = patient.response
    for shown in ("x", "a" * 64, "a" * 100_000, "\x00", "<b>"):
        patient.response = check
        patient.presses("send", shown=shown)
        if patient.response.status_code == 409:
            patient.presses("send")
        assert patient.response.status_code == 303, shown


def test_attachments_page_requires_valid_answers_and_get_redirects_to_form(patient: Patient) -> None:
    page = patient.at_files(patient_age="200", add="yes", attachments=a_photograph())
    assert "Enter the patient’s age" in error_of(page)
    assert not Attachment.objects.exists() and not stored_names()
    assert patient.client.get(ATTACHMENTS)["Location"] == FORM
