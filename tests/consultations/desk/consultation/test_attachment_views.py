"""The files of a patient: for staff who may see them, never cached or run, and each view recorded."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import file_storage
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.models import Attachment, Disclosure
from tests.consultations.desk.consultation.request_pages import Desk, a_viewer, with_files
from tests.consultations.intake.upload_samples import EXE, PDF
from tests.factories import a_request
from tests.procedures.publishing.photos import encoded, picture

pytestmark = pytest.mark.django_db


def seen() -> list[str]:
    return [str(row.kind) for row in Disclosure.objects.order_by("pk")]


def test_photograph_is_shown_as_thumbnail_and_whole(desk: Desk) -> None:
    image, report = with_files(desk.request)
    page = desk.opens()
    (small,) = page.all("img", width="160")
    assert small["alt"].startswith("Photograph 1, added on ")
    thumbnail = desk.client.get(small["src"])
    assert thumbnail.getvalue()[:3] == b"\xff\xd8\xff"
    assert seen() == ["opened", "attachment"]  # recorded by the page
    whole = desk.client.get(desk.address(f"attachments/{image.pk}/"))
    assert len(whole.getvalue()) > len(thumbnail.getvalue())
    assert whole["Content-Type"] == "image/jpeg"
    assert whole["Content-Disposition"].startswith("inline")
    assert seen() == ["opened", "attachment", "attachment"]
    assert "Photograph or report added 2 files by the patient" in desk.timeline()
    link = next(link for link in page.all("a") if "PDF" in link.text)
    download = desk.client.get(link["href"])
    assert (download.getvalue(), download["Content-Type"]) == (PDF, "application/pdf")
    name = f"{desk.request.reference}-{report.pk}.pdf"
    assert download["Content-Disposition"] == f'attachment; filename="{name}"'
    assert seen()[-1] == "downloaded"
    assert desk.client.get(f"{link['href']}thumbnail/").status_code == 404
    for response in (thumbnail, whole, download):
        assert "no-store" in response["Cache-Control"] and "public" not in response["Cache-Control"]
        assert response["X-Content-Type-Options"] == "nosniff"
        policy = response["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'" and policy[-1] == "sandbox"
        assert "script-src" not in str(policy)


def test_locked_report_is_named(desk: Desk) -> None:
    with_files(desk.request)
    desk.opens()
    assert b"ask for the password" not in desk.response.content
    Attachment.objects.filter(kind=Attachment.Kind.PDF).update(kind=Attachment.Kind.LOCKED_PDF)
    desk.opens()
    assert b"Locked: ask for the password." in desk.response.content


def test_thumbnail_opened_by_itself_is_recorded(desk: Desk) -> None:
    image, _report = with_files(desk.request)
    address = desk.address(f"attachments/{image.pk}/thumbnail/")
    for _ in range(2):
        desk.client.get(address)
        assert seen() == ["attachment"]
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        desk.client.get(address)
    assert seen() == ["attachment", "attachment"]


def test_file_requires_permission_and_its_own_request(desk: Desk) -> None:
    image, report = with_files(desk.request)
    viewer = Desk(desk.request, a_viewer())
    assert not viewer.opens().by_class("attachments")
    for tail in (f"{image.pk}/", f"{image.pk}/thumbnail/", f"{report.pk}/"):
        assert viewer.client.get(viewer.address(f"attachments/{tail}")).status_code == 403
    assert seen() == ["opened"]
    desk.request = a_request()
    for pk in (image.pk, report.pk, 999_999, "9" * 30):
        assert desk.client.get(desk.address(f"attachments/{pk}/")).status_code == 404
    assert seen() == ["opened"]


def test_missing_file_is_not_found_and_not_recorded(desk: Desk) -> None:
    image, _report = with_files(desk.request)
    file_storage.delete([image.name, image.thumbnail_name])
    for tail in ("", "thumbnail/"):
        assert desk.client.get(desk.address(f"attachments/{image.pk}/{tail}")).status_code == 404
    assert seen() == []


def a_photograph(name: str = "IMG-20261128-WA0007.jpg", width: int = 400) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, encoded(picture(size=(width, 300))))


def test_staff_add_photographs_that_came_by_whatsapp(desk: Desk, settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@clinic.example"]
    OutgoingMessage.objects.all().delete()
    form = next(form for form in desk.opens().all("form") if form.get("action").endswith("/attachments/"))
    assert form["enctype"] == "multipart/form-data"
    address = desk.address("attachments/")
    for _press in range(2):  # the same twice is one
        sent = {"attachments": [a_photograph(), SimpleUploadedFile("r.pdf", PDF)]}
        assert desk.client.post(address, sent).status_code == 303
    image, report = desk.request.attachments.order_by("pk")
    assert (image.added_by, report.added_by, image.original_name) == (
        desk.user,
        desk.user,
        "IMG-20261128-WA0007.jpg",
    )
    desk.opens()
    assert "Photograph or report added 2 files by coordinator" in desk.timeline()
    assert desk.page.main.text.count("Added by coordinator@clinic.example") == 2
    assert desk.stored().unread_since is None and not OutgoingMessage.objects.exists()
    assert desk.request.events.latest("pk").detail == {"count": 2}


def test_wrong_files_are_named_and_valid_ones_are_kept(desk: Desk) -> None:
    address = desk.address("attachments/")
    desk.response = desk.client.post(address)
    assert desk.response.status_code == 400
    assert "Choose a photo or a report." in desk.page.by_class("errorlist")[0].text
    sent = {"attachments": [SimpleUploadedFile("virus.jpg", EXE), a_photograph()]}
    desk.response = desk.client.post(address, sent)
    assert desk.response.status_code == 400
    assert "File 1 (virus.jpg): Choose a photo" in desk.page.by_class("errorlist")[0].text
    assert desk.request.attachments.count() == 1
    for width in range(401, 407):
        desk.client.post(address, {"attachments": [a_photograph(width=width)]})
    sent = {"attachments": [a_photograph(width=407), a_photograph("late.jpg", width=408)]}
    desk.response = desk.client.post(address, sent)
    assert "Not added: late.jpg" in desk.page.by_class("errorlist")[0].text
    assert desk.request.attachments.count() == MAX_ATTACHMENTS_PER_REQUEST
    assert "Add photos or reports" not in desk.opens().main.text


def test_closed_request_gets_no_files(desk: Desk) -> None:
    desk.set_to(status="declined")
    assert "Add photos or reports" not in desk.opens().main.text
    desk.response = desk.client.post(desk.address("attachments/"), {"attachments": [a_photograph()]})
    assert (desk.response.status_code, desk.request.attachments.count()) == (409, 0)
    assert desk.problem.startswith("This request is closed, so no file was added.")
