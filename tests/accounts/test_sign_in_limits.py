"""Sign-in attempts are limited per account and per network address, across processes."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts import sign_in_limits
from clinic_site.mail.models import OutgoingMessage
from tests.accounts.account_helpers import (
    EMAIL,
    PASSWORD,
    SECRET,
    code_at,
    enter_code,
    enter_password,
    errors_of,
    is_signed_in,
    set_up_totp,
    staff_with_password,
)
from tests.concurrency import in_threads

pytestmark = pytest.mark.django_db

ATTEMPTS = sign_in_limits.SIGN_IN_BY_ACCOUNT_AND_ADDRESS.attempts
ATTEMPTS_ANYWHERE = ATTEMPTS + 2  # instead of 30: each is a request
LATER = 15 * 60 + 1
BILAL = "bilal@clinic.example"
CHOSEN = "another horse battery staple"


@pytest.fixture
def few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts == 30
    few = replace(sign_in_limits.SIGN_IN_BY_ACCOUNT, attempts=ATTEMPTS_ANYWHERE)
    monkeypatch.setattr(sign_in_limits, "SIGN_IN_BY_ACCOUNT", few)


def is_limited(response: Any) -> bool:
    return any("too many tries to sign in" in error for error in errors_of(response))


def use_up_attempts(client: Client, email: str = EMAIL) -> None:
    for _ in range(ATTEMPTS):
        enter_password(client, email, "wrong")


def choose_with_link(client: Client, message: OutgoingMessage) -> None:
    path = re.search(r"/staff/password/choose/\S+", message.text)[0]  # type: ignore[index]
    form = client.get(path)["Location"]
    assert client.post(form, {"new_password1": CHOSEN, "new_password2": CHOSEN}).status_code == 302


def elsewhere() -> Client:
    return Client(REMOTE_ADDR="203.0.113.9")


def test_account_limit_refuses_even_the_right_password(
    client: Client, clock: Any, few_attempts: None
) -> None:
    staff_with_password()
    for number in range(ATTEMPTS_ANYWHERE):
        # Every spelling counts, from every address.
        email = (EMAIL, EMAIL.upper(), f" {EMAIL}")[number % 3]
        response = enter_password(Client(REMOTE_ADDR=f"203.0.113.{number}"), email, "wrong")
        assert "is wrong" in errors_of(response)[0]
        # An account that does not exist gets the same.
        other = enter_password(Client(REMOTE_ADDR=f"198.51.100.{number}"), BILAL, "wrong")
        assert errors_of(other) == errors_of(response)
    assert is_limited(enter_password(client)) and is_limited(enter_password(client, BILAL))
    assert not is_signed_in(client)
    clock.shift(LATER)
    enter_password(client)
    assert is_signed_in(client)


def test_known_browser_has_its_own_limit_for_its_accounts_only(client: Client, clock: Any) -> None:
    staff_with_password()
    staff_with_password(email=BILAL)
    enter_password(client)
    cookie = client.cookies[sign_in_limits.KNOWN_BROWSER_COOKIE]
    assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (90 * 24 * 3600, "/staff/", True)
    client.post("/staff/logout/")
    stranger = elsewhere()
    use_up_attempts(stranger)
    assert is_limited(enter_password(stranger))
    enter_password(client)
    assert is_signed_in(client)
    client.post("/staff/logout/")
    clock.shift(LATER)
    for email in (EMAIL, BILAL):
        use_up_attempts(client, email)
        assert is_limited(enter_password(client, email))
    # Bilal never signed in here, and each network has its own share of the attempts.
    assert not is_limited(enter_password(stranger, BILAL, "wrong"))
    enter_password(stranger)
    assert is_signed_in(stranger)
    # After ninety days the browser is a stranger again.
    clock.shift(91 * 24 * 3600)
    use_up_attempts(client)
    assert is_limited(enter_password(client))
    assert enter_password(elsewhere()).status_code == 302


def test_mailed_link_opens_a_new_browser_while_others_guess(
    client: Client, clock: Any, few_attempts: None
) -> None:
    user = staff_with_password()
    for number in range(ATTEMPTS_ANYWHERE):
        enter_password(Client(REMOTE_ADDR=f"203.0.113.{number}"), password="wrong")
    refused = enter_password(client)
    assert "Forgot your password?" in errors_of(refused)[0] and not is_signed_in(client)
    # An attacker may also ask for the links. They all go to the owner.
    for _ in range(sign_in_limits.LINK_BY_ACCOUNT.attempts + 1):
        elsewhere().post("/staff/password/forgotten/", {"email": EMAIL})
    sent = OutgoingMessage.objects.filter(kind="password-link", to=user.email)
    assert sent.count() == sign_in_limits.LINK_BY_ACCOUNT.attempts
    choose_with_link(client, sent.latest("pk"))
    use_up_attempts(elsewhere())
    enter_password(client, password=CHOSEN)
    assert is_signed_in(client)


def test_mailed_link_opens_the_browser_where_the_password_was_forgotten(client: Client, clock: Any) -> None:
    staff_with_password()
    enter_password(client)
    client.post("/staff/logout/")
    use_up_attempts(client)
    assert is_limited(enter_password(client))
    client.post("/staff/password/forgotten/", {"email": EMAIL})
    choose_with_link(client, OutgoingMessage.objects.latest("pk"))
    enter_password(client, password=CHOSEN)
    assert is_signed_in(client)


def test_made_up_cookies_make_no_browser_known(clock: Any) -> None:
    staff_with_password()
    use_up_attempts(Client())
    for cookie in ("", "no cookie of ours", "a:b:c", "\x00", "é" * 4000):
        # Sent as raw header: Python's cookies would refuse some of these.
        response = Client().post(
            "/staff/login/",
            {"login": EMAIL, "password": PASSWORD},
            headers={"cookie": f"{sign_in_limits.KNOWN_BROWSER_COOKIE}={cookie}"},
        )
        assert is_limited(response), cookie


def test_address_limit_counts_all_accounts(
    client: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(sign_in_limits.SIGN_IN_BY_ADDRESS, attempts=4)
    monkeypatch.setattr(sign_in_limits, "SIGN_IN_BY_ADDRESS", few)
    staff_with_password()
    for number in range(few.attempts):
        enter_password(client, f"name-{number}@clinic.example", "wrong")
    assert is_limited(enter_password(client))
    assert enter_password(elsewhere()).status_code == 302


def test_codes_are_limited(client: Client, clock: Any) -> None:
    set_up_totp(staff_with_password())
    enter_password(client)
    for _ in range(sign_in_limits.CODE_BY_ACCOUNT.attempts):
        assert "code is wrong" in errors_of(enter_code(client, "000000"))[0]
    # Another sign-in does not start another count.
    other = Client()
    enter_password(other)
    for browser in (client, other):
        assert "Wait 15 minutes" in errors_of(enter_code(browser, code_at(SECRET)))[0]
    clock.shift(LATER)
    enter_password(other)
    enter_code(other, code_at(SECRET))
    assert is_signed_in(other)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_are_limited_exactly() -> None:
    staff_with_password()

    def attempt() -> int:
        return sum(is_limited(enter_password(Client(), password="wrong")) for _ in range(3))

    assert sum(in_threads(*[attempt] * 8)) == 24 - ATTEMPTS


def test_odd_input_gets_an_error(client: Client) -> None:
    for value in ("", "\0", "😀" * 200, "x" * 100_000, "علی", "a\r\nb"):
        for sent in ({"login": value, "password": "x"}, {"login": EMAIL, "password": value}, {}):
            response = client.post("/staff/login/", sent)
            assert response.status_code == 200
            assert errors_of(response)
