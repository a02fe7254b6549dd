"""Files added to a request that was sent are validated, limited and stored once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.rate_limits import network_address, recent_refusals
from consultations.intake import attachments, file_storage, upload_cleaning
from consultations.intake.attachments import FILES_PER_NETWORK
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.models import Attachment, Event
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.intake.upload_samples import PDF
from tests.consultations.portal.portal_pages import PrivatePage
from tests.procedures.publishing.photos import encoded, picture

pytestmark = pytest.mark.django_db

TOO_MANY_FILES = "Too many files have come from your network in the last 24 hours"


@pytest.fixture
def kept(settings: Any) -> Path:
    return Path(settings.PRIVATE_ROOT)


def jpeg(number: int = 0) -> SimpleUploadedFile:
    """A small photograph; another number is another one."""
    return SimpleUploadedFile(f"{number}.jpg", encoded(picture(size=(100 + number, 80))))


def files_in(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*")) if folder.exists() else 0


def test_files_sent_twice_are_added_once(kept: Path) -> None:
    for status in (Status.NEW, Status.QUARANTINED):
        patient = PrivatePage(status=status)
        stored = files_in(kept)
        for _press in range(2):
            patient.sends("attachments", attachments=[jpeg(), SimpleUploadedFile("report.pdf", PDF)])
            text = patient.is_led_back().one("main").text
            assert "We have what you added" in text
            assert "We have 2 photos or reports from you." in text
        assert [attachment.kind for attachment in patient.request.attachments.all()] == ["image", "pdf"]
        assert patient.request.events.filter(kind=Event.Kind.ATTACHMENT_ADDED).count() == 1
        assert files_in(kept) == stored + 3  # the photograph, its thumbnail, the report


def test_valid_files_are_stored_and_invalid_ones_named(kept: Path) -> None:
    patient = PrivatePage()
    page = patient.sends("attachments")
    assert page.by_class("error-message")[0].text == "Error: Choose a photo or a report"
    page = patient.sends("attachments", attachments=[jpeg(), SimpleUploadedFile("b.txt", b"words")])
    assert patient.response.status_code == 200
    assert page.by_class("error-message")[0].text.startswith("Error: File 2 (b.txt): ")
    assert "We have 1 photo or report from you." in page.one("main").text
    assert Attachment.objects.count() == 1


def test_request_has_at_most_eight_files_and_says_how_many_more(kept: Path, clinic: ClinicProfile) -> None:
    patient = PrivatePage()
    for number in range(6):
        Attachment.objects.create(
            request=patient.request, name=str(number), size=1, digest=str(number), added_at=timezone.now()
        )
    page = patient.sends("attachments", attachments=[jpeg(number) for number in range(6, 9)])
    assert page.by_class("error-message")[0].text == "Error: Choose fewer files. There is room for 2 more"
    assert files_in(kept) == 0
    patient.sends("attachments", attachments=[jpeg(6), jpeg(7)])
    assert "attachments/" not in {link["href"] for link in patient.is_led_back().all("a")}
    page = patient.sends("attachments", attachments=[jpeg(8)])
    assert patient.response.status_code == 409
    assert "up to 8 photos or reports" in page.by_class("error-summary")[0].text
    assert "042 35761999" in page.by_class("error-summary")[0].text
    assert Attachment.objects.count() == MAX_ATTACHMENTS_PER_REQUEST


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
    def fails(*_args: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(actions, "add_attachments", fails)
    with pytest.raises(OSError, match="no room"):
        PrivatePage().sends("attachments", attachments=[jpeg()])
    assert files_in(kept) == 0


def test_uploads_are_limited_by_address(rf: RequestFactory, kept: Path) -> None:
    FILES_PER_NETWORK.allow(network_address(rf.get("/")), FILES_PER_NETWORK.attempts)
    patient = PrivatePage()
    page = patient.sends("attachments", attachments=[jpeg()])
    assert patient.response.status_code == 429
    assert "Try again in an hour" in page.by_class("error-summary")[0].text
    assert not Attachment.objects.exists()


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
    patient = PrivatePage()
    patient.sends("attachments", attachments=[jpeg()])
    stored = files_in(kept)
    few = replace(attachments.BYTES_PER_NETWORK, attempts=10)
    for module, limit, value, reason in (
        (attachments, "BYTES_PER_NETWORK", few, TOO_MANY_FILES),
        (file_storage, "MIN_FREE_BYTES", 10**18, "We have no room for files at the moment"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, value)
            page = patient.sends("attachments", attachments=[jpeg(1)])
            error = f"Error: Add it tomorrow, or call us. {reason}"
            assert page.by_class("error-message")[0].text == error, limit
            assert files_in(kept) == stored
            patient.sends("attachments", attachments=[jpeg()])  # what is there already needs no room
            assert "We have what you added" in patient.is_led_back().one("main").text
