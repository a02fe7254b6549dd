"""The statistics in a real browser: on a phone and at a desk, in forced colors and on paper."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.factories import a_request

Visit = Callable[..., Any]
DESKTOP = {"width": 1280, "height": 900}
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


@pytest.mark.parametrize(
    ("viewport", "options"),
    [
        ({"width": 320, "height": 800}, {}),
        ({"width": 390, "height": 800}, {"color_scheme": "dark"}),
        ({"width": 320, "height": 800}, {"forced_colors": "active"}),
        (DESKTOP, {}),
        (DESKTOP, {"color_scheme": "dark"}),
    ],
)
def test_statistics_are_accessible_and_fit(
    visit: Visit,
    staff_member: Callable[[str], User],
    requests: None,
    viewport: dict[str, int],
    options: dict[str, str],
) -> None:
    visitor = visit(viewport=viewport, **options)
    visitor.is_signed_in(staff_member(roles.MANAGER))
    found = []
    for address in (PAGE, f"{PAGE}?days=365", f"{PAGE}?first=2026-01-02&last=2026-01-01"):
        page = visitor.opens(address)
        for details in page.locator("details").all():
            details.locator("summary").click()
        assert not visitor.scrolls_sideways(), address
        # Axe cannot tell colors that the system has taken over.
        found += [] if "forced_colors" in options else visitor.violations()
    assert found == []


def test_charts_have_descriptions(
    opened: Callable[..., Any], staff_member: Callable[[str], User], requests: None
) -> None:
    page = opened(staff_member(roles.MANAGER))
    page.goto(PAGE)
    for name in ("Requests a week", "Time to first contact, week by week"):
        chart = page.get_by_role("img", name=name)
        expect(chart).to_be_visible()
        assert chart.bounding_box()["height"] > 100
        expect(page.get_by_role("table", name=name)).to_be_visible()
    bar = page.locator(".chart__bar").first
    assert bar.evaluate("bar => getComputedStyle(bar).fill") == "rgb(14, 90, 99)"


def test_period_and_download_without_scripts(
    visit: Visit, staff_member: Callable[[str], User], requests: None
) -> None:
    visitor = visit(viewport=DESKTOP, java_script_enabled=False)
    visitor.is_signed_in(staff_member(roles.MANAGER))
    page = visitor.opens("/staff/")
    page.get_by_role("link", name="Statistics").click()
    page.get_by_role("link", name="Last 90 days").click()
    expect(page.get_by_role("link", name="Last 90 days")).to_have_attribute("aria-current", "page")
    page.get_by_role("textbox", name="From").fill("2026-01-01")
    page.get_by_role("textbox", name="To").fill("2026-01-31")
    visitor.presses("Show")
    expect(page.get_by_role("heading", level=1)).to_have_text("Statistics: 1 January 2026 – 31 January 2026")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "statistics-2026-01-01-2026-01-31.csv"


def test_printed_statistics(
    opened: Callable[..., Any], staff_member: Callable[[str], User], requests: None
) -> None:
    page = opened(staff_member(roles.MANAGER))
    page.goto(PAGE)
    page.emulate_media(media="print")
    expect(page.get_by_role("img", name="Requests a week")).to_be_visible()
    expect(page.get_by_role("table", name="How requests ended")).to_be_visible()
    expect(page.get_by_role("button", name="Show", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Last 90 days")).to_be_hidden()
