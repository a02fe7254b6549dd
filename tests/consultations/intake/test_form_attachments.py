"""Photographs chosen before "Send request": listed, removed, sent, and deleted after a day."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import attachments as keeping
from consultations.intake import file_storage, views
from consultations.models import Attachment, ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.consultations.intake.upload_samples import PDF

pytestmark = pytest.mark.django_db

ATTACHMENTS = "/consultation/request/attachments/"


def a_photograph(color: Any = "red", name: str = "hand.jpg") -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (400, 300), color).save(content, "JPEG")
    return SimpleUploadedFile(name, content.getvalue(), "image/jpeg")


def a_report() -> SimpleUploadedFile:
    return SimpleUploadedFile("report.pdf", PDF, "application/pdf")


class WithFiles:
    """A patient at "Check your answers" who goes to the page for photographs and back."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        patient.answers()

    def posts(self, **pressed: Any) -> Page:
        hidden = self.patient.page.hidden_fields()
        self.patient.response = self.patient.client.post(ATTACHMENTS, hidden | pressed)
        return self.patient.page

    def adds(self, *uploads: SimpleUploadedFile) -> Page:
        self.posts(open="yes")
        return self.posts(add="yes", attachments=list(uploads))


@pytest.fixture
def chooser(patient: Patient) -> WithFiles:
    return WithFiles(patient)


def stored_names() -> set[str]:
    return {path.name for path in file_storage._folder().glob("*/*/*")}


def test_added_files_are_listed_and_sent_with_the_request(chooser: WithFiles, patient: Patient) -> None:
    page = chooser.adds(a_photograph(), a_report())
    assert page.one("h1").text == "Check your answers"
    assert "1: Photograph, 2: Report (PDF)" in page.one("main").text
    assert set(Attachment.objects.values_list("request", flat=True)) == {None}
    patient.presses("send")
    request = ConsultationRequest.objects.get()
    assert [attachment.kind for attachment in request.attachments.all()] == ["image", "pdf"]
    assert len(stored_names()) == 3


def test_the_answers_come_back_with_the_files(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph())
    patient.presses("change", "message")
    assert "He cut his hand on glass." in patient.page.one("textarea", name="message").text


def test_removed_attachment_is_deleted_with_its_file(
    chooser: WithFiles, patient: Patient, django_capture_on_commit_callbacks: Any
) -> None:
    chooser.adds(a_photograph(), a_photograph("blue"))
    page = chooser.posts(open="yes")
    first = next(button for button in page.all("button", name="remove"))
    with django_capture_on_commit_callbacks(execute=True):
        chooser.posts(remove=first["value"])
    assert Attachment.objects.count() == 1
    assert len(stored_names()) == 2
    for nothing in (first["value"], "0", "x", "9" * 30, "۱"):
        chooser.posts(remove=nothing)
        assert patient.response.status_code == 200


def test_attachment_of_another_form_cannot_be_removed(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph())
    others = Attachment.objects.get()
    stranger = WithFiles(patient)
    stranger.posts(remove=str(others.pk))
    assert Attachment.objects.filter(pk=others.pk).exists()


def test_invalid_file_is_named_and_valid_ones_are_kept(chooser: WithFiles) -> None:
    page = chooser.adds(a_photograph(), SimpleUploadedFile("virus <i>.exe", b"MZ..."))
    assert page.one("title").text.startswith("Error: ")
    (error,) = page.by_class("error-message")
    assert "virus <i>.exe" in error.text
    assert "Choose a photograph in JPEG, PNG, WebP or HEIC, or a report in PDF." in error.text
    assert Attachment.objects.count() == 1


def test_no_file_chosen_is_an_error(chooser: WithFiles) -> None:
    page = chooser.adds()
    assert "go on without one" in page.by_class("error-message")[0].text


def test_reload_adds_no_file_twice(chooser: WithFiles) -> None:
    for _ in range(3):
        chooser.adds(a_photograph())
    assert Attachment.objects.count() == 1
    assert len(stored_names()) == 2


