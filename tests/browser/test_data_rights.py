"""Erasure, copy, export and audit log in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from clinic_site.accounts import roles
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure
from tests.factories import a_request, staff

Visit = Callable[..., Any]

BUTTONS = {"erase": "Erase for good", "copy": "Make and download", "export": "Export"}


@pytest.fixture
def seen(site: str) -> ConsultationRequest:
    """A request that somebody has opened often."""
    request, someone = a_request(status="proposed"), staff(roles.COORDINATOR)
    for _number in range(60):
        disclosures.record(someone, [request], Disclosure.Kind.OPENED)
    return request


def address(page: str, request: ConsultationRequest) -> str:
    return f"/staff/{page}/" if page == "export" else f"/staff/requests/{request.pk}/{page}/"


def test_data_rights_pages_are_accessible(visit: Visit, seen: ConsultationRequest) -> None:
    visitor = visit(staff(roles.MANAGER))
    for name, button in BUTTONS.items():
        page = visitor.opens(address(name, seen))
        visitor.assert_accessible_everywhere()
        visitor.presses(button)
        expect(page.get_by_text("Correct the fields marked below.")).to_be_visible()
        visitor.assert_accessible_everywhere()


def test_copy_then_erase_without_scripts(visit: Visit, seen: ConsultationRequest) -> None:
    visitor = visit(staff(roles.MANAGER), java_script_enabled=False)
    page = visitor.opens(address("erase", seen))
    page.get_by_role("link", name="Make a copy for the patient").click()
    page.get_by_label("Asked for in writing").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Make and download the copy").click()
    assert download.value.suggested_filename == f"{seen.reference}.zip"

    visitor.opens(address("erase", seen))
    page.get_by_label("Asked for in writing").check()
    page.get_by_label("Type the reference to confirm").fill(seen.reference.lower())
    visitor.presses("Erase for good")
    expect(page.get_by_text("the personal details are erased")).to_be_visible()
    visitor.opens(address("erase", seen))
    expect(page.get_by_text("There is nothing left to erase or copy.")).to_be_visible()


def test_audit_log_is_filtered_and_paged_and_export_is_downloaded(
    visit: Visit, seen: ConsultationRequest
) -> None:
    visitor = visit(staff(roles.MANAGER))
    # Not from Today, which may list the request, and records it.
    page = visitor.opens("/staff/statistics/")
    page.get_by_role("link", name="Who saw what").click()
    page.get_by_label("Reference", exact=True).fill(seen.reference)
    visitor.presses("Show")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(page.get_by_label("Reference", exact=True)).to_have_value(seen.reference)
    visitor.assert_accessible_everywhere()
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr")).to_have_count(50)

    visitor.opens("/staff/export/")
    page.get_by_label("Report or statistics").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert seen.reference in download.value.path().read_text("utf-8-sig")
