"""The queue in a real browser: by keyboard, on a phone and at a desk, accessible to all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest
from tests.factories import a_request

Visit = Callable[..., Any]
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def requests(site: str) -> list[ConsultationRequest]:
    """One of each that looks different, in the order of the queue."""
    now = timezone.now()
    late = a_request(
        patient_name="علی خان",
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        onset=1,
        woman_staff=True,
    )
    call_back, plain = (
        a_request(onset=2, may_identify_clinic="yes"),
        a_request(onset=6, may_identify_clinic="yes"),
    )
    ConsultationRequest.objects.filter(pk=late.pk).update(promised_by=now - timedelta(days=3))
    ConsultationRequest.objects.filter(pk=call_back.pk).update(
        call_back_at=now - timedelta(hours=1), unread_since=now, first_contact_at=now
    )
    return [late, call_back, plain]


@pytest.mark.parametrize("viewport", [{"width": 320, "height": 800}, DESKTOP])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_queue_is_accessible_and_fits_the_window(
    visit: Visit,
    staff_member: Callable[[str], User],
    requests: list[ConsultationRequest],
    viewport: dict[str, int],
    color_scheme: str,
) -> None:
    visitor = visit(viewport=viewport, color_scheme=color_scheme)
    visitor.is_signed_in(staff_member(roles.COORDINATOR))
    found = []
    for address in ("/staff/", "/staff/requests/", "/staff/requests/?tab=completed&onset=soon&page=2"):
        visitor.opens(address)
        assert not visitor.scrolls_sideways(), address
        found += visitor.violations()
    page = visitor.opens("/staff/requests/")
    page.get_by_role("searchbox", name="Find").fill("علي")
    visitor.presses("Search")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    assert not visitor.scrolls_sideways()
    found += visitor.violations()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    found += visitor.violations()
    assert found == []


def test_the_keyboard_moves_opens_and_searches(
    opened: Callable[..., Any], staff_member: Callable[[str], User], requests: list[ConsultationRequest]
) -> None:
    page = opened(staff_member(roles.COORDINATOR))
    page.goto("/staff/requests/")
    links = [page.get_by_role("link", name=request.reference) for request in requests]
    for key, link in (("j", 0), ("j", 1), ("ArrowDown", 2), ("j", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(links[link]).to_be_focused()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Find")
    expect(search).to_be_focused()
    page.keyboard.type("jk/?")
    expect(search).to_have_value("jk/?")
    expect(search).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    links[1].focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/staff/requests/{requests[1].pk}/")


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_back_from_a_request_leads_to_what_was_found(
    visit: Visit,
    staff_member: Callable[[str], User],
    requests: list[ConsultationRequest],
    java_script_enabled: bool,
) -> None:
    visitor = visit(viewport=DESKTOP, java_script_enabled=java_script_enabled)
    visitor.is_signed_in(staff_member(roles.COORDINATOR))
    page = visitor.opens("/staff/requests/")
    page.get_by_role("searchbox", name="Find").fill("Khan")
    visitor.presses("Search")
    rows = page.get_by_role("rowheader")
    found = rows.count()
    assert found and "Khan" not in page.url
    page.get_by_role("link", name=requests[1].reference).click()
    page.wait_for_url(f"**/staff/requests/{requests[1].pk}/")
    page.go_back()
    expect(rows).to_have_count(found)
    expect(page.get_by_role("heading", level=1)).to_have_text("Search results")


def test_a_key_with_a_modifier_is_the_browsers_and_shortcuts_can_be_turned_off(
    opened: Callable[..., Any], staff_member: Callable[[str], User], requests: list[ConsultationRequest]
) -> None:
    page = opened(staff_member(roles.COORDINATOR))
    page.goto("/staff/requests/")
    first = page.get_by_role("link", name=requests[0].reference)
    for key in ("Control+j", "Alt+j", "Meta+j", "ArrowDown"):
        page.keyboard.press(key)
        expect(first).not_to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("j")
    expect(first).not_to_be_focused()
    dialog.get_by_role("checkbox").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(first).not_to_be_focused()
    expect(dialog).to_be_hidden()


def test_without_scripts_everything_works_but_the_shortcuts(
    visit: Visit, staff_member: Callable[[str], User], requests: list[ConsultationRequest]
) -> None:
    visitor = visit(viewport=DESKTOP, java_script_enabled=False)
    user = staff_member(roles.COORDINATOR)
    visitor.is_signed_in(user)
    page = visitor.opens("/staff/requests/")
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()
    for request in requests[:2]:
        page.get_by_role("checkbox", name=f"Select {request.reference}").check()
    page.get_by_label("Assign the selected requests to").select_option(label=str(user))
    visitor.presses("Assign")
    expect(page.get_by_text(f"2 requests are now assigned to {user}.")).to_be_visible()
    assert ConsultationRequest.objects.filter(assignee=user).count() == 2


def test_on_paper_there_are_the_requests_and_nothing_to_press(
    opened: Callable[..., Any], staff_member: Callable[[str], User], requests: list[ConsultationRequest]
) -> None:
    page = opened(staff_member(roles.COORDINATOR))
    page.goto("/staff/requests/")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name=requests[0].reference)).to_be_visible()
    for role, name in (("button", "Search"), ("button", "Assign"), ("link", "Mine 0")):
        expect(page.get_by_role(role, name=name)).to_be_hidden()
