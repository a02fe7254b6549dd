"""Signing in with two steps: setting it up, the codes, the recovery codes, and what does not let one in."""

from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from clinic_site.accounts.models import AccessEvent, User
from tests.accounts.account_links import (
    PASSWORD,
    SECRET,
    a_person,
    code_at,
    errors_of,
    gives_code,
    gives_password,
    has_phone,
    is_in,
    with_phone,
)
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db

Kind = AccessEvent.Kind


@pytest.fixture
def required(settings: Any) -> None:
    settings.STAFF_TWO_STEP = True


def kinds() -> list[str]:
    return [event.kind for event in AccessEvent.objects.order_by("pk")]


def test_a_password_alone_lets_one_in_where_it_is_only_offered(client: Client) -> None:
    a_person()
    response = gives_password(client, to="/staff/password_change/")
    assert response.status_code == 303
    assert response["Location"] == "/staff/password_change/"
    assert is_in(client)
    assert client.get("/staff/").status_code == 200
    assert "Two-step sign-in is off" in client.get("/staff/two-step/").content.decode()


def test_the_page_leads_to_no_other_site(client: Client) -> None:
    a_person()
    assert gives_password(client, to="https://evil.example/")["Location"] == "/staff/"


@pytest.mark.parametrize(
    "to", ["http://[", "\0", "//evil.example", "javascript:alert(1)", "x" * 5000, "/\\e.example"]
)
def test_an_odd_page_to_go_on_to_is_left_out(client: Client, to: str) -> None:
    a_person()
    assert client.get("/staff/login/", {"next": to}).status_code == 200
    assert gives_password(client, to=to)["Location"] in ("/staff/", "x" * 5000)
    assert client.get("/staff/login/", {"next": to}).status_code == 302


def test_a_patients_account_that_is_signed_in_is_nobody_here(required: None, client: Client) -> None:
    client.force_login(staff(username="patient", is_staff=False))
    assert client.get("/staff/")["Location"] == "/staff/login/?next=/staff/"
    assert client.get("/staff/login/?next=/staff/").status_code == 200
    a_person()
    assert gives_password(client)["Location"] == "/staff/"


