"""The queue in a real browser: by keyboard, on a phone and at a desk, accessible to all."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clinic_site.accounts import roles
from consultations.models import ConsultationRequest
from tests.factories import a_request, staff

Visit = Callable[..., Any]


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


def test_queue_is_accessible(visit: Visit, requests: list[ConsultationRequest]) -> None:
    visitor = visit(staff(roles.COORDINATOR))
    for address in ("/staff/", "/staff/requests/?tab=completed&onset=soon&page=2", "/staff/requests/"):
        page = visitor.opens(address)
        visitor.assert_accessible_everywhere()
    page.get_by_role("searchbox", name="Search").fill("علي")
    visitor.presses("Search")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    visitor.assert_accessible_everywhere()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    visitor.assert_accessible_everywhere()


def test_keyboard_moves_opens_and_searches(visit: Visit, requests: list[ConsultationRequest]) -> None:
    page = visit(staff(roles.COORDINATOR)).opens("/staff/requests/")
    links = [page.get_by_role("link", name=request.reference) for request in requests]
    for key in ("Control+j", "Alt+j", "Meta+j", "ArrowDown"):  # a key with a modifier is the browser's
        page.keyboard.press(key)
        expect(links[0]).not_to_be_focused()
    for key, link in (("j", 0), ("j", 1), ("ArrowDown", 2), ("j", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(links[link]).to_be_focused()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search")
    expect(search).to_be_focused()
    page.keyboard.type("jk/?")
    expect(search).to_have_value("jk/?")
    expect(search).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    links[1].focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/staff/requests/{requests[1].pk}/")

    page.goto("/staff/requests/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("j")
    expect(links[0]).not_to_be_focused()
    dialog.get_by_role("checkbox").uncheck()  # turns the shortcuts off
    dialog.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(links[0]).not_to_be_focused()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_requests_are_found_again_assigned_and_printed(
    visit: Visit, requests: list[ConsultationRequest], scripts: bool
) -> None:
    user = staff(roles.COORDINATOR)
    visitor = visit(user, java_script_enabled=scripts)
    page = visitor.opens("/staff/requests/")
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_visible(visible=scripts)
    page.get_by_role("searchbox", name="Search").fill("Khan")
    visitor.presses("Search")
    rows = page.get_by_role("rowheader")
    found = rows.count()
    assert found and "Khan" not in page.url
    page.get_by_role("link", name=requests[1].reference).click()
    page.wait_for_url(f"**/staff/requests/{requests[1].pk}/")
    page.go_back()
    expect(rows).to_have_count(found)
    expect(page.get_by_role("heading", level=1)).to_have_text("Search results")

    visitor.opens("/staff/requests/")
    for request in requests[:2]:
        page.get_by_role("checkbox", name=f"Select {request.reference}").check()
    page.get_by_label("Assign the selected requests to").select_option(label=str(user))
    visitor.presses("Assign")
    expect(page.get_by_text(f"2 requests are now assigned to {user}.")).to_be_visible()
    assert ConsultationRequest.objects.filter(assignee=user).count() == 2

    page.emulate_media(media="print")
    expect(page.get_by_role("link", name=requests[0].reference)).to_be_visible()
    for role, name in (("button", "Search"), ("button", "Assign"), ("link", "Mine 2")):
        expect(page.get_by_role(role, name=name)).to_be_hidden()


def test_new_requests_show_by_themselves(visit: Visit, requests: list[ConsultationRequest]) -> None:
    visitor = visit(staff(roles.COORDINATOR))
    page = visitor.page
    page.clock.install()
    for address in ("/staff/", "/staff/requests/"):
        visitor.opens(address)
        title = page.title()
        page.clock.run_for(61_000)
        expect(page.get_by_role("status").get_by_role("link")).to_have_count(0)
        name = f"Patient who came to {address}"
        a_request(patient_name=name)
        with page.expect_response("**/news/?since=*") as answered:
            page.clock.run_for(61_000)
        assert answered.value.request.headers["x-background"] == "1"  # an idle session still ends
        link = page.get_by_role("link", name="1 new request – Show")
        expect(link).to_be_visible()
        expect(page).to_have_title(f"(1) {title}")
        visitor.assert_accessible_everywhere()
        link.click()
        expect(page.get_by_text(name)).to_be_visible()
        expect(page).to_have_title(re.compile("^Waiting"))


def test_today_waits_while_someone_works_in_it(visit: Visit, requests: list[ConsultationRequest]) -> None:
    page = visit(staff(roles.COORDINATOR)).page
    page.clock.install()
    page.goto("/staff/")
    replaced: list[str] = []
    page.on("request", lambda sent: sent.url.endswith("/staff/") and replaced.append(sent.url))
    late = page.get_by_role("link", name=f"Read message {requests[1].patient_name}")
    late.focus()
    ConsultationRequest.objects.update(promised_by=None, call_back_at=None, unread_since=None)
    for _minute in range(2):
        with page.expect_response("**/news/?since=*"):
            page.clock.run_for(61_000)
    expect(late).to_be_focused()
    assert replaced == []
    late.evaluate("link => link.blur()")
    page.clock.run_for(61_000)
    expect(late).to_have_count(0)
    assert len(replaced) == 1
