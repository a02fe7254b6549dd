"""How often somebody may try to come in: counted for each account and each address, across processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client

from clinic_site.accounts import sign_in_limits
from clinic_site.accounts.models import AccessEvent
from tests.accounts.account_links import (
    PASSWORD,
    SECRET,
    a_person,
    code_at,
    errors_of,
    gives_code,
    gives_password,
    is_in,
    with_phone,
)

NOON = 1_800_000_000
LATER = 15 * 60 + 1


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.mark.django_db
def test_over_the_limit_of_an_account_even_the_password_does_not_help(client: Client, clock: Any) -> None:
    a_person()
    for number in range(sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts):
        # However it is written, and from wherever, it is one account.
        name = ("ayesha", "AYESHA", " ayesha", "ａyesha")[number % 4]
        response = client.post(
            "/staff/login/", {"login": name, "password": "wrong"}, REMOTE_ADDR=f"203.0.113.{number}"
        )
        assert "do not belong together" in errors_of(response)[0]
    response = gives_password(client)
    assert errors_of(response) == ["There were too many tries to sign in. Wait 15 minutes, then try again."]
    assert not is_in(client)
    clock.shift(LATER)
    gives_password(client)
    assert is_in(client)


@pytest.mark.django_db
def test_an_account_that_does_not_exist_is_answered_alike(client: Client, clock: Any) -> None:
    a_person()
    told = {}
    for name in ("ayesha", "nobody"):
        told[name] = [errors_of(gives_password(client, name, "wrong")) for _ in range(12)]
    assert told["ayesha"] == told["nobody"]


@pytest.mark.django_db
def test_nobody_is_locked_out_of_a_browser_where_they_signed_in_before(client: Client, clock: Any) -> None:
    a_person()
    gives_password(client)
    client.post("/staff/logout/")
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts + 1):
        told = errors_of(gives_password(stranger, password="wrong"))
    assert "Wait 15 minutes" in told[0]
    gives_password(client)
    assert is_in(client)


@pytest.mark.django_db
def test_a_known_browser_is_limited_by_itself_and_knows_no_other_account(client: Client, clock: Any) -> None:
    a_person()
    a_person(username="bilal", email="bilal@clinic.example")
    gives_password(client)
    client.post("/staff/logout/")
    for name in ("ayesha", "bilal"):
        for _ in range(sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts):
            gives_password(client, name, "wrong")
        assert "Wait 15 minutes" in errors_of(gives_password(client, name))[0]
    # Of bilal's tries none was counted for this browser, where he never was; of hers all were.
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert "Wait 15 minutes" in errors_of(gives_password(elsewhere, "bilal"))[0]
    gives_password(elsewhere, "ayesha")
    assert is_in(elsewhere)


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["", "no cookie of ours", "a:b:c", "\x00", "é" * 4000])
def test_a_cookie_that_was_made_up_makes_no_browser_known(client: Client, clock: Any, cookie: str) -> None:
    a_person()
    for _ in range(sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts):
        gives_password(client, password="wrong")
    # As it may come over the line: a cookie of Python's own would refuse some of these.
    response = client.post(
        "/staff/login/",
        {"login": "ayesha", "password": PASSWORD},
        headers={"cookie": f"{sign_in_limits.KNOWN_BROWSER}={cookie}"},
    )
    assert "Wait 15 minutes" in errors_of(response)[0]


@pytest.mark.django_db
def test_a_browser_is_known_for_ninety_days_and_by_no_script(client: Client, clock: Any) -> None:
    a_person()
    gives_password(client)
    cookie = client.cookies[sign_in_limits.KNOWN_BROWSER]
    assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (90 * 24 * 3600, "/staff/", True)
    client.post("/staff/logout/")
    clock.shift(91 * 24 * 3600)
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts):
        gives_password(stranger, password="wrong")
    assert "Wait 15 minutes" in errors_of(gives_password(client))[0]


@pytest.mark.django_db
def test_one_address_cannot_go_through_all_accounts(client: Client, clock: Any) -> None:
    a_person()
    for number in range(sign_in_limits.SIGN_IN_BY_ADDRESS.attempts):
        gives_password(client, f"name-{number}", "wrong")
    assert "Wait 15 minutes" in errors_of(gives_password(client))[0]
    other = client.post(
        "/staff/login/",
        {"login": "ayesha", "password": "correct horse battery staple"},
        REMOTE_ADDR="203.0.113.9",
    )
    assert other.status_code == 303


@pytest.mark.django_db
def test_codes_are_limited_too(client: Client, clock: Any) -> None:
    with_phone(a_person())
    gives_password(client)
    for _ in range(sign_in_limits.CODE_BY_ACCOUNT.attempts):
        assert "not right" in errors_of(gives_code(client, "000000"))[0]
    assert "Wait 15 minutes" in errors_of(gives_code(client, code_at(SECRET)))[0]
    # Signing in anew does not begin a new count.
    other = Client()
    gives_password(other)
    assert "Wait 15 minutes" in errors_of(gives_code(other, code_at(SECRET)))[0]
    clock.shift(LATER)
    gives_password(other)
    gives_code(other, code_at(SECRET))
    assert is_in(other)


@pytest.mark.django_db
def test_the_name_that_was_tried_is_kept_only_where_there_is_such_an_account(client: Client) -> None:
    user = a_person()
    gives_password(client, password="wrong")
    gives_password(client, name="my-password-by-mistake")
    known, unknown = AccessEvent.objects.order_by("pk")
    assert (known.kind, known.subject, known.actor) == (AccessEvent.Kind.SIGN_IN_FAILED, user, None)
    assert (unknown.kind, unknown.subject) == (AccessEvent.Kind.SIGN_IN_FAILED, None)
    assert "my-password" not in str(unknown.detail)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_exactly_so_many_are_looked_at() -> None:
    a_person()

    def tries(_number: int) -> str:
        try:
            return errors_of(gives_password(Client(), password="wrong"))[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(tries, range(24)))
    assert sum("do not belong" in words for words in told) == sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts
    assert (
        sum("Wait 15 minutes" in words for words in told) == 24 - sign_in_limits.SIGN_IN_BY_ACCOUNT.attempts
    )


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "\0", "😀" * 200, "x" * 100_000, "علی", "a\r\nb"])
def test_whatever_is_typed_is_answered(client: Client, value: str) -> None:
    for sent in ({"login": value, "password": "x"}, {"login": "x", "password": value}, {"login": value}, {}):
        response = client.post("/staff/login/", sent)
        assert response.status_code == 200
        assert errors_of(response)
