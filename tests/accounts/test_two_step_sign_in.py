"""Two-step sign-in: setting it up, codes, recovery codes, passkeys, and what lets nobody in."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from clinic_site.accounts.models import AccountEvent, User
from clinic_site.core.models import RateLimitCounter
from tests.accounts.account_helpers import (
    EMAIL,
    NOON,
    PASSWORD,
    SECRET,
    code_at,
    enter_code,
    enter_password,
    errors_of,
    has_totp,
    is_signed_in,
    set_up_totp,
    sign_in,
    staff_with_password,
)
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db

SET_UP = "/staff/two-step/set-up/"
Kind = AccountEvent.Kind


@pytest.fixture
def required(settings: Any) -> None:
    settings.STAFF_TWO_STEP = True


@pytest.fixture
def user() -> User:
    return staff_with_password()


@pytest.fixture
def recovery_codes(user: User) -> list[str]:
    """``user`` has set up two-step sign-in."""
    return set_up_totp(user)


def forget_attempts() -> None:
    cache.clear()
    RateLimitCounter.objects.all().delete()


def kinds() -> list[str]:
    return [event.kind for event in AccountEvent.objects.order_by("pk")]


def test_password_is_enough_where_two_step_is_not_required(user: User, client: Client) -> None:
    response = enter_password(client, EMAIL.upper(), to="/staff/password_change/")
    assert response["Location"] == "/staff/password_change/"
    assert client.get("/staff/").status_code == 200
    assert "Two-step sign-in is off" in client.get("/staff/two-step/").content.decode()


def test_sign_in_leads_to_pages_of_this_site_only(user: User) -> None:
    evil = ("https://evil.example/", "//evil.example", "/\\e.example", "javascript:alert(1)")
    for to in (*evil, "http://[", "\0"):
        client = Client()
        assert client.get("/staff/login/", {"next": to}).status_code == 200
        assert enter_password(client, to=to)["Location"] == "/staff/"
        assert client.get("/staff/login/", {"next": to}).status_code == 302


def test_accounts_that_are_not_staff_cannot_sign_in(required: None, client: Client) -> None:
    patient = staff_with_password(email="patient@clinic.example", is_staff=False)
    response = enter_password(client, patient.email)
    assert errors_of(response) == errors_of(enter_password(client, email="nobody@clinic.example"))
    assert not is_signed_in(client)
    client.force_login(patient)
    assert client.get("/staff/")["Location"] == "/staff/login/?next=/staff/"
    staff_with_password()
    assert enter_password(client)["Location"] == "/staff/"


def test_first_sign_in_sets_up_the_app(
    required: None, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    user, other = staff_with_password("Manager"), staff()
    enter_password(client)
    for path in ("/staff/", "/staff/accounts/user/", "/staff/two-step/", "/staff/password_change/"):
        assert client.get(path)["Location"] == SET_UP
    response = client.post(f"/staff/accounts/user/{other.pk}/access/", {"action": "reset-two-step"})
    assert response["Location"] == SET_UP
    page = read(client.get(SET_UP))
    assert page.one("img", width="200")["src"].startswith("data:image/svg+xml;base64,")
    secret = page.one("code", id="secret").text.replace(" ", "")
    wrong = client.post(SET_UP, {"code": "000 000"})
    assert errors_of(wrong)
    # The key that was scanned stays the same after a mistake.
    assert read(wrong).one("code", id="secret").text.replace(" ", "") == secret
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(SET_UP, {"code": code_at(secret)})
    assert done["Location"] == "/staff/two-step/recovery-codes/"
    codes = client.get(done["Location"])
    assert "no-store" in codes["Cache-Control"]
    assert len([code for code in read(codes).all("code") if len(code.text) == 8]) == 10
    saved = client.get("/staff/two-step/recovery-codes/download/")
    assert saved["Content-Disposition"].startswith("attachment")
    assert client.get("/staff/").status_code == 200
    assert has_totp(user)
    assert kinds() == [Kind.SIGNED_IN, Kind.TWO_STEP_SET_UP]
    assert client.post("/staff/logout/").status_code == 200
    assert not is_signed_in(client)


def test_code_that_set_up_the_app_does_not_sign_in(user: User, client: Client, clock: Any) -> None:
    enter_password(client)
    secret = read(client.get(SET_UP)).one("code", id="secret").text.replace(" ", "")
    code = code_at(secret)
    client.post(SET_UP, {"code": code})
    assert has_totp(user)
    clock.shift(29)
    browser = Client()
    enter_password(browser)
    for written in (code, f"{code[:3]}-{code[3:]}"):
        assert errors_of(enter_code(browser, written))
        cache.clear()
    enter_code(browser, code_at(secret, NOON + 30))
    assert is_signed_in(browser)


def test_second_step_asks_for_a_code(recovery_codes: list[str], client: Client) -> None:
    response = enter_password(client, to="/staff/password_change/")
    assert response["Location"] == "/staff/login/code/"
    assert not is_signed_in(client)
    assert client.get("/staff/").status_code == 302
    assert client.get("/staff/login/code/").status_code == 200
    assert enter_code(client, code_at(SECRET))["Location"] == "/staff/password_change/"
    assert is_signed_in(client)
    assert kinds() == [Kind.SIGNED_IN]


def test_code_may_be_written_in_several_ways_and_be_half_a_minute_off(
    recovery_codes: list[str], clock: Any
) -> None:
    now = code_at(SECRET, NOON)
    urdu = now.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    cases = [(written, True) for written in (now, f"{now[:3]} {now[3:]}", f"{now[:3]}-{now[3:]}", urdu)]
    cases += [(f" {now}\t", True)]
    for seconds, works in ((-90, False), (90, False), (-29, True), (31, True)):
        cases.append((code_at(SECRET, NOON + seconds), works))
    for typed, works in cases:
        forget_attempts()
        client = Client()
        enter_password(client)
        enter_code(client, typed)
        assert is_signed_in(client) is works, typed


def test_code_works_once_in_all_processes(recovery_codes: list[str], clock: Any) -> None:
    for works in (True, False):
        client = Client()
        sign_in(client)
        assert is_signed_in(client) is works
        # Another process has an empty cache.
        cache.clear()


def test_recovery_code_works_once(recovery_codes: list[str]) -> None:
    for works in (True, False):
        client = Client()
        enter_password(client)
        enter_code(client, recovery_codes[0])
        assert is_signed_in(client) is works
    used = AccountEvent.objects.get(kind=Kind.RECOVERY_CODE_USED)
    assert used.summary() == "9 codes left"
    assert kinds()[-1] == Kind.SIGN_IN_FAILED


def test_wrong_codes_are_refused(recovery_codes: list[str], client: Client) -> None:
    for code in ("", "000000", "x" * 100_000, "😀😀😀", "\0", "١٢", "²³¹⁴⁵⁶", "-", "' OR 1=1"):
        forget_attempts()
        enter_password(client)
        response = enter_code(client, code)
        assert response.status_code == 200
        assert errors_of(response), code
        assert not is_signed_in(client)


def test_second_step_requires_the_password(recovery_codes: list[str], client: Client) -> None:
    for response in (client.get("/staff/login/code/"), enter_code(client, code_at(SECRET))):
        assert response["Location"] == "/staff/login/"
    enter_password(client)
    for credential in ("{}", "[]", "x", '{"id": "AAAA", "rawId": "AAAA", "response": {}}'):
        assert client.post("/staff/login/code/", {"credential": credential}).status_code == 200
    assert client.post("/staff/login/start-again/")["Location"] == "/staff/login/"
    assert enter_code(client, code_at(SECRET))["Location"] == "/staff/login/"
    assert not is_signed_in(client)


def test_account_closed_between_the_steps_does_not_sign_in(
    user: User, recovery_codes: list[str], client: Client
) -> None:
    for number, closed in enumerate(({"is_active": False}, {"is_staff": False})):
        enter_password(client)
        User.objects.filter(pk=user.pk).update(**closed)
        enter_code(client, recovery_codes[number])
        assert not is_signed_in(client)
        User.objects.filter(pk=user.pk).update(is_active=True, is_staff=True)
        client.post("/staff/login/start-again/")
    assert Kind.SIGNED_IN not in kinds()


def test_changing_two_step_requires_the_password_again(
    user: User, recovery_codes: list[str], client: Client, clock: Any
) -> None:
    sign_in(client)
    clock.shift(11 * 60)
    codes = "recovery-codes/"
    for path in ("another-phone/", "passkeys/add/", codes, f"{codes}new/", f"{codes}download/"):
        response = client.get(f"/staff/two-step/{path}")
        assert response["Location"].startswith("/staff/confirm/password/?next=")
    assert client.post("/staff/two-step/another-phone/").status_code == 302
    assert has_totp(user)
    confirm = "/staff/confirm/password/?next=/staff/two-step/another-phone/"
    assert "/staff/confirm/code/" in client.get(confirm).content.decode()
    assert errors_of(client.post(confirm, {"password": "wrong"}))
    # The form that was sent is processed after the confirmation.
    assert client.post(confirm, {"password": PASSWORD})["Location"] == SET_UP
    assert not Authenticator.objects.exists()
    assert Kind.TWO_STEP_REMOVED in kinds()


def test_code_confirms_too(
    recovery_codes: list[str], client: Client, django_capture_on_commit_callbacks: Any, clock: Any
) -> None:
    new = "/staff/two-step/recovery-codes/new/"
    sign_in(client)
    clock.shift(11 * 60)
    confirm = f"/staff/confirm/code/?next={new}"
    assert client.get(confirm).status_code == 200
    assert client.post(confirm, {"code": code_at(SECRET)})["Location"] == new
    old = client.get("/staff/two-step/recovery-codes/").content
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(new).status_code == 302
    assert client.get("/staff/two-step/recovery-codes/").content != old
    assert Kind.RECOVERY_CODES_RENEWED in kinds()


def test_removing_the_app_requires_set_up_again(
    required: None, recovery_codes: list[str], client: Client
) -> None:
    sign_in(client)
    assert client.get("/staff/").status_code == 200
    client.post("/staff/two-step/another-phone/")
    assert client.get("/staff/")["Location"] == SET_UP


def test_passkey_page_refuses_made_up_credentials(required: None, user: User, client: Client) -> None:
    enter_password(client)
    url = "/staff/two-step/passkeys/add/"
    assert "publicKey" in client.get(url).content.decode()
    made_up = '{"id": "AAAA", "rawId": "AAAA", "response": {}, "type": "public-key"}'
    for credential in ("", "x", "{}", "[]", made_up):
        assert client.post(url, {"name": "Phone", "credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


def test_unused_pages_of_allauth_are_not_served(client: Client) -> None:
    client.force_login(staff(is_superuser=True))
    for path in (
        *("signup/", "email/", "login/email/", "password/reset/", "two-step/webauthn/"),
        *("login/request-code/", "mfa/authenticator/", "account/emailaddress/"),
    ):
        assert client.get(f"/staff/{path}").status_code in (301, 404), path
