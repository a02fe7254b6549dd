"""Files added to a request are validated, limited, listed with their names and stored once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.rate_limits import network_address, recent_refusals
from clinic_site.core.untrusted import isolated
from consultations.intake import attachments, file_storage, upload_cleaning
from consultations.intake.attachments import FILES_PER_NETWORK
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.models import Attachment, ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.intake.upload_samples import PDF, protected_pdf
from tests.consultations.portal.portal_pages import PrivatePage
from tests.pages import Page
from tests.procedures.publishing.photos import encoded, picture

pytestmark = pytest.mark.django_db

TOO_MANY_FILES = "Too many files have come from your network in the last 24 hours"


@pytest.fixture
def kept(settings: Any) -> Path:
    return Path(settings.PRIVATE_ROOT)


def jpeg(number: int = 0, name: str = "") -> SimpleUploadedFile:
    """A small photograph; another number is another one."""
    return SimpleUploadedFile(name or f"{number}.jpg", encoded(picture(size=(100 + number, 80))))


def files_in(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*")) if folder.exists() else 0


def adds(patient: PrivatePage, *uploads: SimpleUploadedFile) -> Page:
    """Add files from the private page, and follow to the page that lists them."""
    assert patient.opens().all("form", action="attachments/", enctype="multipart/form-data")
    page = patient.sends("attachments", attachments=list(uploads))
    return page if patient.response.status_code != 303 else patient.is_led_back()


def listed(page: Page) -> list[str]:
    """Return the lines of the files: name, kind, day, and the button."""
    return [item.text for items in page.by_class("files") for item in items.all("li")]


def error_of(page: Page) -> str:
    return page.by_class("error-message")[0].text.removeprefix("Error: ")


def test_files_are_listed_with_thumbnail_and_name(kept: Path) -> None:
    patient = PrivatePage()
    names = ("زخم.jpg", "<img src=x>.pdf", "ev\u202efig.pdf", "n" * 70 + ".jpg")
    pdfs = [SimpleUploadedFile(names[1], PDF), SimpleUploadedFile(names[2], protected_pdf("1234"))]
    page = adds(patient, jpeg(1, names[0]), *pdfs, jpeg(2, names[3]))
    assert "We have what you added." in page.one("main").text
    lines = listed(page)
    for line, start in zip(lines, ("زخم.jpg", "<img src=x>.pdf", "evfig.pdf", "n" * 59 + "…"), strict=True):
        assert line.startswith(start)
    assert "Photo, " in lines[0] and "Report (PDF), " in lines[1]
    assert "opens only with a password" in lines[2]
    (files,) = page.by_class("files")
    images = files.all("img")
    first, last = patient.request.attachments.earliest("pk"), patient.request.attachments.latest("pk")
    assert [image["src"] for image in images[::3]] == [
        f"attachments/{first.pk}/thumbnail/",
        f"attachments/{last.pk}/thumbnail/",
    ]
    assert all("consultations/portal/report." in image["src"] for image in images[1:3])
    assert {each["dir"] for each in files.all("strong")} == {"auto"}


def test_thumbnails_are_for_the_holder_of_the_link_and_for_a_day(kept: Path) -> None:
    patient, other = PrivatePage(), PrivatePage()
    adds(patient, jpeg(), SimpleUploadedFile("a.pdf", PDF))
    photo, report = patient.request.attachments.order_by("pk")
    address = patient.address_of(f"attachments/{photo.pk}/thumbnail")
    response = patient.client.get(address)
    assert response["Content-Type"] == "image/jpeg"
    assert b"".join(response) == file_storage.open_file(photo.thumbnail_name).read()
    assert "no-store" in response["Cache-Control"] and "sandbox" in response["Content-Security-Policy"]
    assert response["Referrer-Policy"] == "no-referrer" and "noindex" in response["X-Robots-Tag"]
    assert patient.client.post(address).status_code == 405
    for wrong in (
        patient.address_of(f"attachments/{report.pk}/thumbnail"),
        other.address_of(f"attachments/{photo.pk}/thumbnail"),
        f"/r/wrong/attachments/{photo.pk}/thumbnail/",
    ):
        assert patient.client.get(wrong).status_code == 404, wrong
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        assert patient.client.get(address).status_code == 404
        page = patient.opens()
        assert listed(page)[0].startswith("0.jpg")
        assert not [image for image in page.all("img") if "thumbnail" in image["src"]]
    file_storage.delete([photo.thumbnail_name])
    assert patient.client.get(address).status_code == 404


def test_removed_file_is_deleted_and_recorded_without_its_name(
    kept: Path, django_capture_on_commit_callbacks: Any
) -> None:
    patient, other = PrivatePage(), PrivatePage()
    adds(patient, jpeg(1), jpeg(2, "Zainab.jpg"))
    first, second = patient.request.attachments.order_by("pk")
    version = patient.now().version
    for nothing in ("0", "x", "9" * 30, "۱", ""):
        patient.sends("attachments", remove=nothing)
        assert "is removed" not in patient.is_led_back().one("main").text
    other.sends("attachments", remove=str(second.pk))
    assert patient.request.attachments.count() == 2
    button = patient.opens().all("button", name="remove")[1]
    assert (button["value"], button.text) == (str(second.pk), "Remove: Zainab.jpg")
    for _press in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            patient.sends("attachments", remove=button["value"])
        page = patient.is_led_back()
        assert "The file is removed." in page.one("main").text
    assert [line.partition(" ")[0] for line in listed(page)] == ["1.jpg"]
    assert list(patient.request.attachments.all()) == [first]
    assert files_in(kept) == 2
    event = patient.request.events.get(kind=Event.Kind.ATTACHMENT_REMOVED)
    assert (event.actor, event.detail, patient.now().version) == (None, {}, version + 1)
    patient.change(status=Status.COMPLETED)
    page = patient.opens()
    assert listed(page) and not page.all("form") and not page.all("button", name="remove")
    patient.sends("attachments", remove=str(first.pk))
    assert patient.response.status_code == 409
    assert patient.request.attachments.count() == 1


def test_files_sent_twice_are_added_once(kept: Path) -> None:
    for status in (Status.NEW, Status.QUARANTINED):
        patient = PrivatePage(status=status)
        stored = files_in(kept)
        for _press in range(2):
            assert len(listed(adds(patient, jpeg(), SimpleUploadedFile("report.pdf", PDF)))) == 2
        assert [attachment.kind for attachment in patient.request.attachments.all()] == ["image", "pdf"]
        assert patient.request.events.filter(kind=Event.Kind.ATTACHMENT_ADDED).count() == 1
        assert files_in(kept) == stored + 3  # the photograph, its thumbnail, the report


def test_valid_files_are_stored_and_invalid_ones_named(kept: Path) -> None:
    patient = PrivatePage()
    assert error_of(patient.sends("attachments")) == "Choose a photo or a report"
    page = adds(patient, jpeg(), SimpleUploadedFile("b.txt", b"words"), *map(jpeg, (1, 2, 3)))
    assert patient.response.status_code == 200
    assert error_of(page).startswith("File 2 (b.txt): ")
    assert "Add at most 4 files at a time. Not added: 3.jpg" in error_of(page)
    assert [line.partition(" ")[0] for line in listed(page)] == ["0.jpg", "1.jpg", "2.jpg"]
    assert page.all("button", name="remove")
    assert Attachment.objects.count() == 3


def test_busy_decoder_is_named_and_stores_the_reports(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*arguments: object) -> None:
        raise isolated.BusyError

    monkeypatch.setattr(isolated, "run", busy)
    page = adds(PrivatePage(), jpeg(), SimpleUploadedFile("report.pdf", PDF))
    assert "Try again in a few minutes" in error_of(page)
    assert len(listed(page)) == 1


def test_request_has_at_most_eight_files_and_names_the_others(kept: Path, clinic: ClinicProfile) -> None:
    patient = PrivatePage()
    for number in range(6):
        Attachment.objects.create(
            request=patient.request, name=str(number), size=1, digest=str(number), added_at=timezone.now()
        )
    assert "You can add 2 more files" in patient.opens().one("main").text
    page = adds(patient, *(jpeg(number) for number in range(6, 9)))
    assert error_of(page) == "A request can have up to 8 photos or reports. Not added: 8.jpg"
    assert len(listed(page)) == MAX_ATTACHMENTS_PER_REQUEST
    page = patient.opens()
    assert not page.all("input", type="file") and page.all("button", name="remove")
    page = patient.sends("attachments", attachments=[jpeg(9)])
    assert patient.response.status_code == 409
    assert "up to 8 photos or reports" in page.by_class("error-summary")[0].text
    assert "042 35761999" in page.by_class("error-summary")[0].text
    assert Attachment.objects.count() == MAX_ATTACHMENTS_PER_REQUEST
    patient.sends("attachments", remove=str(Attachment.objects.earliest("pk").pk))
    assert len(listed(adds(patient, jpeg(9)))) == MAX_ATTACHMENTS_PER_REQUEST


def test_closed_request_and_wrong_link_read_no_files(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    monkeypatch.setattr(
        "consultations.intake.form_fields.clean_upload", lambda upload: pytest.fail("It was read.")
    )
    patient = PrivatePage(status=Status.DECLINED)
    page = patient.sends("attachments", attachments=[jpeg()])
    assert patient.response.status_code == 409
    assert "This request is closed" in page.by_class("error-summary")[0].text
    patient.address = "/r/wrong/"
    patient.sends("attachments", attachments=[jpeg()])
    assert patient.response.status_code == 404
    assert files_in(kept) == 0


def test_failed_row_leaves_no_file(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    def fails(request: ConsultationRequest, activity: str) -> None:
        raise ValueError("no row")

    monkeypatch.setattr(attachments, "notify_staff_of_activity", fails)
    with pytest.raises(ValueError, match="no row"):
        PrivatePage().sends("attachments", attachments=[jpeg()])
    assert files_in(kept) == 0 and not Attachment.objects.exists()


def test_uploads_are_limited_by_address(rf: RequestFactory, kept: Path) -> None:
    FILES_PER_NETWORK.allow(network_address(rf.get("/")), FILES_PER_NETWORK.attempts)
    patient = PrivatePage()
    page = patient.sends("attachments", attachments=[jpeg()])
    assert patient.response.status_code == 429
    assert "Try again in an hour" in page.by_class("error-summary")[0].text
    assert not Attachment.objects.exists()
    patient.sends("attachments", remove="1")
    assert patient.response.status_code == 303


def test_each_network_has_its_own_share_of_pixels(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    limit = replace(upload_cleaning.PIXELS_PER_NETWORK, attempts=10)
    monkeypatch.setattr(upload_cleaning, "PIXELS_PER_NETWORK", limit)
    patient = PrivatePage()
    # Damaged, so nothing is kept; but it is decoded to where the damage is.
    damaged = SimpleUploadedFile("large.png", encoded(picture(size=(4000, 3000)), "PNG")[:-400])
    errors = patient.sends("attachments", attachments=[damaged, jpeg()]).by_class("error-summary")[0].text
    assert "File 1 (large.png): Save the photo again" in errors
    assert "File 2 (0.jpg): Add it in an hour" in errors
    [refused] = recent_refusals(timezone.now())
    assert (refused.scope, refused.times) == ("pixels of photos from a network", 1)
    patient.sends("attachments", attachments=[SimpleUploadedFile("report.pdf", PDF)])  # is not decoded
    patient.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    patient.sends("attachments", attachments=[jpeg()])
    assert [attachment.kind for attachment in patient.request.attachments.all()] == ["pdf", "image"]


def test_upload_is_refused_above_daily_limit_or_on_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    write, written = file_storage._write, []

    def fails_at_the_second_file(name: str, data: bytes) -> None:
        written.append(name)
        if len(written) == 3:
            raise OSError("No space left on device")
        write(name, data)

    patient = PrivatePage()
    adds(patient, jpeg())
    stored = files_in(kept)
    few = replace(attachments.BYTES_PER_NETWORK, attempts=10)
    no_room = "We have no room for files at the moment"
    for module, name, value, reason in (
        (attachments, "BYTES_PER_NETWORK", few, TOO_MANY_FILES),
        (file_storage, "MIN_FREE_BYTES", 10**18, no_room),
        (file_storage, "_write", fails_at_the_second_file, no_room),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            assert error_of(adds(patient, jpeg(1), jpeg(2))) == f"Add it tomorrow, or call us. {reason}", name
            assert files_in(kept) == stored
            assert len(listed(adds(patient, jpeg()))) == 1  # what is there already needs no room
    refused = {(row.scope, row.times) for row in recent_refusals(timezone.now())}
    assert refused == {("bytes of uploads from a network", 1), ("room on the disk for files", 1)}
    patient.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    monkeypatch.setattr(attachments, "BYTES_PER_NETWORK", replace(few, attempts=10**6))
    assert len(listed(adds(patient, jpeg(1)))) == 2