def test_fifth_file_is_refused_and_four_are_kept(chooser: WithFiles) -> None:
    chooser.adds(*(a_photograph(color) for color in ("red", "green", "blue", "white")))
    page = chooser.adds(a_photograph("black"))
    assert "Choose fewer files" in page.by_class("error-message")[0].text
    assert Attachment.objects.count() == 4
    assert len(stored_names()) == 8


@pytest.mark.parametrize(("most", "least_free"), [(10, 0), (10**9, 10**18)])
def test_request_is_sent_without_files_above_the_daily_limit(
    chooser: WithFiles, patient: Patient, monkeypatch: pytest.MonkeyPatch, most: int, least_free: int
) -> None:
    monkeypatch.setattr(file_storage, "MAX_BYTES_PER_DAY", most)
    monkeypatch.setattr(file_storage, "MIN_FREE_BYTES", least_free)
    page = chooser.adds(a_photograph())
    assert "Send your request without it" in page.by_class("error-message")[0].text
    assert not stored_names()
    patient.presses("send")
    assert ConsultationRequest.objects.count() == 1


def test_what_was_sent_counts_for_a_day_as_what_waits_does(
    chooser: WithFiles, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser.adds(a_photograph())
    monkeypatch.setattr(file_storage, "MAX_BYTES_PER_DAY", Attachment.objects.get().size + 100)
    patient.presses("send")
    another = WithFiles(patient)
    assert "Send your request without it" in another.adds(a_photograph("blue")).one("main").text
    Attachment.objects.update(added_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert "1: Photograph" in another.adds(a_photograph("blue")).one("main").text


def test_uploads_are_limited_and_the_answers_stay(
    chooser: WithFiles, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "UPLOADS", Limit("uploads", 1, timedelta(hours=1)))
    chooser.adds(a_photograph())
    page = chooser.adds(a_photograph("blue"))
    assert patient.response.status_code == 429
    assert "Send your request without it" in page.by_class("error-message")[0].text
    assert page.hidden_fields()["patient_name"] == "علی خان"


def test_what_is_not_sent_is_forgotten_after_a_day_and_what_is_sent_is_kept(
    chooser: WithFiles, patient: Patient, django_capture_on_commit_callbacks: Any
) -> None:
    chooser.adds(a_photograph())
    patient.presses("send")
    WithFiles(patient).adds(a_photograph("blue"))
    with django_capture_on_commit_callbacks(execute=True):
        assert keeping.delete_unsent(timezone.now() + timedelta(hours=22)) == 0
        assert keeping.delete_unsent(timezone.now() + timedelta(hours=23, minutes=1)) == 1
    assert ConsultationRequest.objects.get().attachments.count() == 1
    assert len(stored_names()) == 2


@pytest.mark.parametrize("status", [Status.NEW, Status.DECLINED])
def test_files_added_after_going_back_join_the_request_and_notify_staff(
    chooser: WithFiles, patient: Patient, settings: Any, status: Status
) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    check = patient.response
    patient.presses("send")
    ConsultationRequest.objects.update(status=status)
    patient.response = check
    chooser.adds(a_photograph(), a_photograph("blue"))
    again = patient.response
    for _ in range(2):
        patient.response = again
        patient.presses("send")
    request = ConsultationRequest.objects.get()
    assert request.attachments.count() == 2
    assert request.unread_since
    event = request.events.get(kind=Event.Kind.ATTACHMENT_ADDED)
    assert (event.actor, event.detail) == (None, {"count": 2})
    assert "a photograph" in OutgoingMessage.objects.get(kind="patient_activity").text


def test_what_the_request_has_already_is_not_stored_a_second_time(
    chooser: WithFiles, patient: Patient
) -> None:
    check = patient.response
    chooser.adds(a_photograph())
    patient.presses("send")
    patient.response = check
    chooser.adds(a_photograph())
    patient.presses("send")
    request = ConsultationRequest.objects.get()
    assert request.attachments.count() == 1
    assert not request.unread_since
    assert request.events.count() == 1


def test_sending_again_and_again_adds_no_more_files_than_a_request_takes(
    chooser: WithFiles, patient: Patient
) -> None:
    check = patient.response
    colors = iter(range(100))
    for _ in range(3):
        patient.response = check
        chooser.adds(*(a_photograph((next(colors) * 20, 0, 0)) for _ in range(4)))
        patient.presses("send")
    assert ConsultationRequest.objects.get().attachments.count() == 8


CHOOSE_AGAIN = "If you had added photographs or a report, they are no longer here: choose them again."


@pytest.mark.parametrize("pressed", [{"send": "yes"}, {}, {"change": "phone"}])
def test_unreadable_key_asks_for_files_again(
    chooser: WithFiles, patient: Patient, pressed: dict[str, str]
) -> None:
    hidden = chooser.adds(a_photograph()).hidden_fields()
    page = patient.posts(hidden | pressed | {"key": "from before the secret changed"})
    assert page.one("main").text.count(CHOOSE_AGAIN) == 1
    page = patient.posts(hidden | {"key": page.hidden_fields()["key"]})
    assert CHOOSE_AGAIN not in page.one("main").text


def test_who_is_told_so_once_sends_the_next_time(chooser: WithFiles, patient: Patient) -> None:
    hidden = chooser.adds(a_photograph()).hidden_fields()
    patient.posts(hidden | {"send": "yes", "key": "from before the secret changed"})
    patient.presses("send")
    assert patient.response.status_code == 303


def test_the_page_for_files_says_it_too(chooser: WithFiles, patient: Patient) -> None:
    hidden = patient.page.hidden_fields()
    assert CHOOSE_AGAIN not in chooser.posts(open="yes").one("main").text
    lost = hidden | {"key": "from before the secret changed", "open": "yes"}
    assert CHOOSE_AGAIN in Page(patient.client.post(ATTACHMENTS, lost)).one("main").text


def assert_nothing_is_sent_yet(patient: Patient, sentence: str) -> None:
    assert patient.response.status_code == 409
    summary = patient.page.by_class("error-summary")[0].text
    assert "Press “Send request” once more" in summary and sentence in summary
    assert patient.page.hidden_fields()["patient_name"] == "علی خان"


def test_missing_file_is_reported_when_sent(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph())
    keeping.delete_unsent(timezone.now() + timedelta(hours=23, minutes=1))
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, CHOOSE_AGAIN)
    assert not ConsultationRequest.objects.exists() and not OutgoingMessage.objects.exists()
    patient.presses("send")
    assert patient.response.status_code == 303
    assert ConsultationRequest.objects.get().attachments.count() == 0


def test_file_removed_in_another_window_is_reported(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph(), a_report())
    check = patient.response
    chooser.posts(remove=str(Attachment.objects.get(kind="pdf").pk))
    patient.response = check
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, CHOOSE_AGAIN)
    assert "1: Photograph" in patient.page.one("main").text
    for _press in range(2):
        again = patient.response
        patient.presses("send")
        assert patient.response.status_code == 303
        patient.response = again
    assert [file.kind for file in ConsultationRequest.objects.get().attachments.all()] == ["image"]


