"""The statistics in a real browser: on a phone and at a desk, in forced colors and on paper."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic_site.accounts import roles
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.browser.conftest import PHONE
from tests.factories import a_request, staff

Visit = Callable[..., Any]
PAGE = "/staff/statistics/"


@pytest.fixture
def requests(site: str) -> None:
    """Two weeks with a median, one without a request between them."""
    for number in range(12):
        sent_at = timezone.now() - timedelta(days=20 * (number % 2) + 1)
        request = a_request(created_at=sent_at, status=Status.COMPLETED if number > 3 else Status.NEW)
        ConsultationRequest.objects.filter(pk=request.pk).update(
            first_contact_at=sent_at + timedelta(hours=number), source_page="/procedures/nerve-repair/"
        )


def test_statistics_are_accessible_and_charts_have_descriptions(visit: Visit, requests: None) -> None:
    manager = staff(roles.MANAGER)
    visitor, forced = visit(manager), visit(manager, viewport=PHONE, forced_colors="active")
    for address in (f"{PAGE}?days=365", f"{PAGE}?first=2026-01-02&last=2026-01-01", PAGE):
        for window in (visitor, forced):
            page = window.opens(address)
            for details in page.locator("main details").all():
                details.locator("summary").click()
        visitor.assert_accessible_everywhere()
        # Axe cannot tell colors that the system has taken over.
        assert not forced.scrolls_sideways(), address
    page = visitor.page
    for name in ("Requests a week", "Time to first contact, week by week"):
        chart = page.get_by_role("img", name=name)
        assert chart.bounding_box()["height"] > 100
        expect(page.get_by_role("table", name=name)).to_be_visible()
    bar = page.locator(".chart__bar").first
    assert bar.evaluate("bar => getComputedStyle(bar).fill") == "rgb(14, 90, 99)"

    page.emulate_media(media="print")
    expect(page.get_by_role("img", name="Requests a week")).to_be_visible()
    expect(page.get_by_role("table", name="How requests ended")).to_be_visible()
    expect(page.get_by_role("button", name="Show", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Last 90 days")).to_be_hidden()


def test_period_and_download_without_scripts(visit: Visit, requests: None) -> None:
    visitor = visit(staff(roles.MANAGER), java_script_enabled=False)
    page = visitor.opens("/staff/")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Last 90 days").click()
    expect(page.get_by_role("link", name="Last 90 days")).to_have_attribute("aria-current", "page")
    page.get_by_role("textbox", name="From").fill("2026-01-01")
    page.get_by_role("textbox", name="To").fill("2026-01-31")
    visitor.presses("Show")
    expect(page.get_by_role("heading", level=1)).to_have_text("Statistics: Thu 1 Jan 2026 – Sat 31 Jan 2026")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "statistics-2026-01-01-2026-01-31.csv"