def test_the_first_sign_in_where_it_is_required(required: None, client: Client) -> None:
    user = a_person("Manager")
    gives_password(client)
    for path in ("/staff/", "/staff/accounts/user/", "/staff/two-step/", "/staff/password_change/"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"] == "/staff/two-step/set-up/"
    page = client.get("/staff/two-step/set-up/")
    assert page.status_code == 200
    picture = read(page).one("img", width="200")
    assert picture["src"].startswith("data:image/svg+xml;base64,")
    secret = read(page).one("code", id="secret").text.replace(" ", "")
    wrong = client.post("/staff/two-step/set-up/", {"code": "000 000"})
    assert wrong.status_code == 200
    assert errors_of(wrong)
    # What was scanned goes on being the key after a mistake.
    assert read(wrong).one("code", id="secret").text.replace(" ", "") == secret
    done = client.post("/staff/two-step/set-up/", {"code": code_at(secret)})
    assert done.status_code == 303
    assert done["Location"] == "/staff/two-step/recovery-codes/"
    codes = client.get(done["Location"])
    assert len([code for code in read(codes).all("code") if len(code.text) == 8]) == 10
    saved = client.get("/staff/two-step/recovery-codes/download/")
    assert saved["Content-Disposition"].startswith("attachment")
    assert client.get("/staff/").status_code == 200
    assert has_phone(user)
    assert kinds() == [Kind.SIGNED_IN, Kind.TWO_STEP_SET_UP]


def test_nothing_is_done_for_somebody_who_has_not_set_it_up(required: None, client: Client) -> None:
    manager, person = a_person("Manager"), staff(username="ali")
    client.force_login(manager)
    response = client.post(f"/staff/accounts/user/{person.pk}/access/", {"step": "two-step"})
    assert response["Location"] == "/staff/two-step/set-up/"
    assert client.post("/staff/logout/").status_code == 200
    assert not is_in(client)


def test_the_second_step_asks_for_a_code(client: Client) -> None:
    with_phone(a_person())
    response = gives_password(client, to="/staff/password_change/")
    assert response["Location"] == "/staff/login/code/"
    assert not is_in(client)
    assert client.get("/staff/").status_code == 302
    assert client.get("/staff/login/code/").status_code == 200
    response = gives_code(client, code_at(SECRET))
    assert response.status_code == 303
    assert response["Location"] == "/staff/password_change/"
    assert is_in(client)
    assert kinds() == [Kind.SIGNED_IN]


@pytest.mark.parametrize("written", ["{0}{1}", "{0} {1}", "{0}-{1}", " {0}{1}\t"])
def test_a_code_may_be_written_as_people_write_it(client: Client, written: str) -> None:
    with_phone(a_person())
    gives_password(client)
    code = code_at(SECRET)
    gives_code(client, written.format(code[:3], code[3:]))
    assert is_in(client)


def test_a_code_in_urdu_digits_is_the_same_code(client: Client) -> None:
    with_phone(a_person())
    gives_password(client)
    gives_code(client, code_at(SECRET).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")))
    assert is_in(client)


def test_a_code_works_once(client: Client) -> None:
    with_phone(a_person())
    with time_machine.travel(1_800_000_000, tick=False):
        code = code_at(SECRET)
        for browser, comes_in in ((client, True), (Client(), False)):
            gives_password(browser)
            gives_code(browser, code)
            assert is_in(browser) is comes_in
            # As in another process, where allauth knows of no code that was used.
            cache.clear()


@pytest.mark.parametrize(("seconds", "comes_in"), [(-29, True), (31, True), (-90, False), (90, False)])
def test_a_phone_may_be_half_a_minute_off(client: Client, seconds: int, comes_in: bool) -> None:
    with_phone(a_person())
    with time_machine.travel(1_800_000_000, tick=False):
        gives_password(client)
        gives_code(client, code_at(SECRET, 1_800_000_000 + seconds))
        assert is_in(client) is comes_in


def test_a_recovery_code_lets_one_in_once(client: Client) -> None:
    codes = with_phone(a_person())
    for browser, comes_in in ((client, True), (Client(), False)):
        gives_password(browser)
        gives_code(browser, codes[0])
        assert is_in(browser) is comes_in
    used = AccessEvent.objects.get(kind=Kind.RECOVERY_CODE_USED)
    assert used.detail == {"codes_left": 9}
    assert used.words() == "9 codes left"


@pytest.mark.parametrize(
    "code", ["", "000000", "x" * 100_000, "😀😀😀", "\0", "١٢", "²³¹⁴⁵⁶", "-", "None", "' OR 1=1 --"]
)
def test_what_is_no_code_is_told_so(client: Client, code: str) -> None:
    with_phone(a_person())
    gives_password(client)
    response = gives_code(client, code)
    assert response.status_code == 200
    assert errors_of(response)
    assert not is_in(client)


def test_the_second_step_cannot_be_had_without_the_first(client: Client) -> None:
    with_phone(a_person())
    for response in (client.get("/staff/login/code/"), gives_code(client, code_at(SECRET))):
        assert response["Location"] == "/staff/login/"
    assert not is_in(client)
    gives_password(client)
    assert errors_of(client.post("/staff/login/code/", {"credential": "{}"}))
    assert client.post("/staff/login/start-again/").status_code == 303
    assert gives_code(client, code_at(SECRET))["Location"] == "/staff/login/"
    assert not is_in(client)


def test_an_account_made_inactive_between_the_steps_does_not_come_in(client: Client) -> None:
    user = a_person()
    with_phone(user)
    gives_password(client)
    User.objects.update(is_active=False)
    gives_code(client, code_at(SECRET))
    assert not is_in(client)
    assert not AccessEvent.objects.filter(kind=Kind.SIGNED_IN).exists()


def test_another_phone_wants_the_password_or_a_code_once_more(client: Client) -> None:
    user = a_person()
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        with_phone(user)
        gives_password(client)
        gives_code(client, code_at(SECRET))
        clock.shift(11 * 60)
        for path in ("another-phone/", "recovery-codes/", "recovery-codes/new/", "recovery-codes/download/"):
            response = client.get(f"/staff/two-step/{path}")
            assert response.status_code == 302
            assert response["Location"].startswith("/staff/confirm/password/?next=")
        assert client.post("/staff/two-step/another-phone/")["Location"].startswith(
            "/staff/confirm/password/"
        )
        assert has_phone(user)
        confirm = "/staff/confirm/password/?next=/staff/two-step/another-phone/"
        assert client.get(confirm).status_code == 200
        assert errors_of(client.post(confirm, {"password": "wrong"}))
        # What had been asked for is done once it is confirmed.
        response = client.post(confirm, {"password": PASSWORD})
        assert response["Location"] == "/staff/two-step/set-up/"
    assert not Authenticator.objects.exists()
    assert Kind.TWO_STEP_REMOVED in kinds()


def test_a_code_confirms_too(client: Client) -> None:
    with_phone(a_person())
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        gives_password(client)
        gives_code(client, code_at(SECRET))
        clock.shift(11 * 60)
        confirm = "/staff/confirm/code/?next=/staff/two-step/recovery-codes/new/"
        assert client.get(confirm).status_code == 200
        assert client.post(confirm, {"code": code_at(SECRET)}).status_code == 303
        old = client.get("/staff/two-step/recovery-codes/").content
        assert client.post("/staff/two-step/recovery-codes/new/").status_code == 303
        assert client.get("/staff/two-step/recovery-codes/").content != old
    assert Kind.RECOVERY_CODES_RENEWED in kinds()


def test_somebody_who_is_no_staff_is_told_what_a_stranger_is_told(client: Client) -> None:
    a_person(is_staff=False)
    response = gives_password(client)
    assert errors_of(response) == errors_of(gives_password(client, name="nobody-at-all"))
    assert not is_in(client)


@pytest.mark.parametrize(
    "path",
    ["signup/", "email/", "login/email/", "password/reset/", "two-step/webauthn/", "login/request-code/"],
)
def test_no_more_of_the_library_is_on_the_site(client: Client, path: str) -> None:
    client.force_login(staff(username="root", is_superuser=True))
    assert client.get(f"/staff/{path}").status_code in (301, 404)


def test_nobody_reads_the_secrets_in_the_admin(client: Client) -> None:
    with_phone(a_person())
    client.force_login(staff(username="root", is_superuser=True))
    for path in ("mfa/authenticator/", "account/emailaddress/"):
        assert client.get(f"/staff/{path}").status_code == 404
    assert SECRET not in client.get("/staff/").content.decode()
