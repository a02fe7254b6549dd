"""Erasure, copy, export and audit log in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure
from tests.factories import a_request

Visit = Callable[..., Any]
Make = Callable[[str], User]

PAGES = ("/staff/requests/{pk}/erase/", "/staff/requests/{pk}/copy/", "/staff/export/", "/staff/log/")


@pytest.fixture
def request_seen(staff_member: Make, site: str) -> ConsultationRequest:
    request = a_request(status="proposed")
    someone = staff_member(roles.COORDINATOR)
    for _number in range(60):
        disclosures.record(someone, [request], Disclosure.Kind.OPENED)
    return request


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_data_rights_pages_are_accessible_and_fit(
    visit: Visit, staff_member: Make, request_seen: ConsultationRequest, width: int, scheme: str
) -> None:
    visitor = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    for path in PAGES:
        page.goto(visitor.site + path.format(pk=request_seen.pk))
        assert visitor.violations() == []
        assert not visitor.scrolls_sideways(), path
    for path, button in zip(PAGES[:3], ("Erase for good", "Make and download", "Export"), strict=True):
        page.goto(visitor.site + path.format(pk=request_seen.pk))
        visitor.presses(button)
        expect(page.get_by_text("Correct the fields marked below.")).to_be_visible()
        assert visitor.violations() == []
        assert not visitor.scrolls_sideways(), path


def test_copy_then_erase_without_scripts(
    visit: Visit, staff_member: Make, request_seen: ConsultationRequest
) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    page.goto(f"{visitor.site}/staff/requests/{request_seen.pk}/erase/")
    page.get_by_role("link", name="Make a copy for the patient").click()
    page.get_by_label("Asked for in writing").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Make and download the copy").click()
    assert download.value.suggested_filename == f"{request_seen.reference}.zip"

    page.goto(f"{visitor.site}/staff/requests/{request_seen.pk}/erase/")
    page.get_by_label("Asked for in writing").check()
    page.get_by_label("Type the reference to confirm").fill(request_seen.reference.lower())
    visitor.presses("Erase for good")
    expect(page.get_by_text("the personal details are erased")).to_be_visible()
    page.goto(f"{visitor.site}/staff/requests/{request_seen.pk}/erase/")
    expect(page.get_by_text("There is nothing left to erase or copy.")).to_be_visible()


def test_audit_log_filter_and_pages(
    visit: Visit, staff_member: Make, request_seen: ConsultationRequest
) -> None:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    page.goto(visitor.site + "/staff/")
    page.get_by_role("link", name="Who saw what").click()
    page.get_by_label("Reference").fill(request_seen.reference)
    visitor.presses("Show")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(page.get_by_label("Reference")).to_have_value(request_seen.reference)
    assert visitor.violations() == []
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_export_download(visit: Visit, staff_member: Make, request_seen: ConsultationRequest) -> None:
    visitor = visit()
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    page.goto(visitor.site + "/staff/export/")
    page.get_by_label("Report or statistics").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert request_seen.reference in download.value.path().read_text("utf-8-sig")
