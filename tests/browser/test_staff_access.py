"""Signing in as the staff meet it in a browser: setting up two steps, and the warning of an idle session."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles, tokens
from clinic_site.accounts.models import User
from tests.accounts.account_links import code_at, with_phone
from tests.browser.conftest import PASSWORD

Visit = Callable[..., Any]
Make = Callable[[str], User]


@pytest.fixture(autouse=True)
def no_code_was_used() -> None:
    cache.clear()


def types_code(page: Page, code: str) -> None:
    page.fill("#id_code", code)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_sign_in_sets_up_the_phone_and_the_next_one_asks_for_it(
    visit: Visit, staff_member: Make, settings: Any, width: int
) -> None:
    settings.STAFF_TWO_STEP = True
    user = staff_member(roles.COORDINATOR)
    visitor = visit(viewport={"width": width, "height": 800})
    page = visitor.opens("/staff/")
    assert visitor.violations() == []
    page.fill("#id_login", user.username)
    page.fill("#id_password", "wrong")
    visitor.presses("Sign in")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert visitor.violations() == []
    page.fill("#id_password", PASSWORD)
    visitor.presses("Sign in")

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")
    picture = page.get_by_role("img", name="QR code")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
    types_code(page, "000000")
    assert visitor.violations() == []
    assert page.locator("#secret").inner_text().replace(" ", "") == secret
    types_code(page, code_at(secret))

    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    expect(page.locator(".access__codes code")).to_have_count(10)
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save them as a file").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What needs doing")
    page.goto(visitor.site + "/staff/two-step/")
    assert visitor.violations() == []

    visitor.presses("Log out")
    page.goto(visitor.site + "/staff/consultations/")
    page.fill("#id_login", user.username)
    page.fill("#id_password", PASSWORD)
    visitor.presses("Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("The second step")
    assert visitor.violations() == []
    types_code(page, code_at(secret))
    assert page.url == visitor.site + "/staff/consultations/"


def test_an_invited_person_chooses_a_password(visit: Visit, staff_member: Make) -> None:
    user = staff_member(roles.EDITOR)
    visitor = visit()
    page = visitor.opens(tokens.make(user, tokens.INVITATION).removeprefix(visitor.site))
    assert visitor.violations() == []
    page.fill("#id_new_password1", "seven green lanterns")
    page.fill("#id_new_password2", "seven red lanterns")
    visitor.presses("Set this password")
    assert visitor.violations() == []
    for field in ("#id_new_password1", "#id_new_password2"):
        page.fill(field, "seven green lanterns")
    visitor.presses("Set this password")
    expect(page.get_by_text("Your password is set")).to_be_visible()
    for path in ("/staff/password/choose/x/", "/staff/password/forgotten/", "/staff/password/sent/"):
        page.goto(visitor.site + path)
        assert visitor.violations() == []


def test_a_managers_page_of_an_account(visit: Visit, staff_member: Make) -> None:
    person = staff_member(roles.EDITOR)
    User.objects.filter(pk=person.pk).update(email="editor@clinic.example")
    with_phone(person)
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    page.goto(f"{visitor.site}/staff/accounts/user/{person.pk}/change/")
    assert visitor.violations() == []
    visitor.presses("Reset two-step sign-in")
    expect(page.get_by_text("Two-step sign-in is reset.")).to_be_visible()
    page.goto(visitor.site + "/staff/accounts/accessevent/")
    expect(page.locator("#result_list")).to_contain_text("reset by a manager")
    assert visitor.violations() == []
    page.goto(visitor.site + "/staff/accounts/user/add/")
    assert visitor.violations() == []


# The idle session. The page's clock is turned; what the server counts from is turned by the same.


def passes(page: Page, minutes: int) -> None:
    for session in Session.objects.all():
        facts = session.get_decoded()
        facts["access_last_request"] -= minutes * 60
        session.session_data = Session.objects.encode(facts)
        session.save()
    page.clock.run_for(minutes * 60_000 + 1000)


@pytest.fixture
def idle(visit: Visit, staff_member: Make) -> Any:
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.is_signed_in(staff_member(roles.EDITOR))
    page.clock.install()
    page.goto(visitor.site + "/staff/procedures/procedure/add/")
    return visitor


ASKS_HOW_LONG = """async () => {
    const { status } = document.getElementById("idle").dataset;
    await (await fetch(status, { headers: { "X-Background": "1" } })).json();
}"""


def passes_until_it_asks(page: Page, minutes: int) -> None:
    """As ``passes``, and waits until the page has heard how much time is left, and counts from that."""
    with page.expect_response("**/staff/session/") as answer:
        passes(page, minutes)
    answer.value.finished()
    # What is asked after that one is answered after that one has been read.
    page.evaluate(ASKS_HOW_LONG)


def test_somebody_idle_is_warned_and_stays_by_one_key(idle: Any) -> None:
    page: Page = idle.page
    warning = page.get_by_role("alertdialog", name="Are you still there?")
    page.locator("#content input[type=text]").first.fill("Half a title")
    passes(page, 12)
    expect(warning).to_be_hidden()
    passes(page, 1)
    expect(warning).to_be_visible()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    assert idle.violations() == []
    page.keyboard.press("Enter")
    expect(warning).to_be_hidden()
    expect(page.locator("#content input[type=text]").first).to_have_value("Half a title")
    passes(page, 12)
    expect(warning).to_be_hidden()
    passes(page, 1)
    expect(warning).to_be_visible()
    page.keyboard.press("Escape")
    expect(warning).to_be_hidden()


def test_somebody_who_does_not_answer_is_signed_out_and_comes_back_to_the_page(idle: Any) -> None:
    page: Page = idle.page
    passes(page, 13)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    passes(page, 2)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.fill("#id_login", "editor")
    page.fill("#id_password", PASSWORD)
    idle.presses("Sign in")
    assert page.url == idle.site + "/staff/procedures/procedure/add/"


def test_work_in_another_window_keeps_this_one(idle: Any) -> None:
    page: Page = idle.page
    other = idle.context.new_page()
    passes(page, 12)
    other.goto(idle.site + "/staff/")
    passes_until_it_asks(page, 2)
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    passes(page, 11)
    expect(page.get_by_role("alertdialog")).to_be_visible()
