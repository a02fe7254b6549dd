"""A staff session ends 15 minutes after its last request, and 12 hours after it began."""

from typing import Any

import pytest
from django.test import Client
from django.utils.http import urlencode

from clinic_site.accounts.models import AccountEvent, User
from tests.accounts.account_helpers import NOON, is_signed_in
from tests.admin_forms import warnings_in
from tests.conftest import query_count
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db

MINUTE = 60


@pytest.fixture
def client(client: Client, clock: Any) -> Client:
    client.force_login(staff("Manager"))
    return client


def seconds_left(client: Client) -> int:
    seconds: int = client.get("/staff/session/").json()["seconds_left"]
    return seconds


def test_each_request_restarts_the_idle_limit(client: Client, clock: Any) -> None:
    for _ in range(4):
        clock.shift(14 * MINUTE)
        assert client.get("/staff/").status_code == 200
    clock.shift(15 * MINUTE)
    response = client.get("/staff/accounts/user/?q=ali")
    assert response["Location"] == "/staff/login/?next=/staff/accounts/user/%3Fq%3Dali"
    assert "You were signed out" in warnings_in(response)[0]
    assert not is_signed_in(client)
    event = AccountEvent.objects.get()
    assert (event.kind, event.detail) == (AccountEvent.Kind.SIGNED_OUT, {"reason": "idle"})


def test_background_requests_do_not_restart_it(client: Client, clock: Any) -> None:
    user = User.objects.get()
    for headers in ({"x-background": "1"}, {"sec-fetch-dest": "empty"}):
        client.force_login(user)
        for _ in range(3):
            clock.shift(5 * MINUTE - 1)
            assert client.get("/staff/session/", headers=headers).json()["seconds_left"] > 0
        clock.shift(3)
        assert client.get("/staff/session/", headers=headers).json() == {"seconds_left": 0}
        assert client.get("/staff/", headers=headers).status_code == 302


def test_stay_signed_in_restarts_it(client: Client, clock: Any) -> None:
    clock.shift(14 * MINUTE)
    response = client.post("/staff/session/", headers={"x-background": "1"})
    assert response.json() == {"seconds_left": 15 * MINUTE}
    clock.shift(14 * MINUTE)
    assert client.get("/staff/").status_code == 200


def test_session_ends_after_twelve_hours(client: Client, clock: Any) -> None:
    for _ in range(12 * 5 - 1):
        clock.shift(12 * MINUTE)
        assert client.get("/staff/session/").status_code == 200
    assert 0 < seconds_left(client) <= 12 * MINUTE
    assert client.post("/staff/session/").json()["seconds_left"] <= 12 * MINUTE
    clock.shift(12 * MINUTE)
    assert client.get("/staff/").status_code == 302


def test_late_form_is_not_processed_and_its_page_opens_after_sign_in(client: Client, clock: Any) -> None:
    manager, user = User.objects.get(), staff()
    page = f"/staff/accounts/user/{user.pk}/change/"
    for referer, opens in (
        (f"http://testserver{page}?from=list", f"{page}?from=list"),
        ("https://evil.example/staff/", "/staff/"),
        ("http://testserver/", "/staff/"),
        ("http://[", "/staff/"),
        ("", "/staff/"),
    ):
        client.force_login(manager)
        clock.shift(16 * MINUTE)
        response = client.post(
            f"/staff/accounts/user/{user.pk}/access/",
            {"action": "reset-two-step"},
            headers={"referer": referer},
        )
        assert response.status_code == 303
        assert response["Location"] == f"/staff/login/?{urlencode({'next': opens})}", referer
    assert not AccountEvent.objects.filter(kind=AccountEvent.Kind.TWO_STEP_RESET).exists()


def test_form_sent_without_a_session_is_not_lost_silently(client: Client, clock: Any) -> None:
    form = "http://testserver/staff/clinic/closure/add/"
    sent = {"name": "Eid", "starts_on": "2030-01-01", "ends_on": "2030-01-02"}
    response = Client().post("/staff/clinic/closure/add/", sent, headers={"referer": form})
    sign_in = f"/staff/login/?{urlencode({'next': '/staff/clinic/closure/add/'})}"
    assert (response.status_code, response["Location"]) == (302, sign_in)
    assert "What you sent was not saved" in warnings_in(response)[0]
    # A script's own request says nothing to the person.
    background = Client().post("/staff/clinic/closure/add/", sent, headers={"x-background": "1"})
    assert background.status_code == 302 and not warnings_in(background)


def test_page_says_how_many_seconds_are_left(client: Client, clock: Any) -> None:
    client.get("/staff/")
    for seconds, left in ((20, 15 * MINUTE - 20), (10, 15 * MINUTE)):
        # A request is stored when the last stored one is 30 seconds old.
        clock.shift(seconds)
        assert read(client.get("/staff/")).one("dialog", role="alertdialog")["data-left"] == str(left)
    assert "alertdialog" not in Client().get("/staff/login/").content.decode()


def test_middleware_adds_no_queries(client: Client, settings: Any, clock: Any) -> None:
    def index() -> None:
        assert client.get("/staff/").status_code == 200

    index()
    with_it = query_count(index)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "StaffAccess" not in name]
    client.handler.load_middleware()
    assert with_it == query_count(index)


def test_session_without_times_gets_them(client: Client) -> None:
    session = client.session
    names = ("staff_started_at", "staff_last_request_at")
    for name in names:
        del session[name]
    session.save()
    assert client.get("/staff/").status_code == 200
    assert [client.session[name] for name in names] == [NOON, NOON]