def test_what_is_taken_out_from_the_page_itself_is_not_missed(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph(), a_report())
    chooser.posts(open="yes")
    chooser.posts(remove=str(Attachment.objects.get(kind="pdf").pk))
    patient.presses("send")
    assert patient.response.status_code == 303


def test_pressing_twice_misses_no_file_that_the_request_has(chooser: WithFiles, patient: Patient) -> None:
    chooser.adds(a_photograph(), a_report())
    check = patient.response
    led_to = []
    for _press in range(2):
        patient.response = check
        patient.presses("send")
        led_to.append(patient.response["Location"])
    assert led_to[0] == led_to[1]
    assert ConsultationRequest.objects.get().attachments.count() == 2


def test_missing_file_is_reported_at_the_second_sending(chooser: WithFiles, patient: Patient) -> None:
    check = patient.response
    patient.presses("send")
    patient.response = check
    chooser.adds(a_photograph())
    keeping.delete_unsent(timezone.now() + timedelta(hours=23, minutes=1))
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, CHOOSE_AGAIN)
    patient.presses("send")
    assert patient.response.status_code == 303


def test_missing_file_is_reported_after_a_limit(
    chooser: WithFiles, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooser.adds(a_photograph())
    keeping.delete_unsent(timezone.now() + timedelta(hours=23, minutes=1))
    with monkeypatch.context() as limited:
        limited.setattr(views, "exceeded_limit", lambda request, form: "phone")
        patient.presses("send")
    assert patient.response.status_code == 429
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, CHOOSE_AGAIN)


