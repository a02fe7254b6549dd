"""The files of a patient: shown to who may see them, kept by no cache, run by no browser, each view noted."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.utils import timezone

from consultations.intake import file_storage
from consultations.models import Attachment, Disclosure
from tests.consultations.desk.consultation.request_pages import Desk, with_files
from tests.consultations.intake.upload_samples import PDF
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db


def seen() -> list[str]:
    return [str(row.kind) for row in Disclosure.objects.order_by("pk")]


def test_a_attachment_is_shown_small_on_the_page_and_whole_on_its_own(desk: Desk) -> None:
    image, report = with_files(desk.request)
    page = desk.opens()
    (small,) = page.all("img", width="160")
    assert small["alt"].startswith("Photograph 1, sent on ")
    assert seen() == ["opened", "attachment"]
    answer = desk.client.get(small["src"])
    assert answer.getvalue()[:3] == b"\xff\xd8\xff"
    assert seen() == ["opened", "attachment"]  # the page has noted it
    whole = desk.client.get(desk.address(f"attachments/{image.pk}/"))
    assert len(whole.getvalue()) > len(answer.getvalue())
    assert whole["Content-Type"] == "image/jpeg"
    assert whole["Content-Disposition"].startswith("inline")
    assert seen() == ["opened", "attachment", "attachment"]
    assert "Photograph or report added by the patient 2 files" in desk.timeline()
    assert report.kind == "pdf"


def test_a_report_is_only_downloaded(desk: Desk) -> None:
    _image, report = with_files(desk.request)
    link = next(link for link in desk.opens().all("a") if "PDF" in link.text)
    answer = desk.client.get(link["href"])
    assert answer.getvalue() == PDF
    assert answer["Content-Type"] == "application/pdf"
    name = f"{desk.request.reference}-{report.pk}.pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert seen()[-1] == "downloaded"
    assert desk.client.get(f"{link['href']}thumbnail/").status_code == 404


@pytest.mark.parametrize(("number", "tail"), [(0, ""), (0, "thumbnail/"), (1, "")])
def test_no_cache_keeps_a_file_and_nothing_in_it_runs(desk: Desk, number: int, tail: str) -> None:
    file = with_files(desk.request)[number]
    answer = desk.client.get(desk.address(f"attachments/{file.pk}/{tail}"))
    assert "no-store" in answer["Cache-Control"]
    assert "public" not in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    policy = answer["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'" and policy[-1] == "sandbox"
    assert "script-src" not in str(policy)


def test_a_thumbnail_asked_for_by_itself_counts_as_a_view(desk: Desk) -> None:
    image, _report = with_files(desk.request)
    address = desk.address(f"attachments/{image.pk}/thumbnail/")
    desk.client.get(address)
    assert seen() == ["attachment"]
    desk.client.get(address)
    assert seen() == ["attachment"]
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        desk.client.get(address)
    assert seen() == ["attachment", "attachment"]


def test_whoever_may_not_see_attachments_gets_none_of_them(desk: Desk) -> None:
    image, report = with_files(desk.request)
    user = staff(email="looks@clinic.example")
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    looks = Desk(desk.request, user)
    assert not looks.opens().by_class("attachments")
    for tail in (f"{image.pk}/", f"{image.pk}/thumbnail/", f"{report.pk}/"):
        assert looks.client.get(looks.address(f"attachments/{tail}")).status_code == 403
    assert seen() == ["opened"]


def test_a_file_opens_only_under_its_own_request(desk: Desk) -> None:
    image, report = with_files(a_request())
    for pk in (image.pk, report.pk, 999_999, "9" * 30):
        assert desk.client.get(desk.address(f"attachments/{pk}/")).status_code == 404
    Attachment.objects.filter(pk=image.pk).update(request=None, key_hash="x")
    assert desk.client.get(desk.address(f"attachments/{image.pk}/")).status_code == 404
    assert seen() == []


def test_a_file_that_is_gone_is_not_found_and_not_noted(desk: Desk) -> None:
    image, _report = with_files(desk.request)
    file_storage.delete([image.name, image.thumbnail_name])
    for tail in ("", "thumbnail/"):
        assert desk.client.get(desk.address(f"attachments/{image.pk}/{tail}")).status_code == 404
    assert seen() == []
