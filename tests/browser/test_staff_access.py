"""Sign-in in a browser: two steps, passkeys, password links, and the warning of an idle session."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from clinic_site.accounts.tokens import password_link
from tests.accounts.account_helpers import code_at, set_up_totp
from tests.browser.conftest import PASSWORD

Visit = Callable[..., Any]
Make = Callable[[str], User]


@pytest.fixture(autouse=True)
def forget_used_codes() -> None:
    cache.clear()


def enter_password(visitor: Any, user: User) -> None:
    visitor.page.fill("#id_login", user.email)
    visitor.page.fill("#id_password", PASSWORD)
    visitor.presses("Sign in")


def enter_code(page: Page, code: str) -> None:
    page.fill("#id_code", code)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [390, 1280])
def test_first_sign_in_sets_up_the_phone_and_the_next_asks_for_it(
    visit: Visit, staff_member: Make, settings: Any, width: int
) -> None:
    settings.STAFF_TWO_STEP = True
    user = staff_member(roles.COORDINATOR)
    visitor = visit(viewport={"width": width, "height": 800})
    page = visitor.opens("/staff/")
    assert visitor.violations() == []
    page.fill("#id_login", user.email)
    page.fill("#id_password", "wrong")
    visitor.presses("Sign in")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    assert visitor.violations() == []
    enter_password(visitor, user)

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")
    picture = page.get_by_role("img", name="QR code")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
    enter_code(page, "000000")
    assert visitor.violations() == []
    assert page.locator("#secret").inner_text().replace(" ", "") == secret
    code = code_at(secret)
    enter_code(page, code)

    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    expect(page.locator(".access__codes code")).to_have_count(10)
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
    recovery_code = page.locator(".access__codes code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save them as a file").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What needs doing")
    page.goto(visitor.site + "/staff/two-step/")
    assert visitor.violations() == []

    visitor.presses("Log out")
    page.goto(visitor.site + "/staff/consultations/")
    enter_password(visitor, user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    assert visitor.violations() == []
    # The code that set up the phone is used.
    enter_code(page, code)
    expect(page.get_by_text("was already used")).to_be_visible()
    enter_code(page, recovery_code)
    assert page.url == visitor.site + "/staff/consultations/"


def test_passkey_is_added_used_and_removed(visit: Visit, staff_member: Make, settings: Any) -> None:
    settings.STAFF_TWO_STEP = True
    user = staff_member(roles.EDITOR)
    visitor = visit()
    page = visitor.opens("/staff/")
    # Chromium's own test device, which answers as a phone with a fingerprint sensor does.
    device = visitor.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    enter_password(visitor, user)
    page.get_by_role("link", name="Use a passkey instead").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    assert visitor.violations() == []
    page.fill("#id_name", "Clinic computer")
    visitor.presses("Create the passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")

    visitor.presses("Log out")
    page.goto(visitor.site + "/staff/two-step/")
    enter_password(visitor, user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    assert visitor.violations() == []
    visitor.presses("Use your passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-step sign-in")
    assert visitor.violations() == []
    page.get_by_role("link", name="Remove Clinic computer").click()
    assert visitor.violations() == []
    visitor.presses("Remove this passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")


def test_invited_person_chooses_a_password(visit: Visit, staff_member: Make) -> None:
    user = staff_member(roles.EDITOR)
    visitor = visit()
    page = visitor.opens(password_link(user).removeprefix(visitor.site))
    assert visitor.violations() == []
    page.fill("#id_new_password1", "seven green lanterns")
    page.fill("#id_new_password2", "seven red lanterns")
    visitor.presses("Set this password")
    assert visitor.violations() == []
    for field in ("#id_new_password1", "#id_new_password2"):
        page.fill(field, "seven green lanterns")
    visitor.presses("Set this password")
    expect(page.get_by_text("Your password is set")).to_be_visible()
    for path in ("/staff/password/choose/x/y/", "/staff/password/forgotten/", "/staff/password/sent/"):
        page.goto(visitor.site + path)
        assert visitor.violations() == []


def test_manager_resets_two_step_sign_in(visit: Visit, staff_member: Make) -> None:
    user = staff_member(roles.EDITOR)
    set_up_totp(user)
    visitor = visit(viewport={"width": 1280, "height": 900})
    page = visitor.is_signed_in(staff_member(roles.MANAGER))
    page.goto(f"{visitor.site}/staff/accounts/user/{user.pk}/change/")
    assert visitor.violations() == []
    visitor.presses("Reset two-step sign-in")
    expect(page.get_by_text("Two-step sign-in was reset.")).to_be_visible()
    page.goto(visitor.site + "/staff/accounts/accountevent/")
    expect(page.locator("#result_list")).to_contain_text("reset by a manager")
    assert visitor.violations() == []
    page.goto(visitor.site + "/staff/accounts/user/add/")
    assert visitor.violations() == []


# The idle session: the page's clock and the time stored in the session move by the same.


def pass_minutes(page: Page, minutes: int) -> None:
    for session in Session.objects.all():
        facts = session.get_decoded()
        facts["staff_last_request_at"] -= minutes * 60
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


def pass_minutes_until_it_asks(page: Page, minutes: int) -> None:
    """Pass minutes, and wait until the page has read how much time is left."""
    with page.expect_response("**/staff/session/") as answer:
        pass_minutes(page, minutes)
    answer.value.finished()
    # The response to this comes after the page has read its own.
    page.evaluate(ASKS_HOW_LONG)


def test_idle_warning_is_closed_by_one_key(idle: Any) -> None:
    page: Page = idle.page
    warning = page.get_by_role("alertdialog", name="Are you still there?")
    page.locator("#content input[type=text]").first.fill("Half a title")
    pass_minutes(page, 12)
    expect(warning).to_be_hidden()
    pass_minutes(page, 1)
    expect(warning).to_be_visible()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    assert idle.violations() == []
    page.keyboard.press("Enter")
    expect(warning).to_be_hidden()
    expect(page.locator("#content input[type=text]").first).to_have_value("Half a title")
    pass_minutes(page, 12)
    expect(warning).to_be_hidden()
    pass_minutes(page, 1)
    expect(warning).to_be_visible()
    page.keyboard.press("Escape")
    expect(warning).to_be_hidden()


def test_ignored_warning_signs_out_and_the_page_opens_after_sign_in(idle: Any) -> None:
    page: Page = idle.page
    pass_minutes(page, 13)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    pass_minutes(page, 2)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    enter_password(idle, User.objects.get())
    assert page.url == idle.site + "/staff/procedures/procedure/add/"


def test_activity_in_another_window_extends_this_one(idle: Any) -> None:
    page: Page = idle.page
    other = idle.context.new_page()
    pass_minutes(page, 12)
    other.goto(idle.site + "/staff/")
    pass_minutes_until_it_asks(page, 2)
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    pass_minutes(page, 11)
    expect(page.get_by_role("alertdialog")).to_be_visible()
