"""A session ends fifteen minutes after its last request, and twelve hours after it began."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic_site.accounts.models import AccessEvent
from tests.accounts.account_links import is_in
from tests.admin_forms import told
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db

NOON = 1_800_000_000
MINUTE = 60


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def client(client: Client, clock: Any) -> Client:
    client.force_login(staff("Manager", username="ayesha"))
    return client


def left(client: Client) -> int:
    seconds: int = client.get("/staff/session/").json()["seconds_left"]
    return seconds


def test_each_request_gives_fifteen_minutes_more(client: Client, clock: Any) -> None:
    for _ in range(4):
        clock.shift(14 * MINUTE)
        assert client.get("/staff/").status_code == 200
    clock.shift(15 * MINUTE)
    response = client.get("/staff/accounts/user/?q=ali")
    assert response["Location"] == "/staff/login/?next=/staff/accounts/user/%3Fq%3Dali"
    assert "You were signed out" in told(response)[0]
    assert not is_in(client)
    event = AccessEvent.objects.get()
    assert (event.kind, event.detail) == (AccessEvent.Kind.SIGNED_OUT, {"why": "idle"})


@pytest.mark.parametrize("headers", [{"x-background": "1"}, {"sec-fetch-dest": "empty"}])
def test_what_a_script_asks_for_is_no_work(client: Client, clock: Any, headers: dict[str, str]) -> None:
    for _ in range(3):
        clock.shift(5 * MINUTE - 1)
        assert client.get("/staff/session/", headers=headers).json()["seconds_left"] > 0
    clock.shift(3)
    assert client.get("/staff/session/", headers=headers).json() == {"seconds_left": 0}
    assert client.get("/staff/", headers=headers).status_code == 302


def test_somebody_who_presses_stay_has_fifteen_minutes_again(client: Client, clock: Any) -> None:
    clock.shift(14 * MINUTE)
    assert client.get("/staff/session/renew/").status_code == 405
    response = client.post("/staff/session/renew/", headers={"x-background": "1"})
    assert response.json() == {"seconds_left": 15 * MINUTE}
    clock.shift(14 * MINUTE)
    assert client.get("/staff/").status_code == 200


def test_nobody_stays_longer_than_twelve_hours(client: Client, clock: Any) -> None:
    for _ in range(12 * 6 - 1):
        clock.shift(10 * MINUTE)
        assert client.get("/staff/session/").status_code == 200
    assert 0 < left(client) <= 10 * MINUTE
    assert client.post("/staff/session/renew/").json()["seconds_left"] <= 10 * MINUTE
    clock.shift(10 * MINUTE)
    assert client.get("/staff/").status_code == 302


def test_what_was_sent_too_late_is_not_done_and_leads_back_to_its_page(client: Client, clock: Any) -> None:
    person = staff(username="ali")
    page = f"/staff/accounts/user/{person.pk}/change/"
    clock.shift(16 * MINUTE)
    response = client.post(
        f"/staff/accounts/user/{person.pk}/access/",
        {"step": "two-step"},
        headers={"referer": f"http://testserver{page}?from=list"},
    )
    assert response.status_code == 303
    assert response["Location"] == f"/staff/login/?next={page.replace('/', '%2F')}%3Ffrom%3Dlist"
    assert not AccessEvent.objects.filter(kind=AccessEvent.Kind.TWO_STEP_RESET).exists()


@pytest.mark.parametrize("referer", ["https://evil.example/staff/", "http://testserver/", "http://[", ""])
def test_a_foreign_page_is_led_back_to_by_nobody(client: Client, clock: Any, referer: str) -> None:
    clock.shift(16 * MINUTE)
    response = client.post("/staff/accounts/user/add/", headers={"referer": referer})
    assert response["Location"] == "/staff/login/?next=%2Fstaff%2F"


def test_a_page_knows_how_long_its_session_lasts(client: Client, clock: Any) -> None:
    client.get("/staff/")
    clock.shift(20)
    # What was written down last is twenty seconds old: the page warns by that.
    dialog = read(client.get("/staff/")).one("dialog", role="alertdialog")
    assert dialog["data-left"] == str(15 * MINUTE - 20)
    clock.shift(10)
    assert read(client.get("/staff/")).one("dialog", role="alertdialog")["data-left"] == str(15 * MINUTE)
    assert "alertdialog" not in Client().get("/staff/login/").content.decode()


def test_a_page_asks_the_database_for_nothing_more(client: Client, settings: Any, clock: Any) -> None:
    client.get("/staff/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/staff/").status_code == 200
        return len(captured)

    with_it = queries()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "StaffAccess" not in name]
    without = Client()
    without.cookies = client.cookies
    with CaptureQueriesContext(connection) as captured:
        without.get("/staff/")
    assert with_it == len(captured)


def test_a_session_without_its_moments_gets_them(client: Client) -> None:
    session = client.session
    for name in ("access_began", "access_last_request"):
        del session[name]
    session.save()
    assert client.get("/staff/").status_code == 200
    assert client.session["access_began"] == NOON
    assert client.session["access_last_request"] == NOON
