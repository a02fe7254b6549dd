"""Sign-in in a browser: two steps, passkeys, password links, and the warning of an idle session."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from clinic_site.accounts.tokens import password_link
from tests.accounts.account_helpers import code_at, set_up_totp, staff_with_password
from tests.factories import staff

Visit = Callable[..., Any]


def enter_code(page: Page, code: str) -> None:
    page.fill("#id_code", code)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_first_sign_in_sets_up_the_phone_and_the_next_asks_for_it(visit: Visit, settings: Any) -> None:
    settings.STAFF_TWO_STEP = True
    user = staff_with_password(roles.COORDINATOR)
    visitor = visit()
    page = visitor.opens("/staff/")
    visitor.assert_accessible_everywhere()
    page.fill("#id_login", user.email)
    page.fill("#id_password", "wrong")
    visitor.presses("Sign in")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    visitor.assert_accessible()
    visitor.signs_in(user)

    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")
    picture = page.get_by_role("img", name="QR code")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    visitor.assert_accessible_everywhere()
    enter_code(page, "000000")
    visitor.assert_accessible()
    assert page.locator("#secret").inner_text().replace(" ", "") == secret
    code = code_at(secret)
    enter_code(page, code)

    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    expect(page.locator(".access__codes code")).to_have_count(10)
    visitor.assert_accessible_everywhere()
    recovery_code = page.locator(".access__codes code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save them as a file").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("[A-Z][a-z]+day [0-9]+ [A-Z][a-z]+"))
    visitor.opens("/staff/two-step/")
    visitor.assert_accessible()

    visitor.signs_out()
    visitor.opens("/staff/consultations/")
    visitor.signs_in(user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    visitor.assert_accessible()
    # The code that set up the phone is used.
    enter_code(page, code)
    expect(page.get_by_text("was already used")).to_be_visible()
    enter_code(page, recovery_code)
    assert page.url == visitor.site + "/staff/consultations/"


def test_passkey_is_added_used_and_removed(visit: Visit, settings: Any) -> None:
    settings.STAFF_TWO_STEP = True
    user = staff_with_password(roles.EDITOR)
    visitor = visit()
    page = visitor.opens("/staff/")
    # Chromium's own test device, which answers as a phone with a fingerprint sensor does.
    device = visitor.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal"}
    options |= {"hasUserVerification": True, "isUserVerified": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    visitor.signs_in(user)
    page.get_by_role("link", name="Use a passkey instead").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    visitor.assert_accessible()
    page.fill("#id_name", "Clinic computer")
    visitor.presses("Create the passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")

    visitor.signs_out()
    visitor.opens("/staff/two-step/")
    visitor.signs_in(user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    visitor.assert_accessible()
    visitor.presses("Use your passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-step sign-in")
    visitor.assert_accessible()
    page.get_by_role("link", name="Remove Clinic computer").click()
    visitor.assert_accessible()
    visitor.presses("Remove this passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")


def test_invited_person_chooses_a_password(visit: Visit) -> None:
    user = staff_with_password(roles.EDITOR)
    visitor = visit()
    page = visitor.opens(password_link(user).removeprefix(visitor.site))
    visitor.assert_accessible()
    page.fill("#id_new_password1", "seven green lanterns")
    page.fill("#id_new_password2", "seven red lanterns")
    visitor.presses("Set this password")
    visitor.assert_accessible()
    for field in ("#id_new_password1", "#id_new_password2"):
        page.fill(field, "seven green lanterns")
    visitor.presses("Set this password")
    expect(page.get_by_text("Your password is set")).to_be_visible()
    for path in ("/staff/password/choose/x/y/", "/staff/password/forgotten/", "/staff/password/sent/"):
        visitor.opens(path)
        visitor.assert_accessible()


def test_manager_resets_two_step_sign_in(visit: Visit) -> None:
    user = staff_with_password(roles.EDITOR)
    set_up_totp(user)
    visitor = visit(staff(roles.MANAGER))
    page = visitor.opens(f"/staff/accounts/user/{user.pk}/change/")
    visitor.assert_accessible()
    visitor.presses("Reset two-step sign-in")
    expect(page.get_by_text("Two-step sign-in was reset.")).to_be_visible()
    visitor.opens("/staff/accounts/accountevent/")
    expect(page.locator("#result_list")).to_contain_text("reset by a manager")
    visitor.assert_accessible()
    visitor.opens("/staff/accounts/user/add/")
    visitor.assert_accessible()


# The idle session: the page's clock and the time stored in the session move by the same.


def pass_minutes(page: Page, minutes: int) -> None:
    for session in Session.objects.all():
        facts = session.get_decoded()
        facts["staff_last_request_at"] -= minutes * 60
        session.session_data = Session.objects.encode(facts)
        session.save()
    page.clock.run_for(minutes * 60_000 + 1000)


@pytest.fixture
def idle(visit: Visit) -> Any:
    visitor = visit(staff_with_password(roles.EDITOR))
    visitor.page.clock.install()
    visitor.opens("/staff/procedures/procedure/add/")
    return visitor


def test_idle_warning_is_closed_by_one_key(idle: Any) -> None:
    page: Page = idle.page
    warning = page.get_by_role("alertdialog", name="Are you still there?")
    title = page.locator("#content input[type=text]").first
    title.fill("Half a title")
    for key in ("Enter", "Escape"):
        pass_minutes(page, 12)
        expect(warning).to_be_hidden()
        pass_minutes(page, 1)
        expect(warning).to_be_visible()
        expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
        idle.assert_accessible()
        page.keyboard.press(key)
        expect(warning).to_be_hidden()
        expect(title).to_have_value("Half a title")


ASKS_HOW_LONG = """async () => {
    const { status } = document.getElementById("idle").dataset;
    await (await fetch(status, { headers: { "X-Background": "1" } })).json();
}"""


def test_work_in_another_window_counts_and_an_ignored_warning_signs_out(idle: Any) -> None:
    page: Page = idle.page
    other = idle.context.new_page()
    pass_minutes(page, 12)
    other.goto(idle.site + "/staff/")
    other.close()
    # Wait until the page has read how much time is left: the response to our own question comes after that.
    with page.expect_response("**/staff/session/") as answer:
        pass_minutes(page, 2)
    answer.value.finished()
    page.evaluate(ASKS_HOW_LONG)
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    pass_minutes(page, 11)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    pass_minutes(page, 2)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    idle.signs_in(User.objects.get())
    assert page.url == idle.site + "/staff/procedures/procedure/add/"