def with_eight(request: ConsultationRequest) -> None:
    for number in range(8 - request.attachments.count()):
        Attachment.objects.create(
            request=request,
            kind="pdf",
            name=f"{number}.pdf",
            size=1,
            digest=f"{number:064}",
            added_at=timezone.now(),
        )


def test_files_are_refused_when_the_request_is_full(chooser: WithFiles, patient: Patient) -> None:
    check = patient.response
    chooser.adds(a_photograph())
    patient.presses("send")
    with_eight(ConsultationRequest.objects.get())
    patient.response = check
    page = chooser.adds(a_report())
    (error,) = page.by_class("error-message")
    assert "A request can have at most 8, with those you have sent already" in error.text
    assert Attachment.objects.filter(request=None).count() == 0
    chooser.adds(a_photograph())  # the one that it has already
    patient.presses("send")
    assert patient.response.status_code == 303


def test_file_too_many_is_reported_when_sent(chooser: WithFiles, patient: Patient) -> None:
    patient.presses("send")
    with_eight(ConsultationRequest.objects.get())
    twin = WithFiles(patient)  # the same answers from the same browser, in another form
    twin.adds(a_report())
    patient.presses("send")
    assert_nothing_is_sent_yet(patient, "A request can have at most 8 photographs or reports")
    assert CHOOSE_AGAIN not in patient.page.one("main").text
    patient.presses("send")
    assert patient.response.status_code == 303
    assert ConsultationRequest.objects.get().attachments.count() == 8


def test_attachments_of_a_duplicate_go_to_the_request_that_it_repeats(patient: Patient) -> None:
    WithFiles(patient)
    patient.presses("send")
    WithFiles(patient).adds(a_report())
    patient.presses("send")
    assert patient.response.status_code == 303
    assert ConsultationRequest.objects.get().attachments.count() == 1


@pytest.mark.parametrize("shown", ["x", "a" * 64, "a" * 100_000, "\x00", "<b>"])
def test_forged_digests_do_not_block_sending(patient: Patient, shown: str) -> None:
    patient.answers()
    patient.posts(patient.page.hidden_fields() | {"send": "yes", "shown": shown})
    if patient.response.status_code == 409:
        patient.presses("send")
    assert patient.response.status_code == 303


def test_a_form_whose_answers_are_wrong_asks_for_them_first(chooser: WithFiles, patient: Patient) -> None:
    hidden = patient.page.hidden_fields() | {"patient_age": "200", "add": "yes"}
    response = patient.client.post(ATTACHMENTS, hidden | {"attachments": a_photograph()})
    assert "Enter the patient’s age" in response.content.decode()
    assert not Attachment.objects.exists()
    assert not stored_names()


def test_no_attachment_is_looked_at_by_a_get(patient: Patient) -> None:
    assert patient.client.get(ATTACHMENTS).status_code == 405


def test_a_disk_that_is_full_loses_no_request(
    chooser: WithFiles, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("clinic_site.core.atomic_files.write", full)
    page = chooser.adds(a_photograph())
    assert "Send your request without it" in page.by_class("error-message")[0].text
    patient.presses("send")
    assert ConsultationRequest.objects.count() == 1
