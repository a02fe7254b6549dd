"""Two people with one request open see each other by name, and see that it has changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from consultations.lifecycle import staff_actions, status_changes
from consultations.models import Presence
from tests.consultations.desk.consultation.request_pages import Desk

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 7, tzinfo=UTC)


def at(minutes: float) -> Any:
    return time_machine.travel(NOON + timedelta(minutes=minutes), tick=False)


@pytest.fixture(autouse=True)
def noon(desk: Desk, other: Desk) -> None:
    """The sessions begin at noon, too."""
    with at(0):
        desk.client.force_login(desk.user)
        other.client.force_login(other.user)


def asks(desk: Desk) -> dict[str, str]:
    version = desk.page.all("input", name="version")[0]["value"]
    answer = desk.client.post(desk.address("presence/"), {"version": version}, headers={"X-Background": "1"})
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def test_who_opened_it_first_is_named_with_the_minutes(desk: Desk, other: Desk) -> None:
    with at(0):
        assert "open" not in other.opens().one("div", id="present").text
    with at(1.5):
        assert desk.opens().one("div", id="present").text == "Sana Malik has had this open for 1 minute."
        assert "coordinator@clinic.example has just opened this too." in asks(other)["html"]


def test_who_picks_a_time_is_seen_and_sees_others(desk: Desk, other: Desk) -> None:
    with at(0):
        other.response = other.client.get(other.address("time/"))
        assert other.response.status_code == 200
        assert "open" not in other.page.one("div", id="present").text
    with at(1.5):
        assert desk.opens().one("div", id="present").text == "Sana Malik has had this open for 1 minute."
        other.response = other.client.get(other.address("time/"), {"length": "60"})
        present = other.page.one("div", id="present").text
        assert "coordinator@clinic.example has just opened this too." in present
        staff_actions.add_note(desk.request, "Called.", actor=desk.user)
        staff_actions.assign(desk.request, desk.user, actor=desk.user, version=0)
        assert "This request has changed since you opened it." in asks(other)["html"]


def test_a_page_that_is_kept_open_stays_known_and_one_that_was_closed_does_not(
    desk: Desk, other: Desk
) -> None:
    with at(0):
        other.opens()
    for minute in (1, 2, 3):
        with at(minute):
            asks(other)
    with at(4):
        assert "Sana Malik has had this open for 4 minutes." in desk.opens().one("div", id="present").text
    with at(5.5):
        assert asks(desk) == {"html": asks(desk)["html"], "announcement": ""}
        assert "Sana" not in asks(desk)["html"]
    with at(6):
        other.opens()
    with at(6.5):
        assert "Sana Malik has just opened this too." in asks(desk)["html"]
    assert Presence.objects.count() == 2


def test_it_says_so_when_the_request_has_changed(desk: Desk, other: Desk) -> None:
    with at(0):
        desk.opens()
        assert asks(desk)["announcement"] == ""
        status_changes.change_status(desk.request, "declined", actor=other.user, expected_status="new")
        news = asks(desk)
    assert news["announcement"] == "This request has changed since you opened it."
    assert desk.address() in news["html"]


def test_what_is_read_aloud_has_no_minutes(desk: Desk, other: Desk) -> None:
    with at(0):
        other.opens()
        desk.opens()
    with at(1):
        asks(other)
    with at(2):
        assert asks(desk)["announcement"] == "Sana Malik has this open too."
        assert desk.opens().one("form", id="presence")["data-announcement"] == "Sana Malik has this open too."


def test_asking_is_no_work_and_an_idle_session_ends(desk: Desk) -> None:
    with at(0):
        desk.opens()
    with at(14):
        before = desk.client.session["staff_last_request_at"]
        asks(desk)
        assert desk.client.session["staff_last_request_at"] == before
    with at(16):
        answer = desk.client.post(desk.address("presence/"), {}, headers={"X-Background": "1"})
    assert answer.status_code == 302


def test_a_name_is_text_and_never_markup(desk: Desk, other: Desk) -> None:
    other.user.first_name = "<img src=x>"
    other.user.save()
    with at(0):
        other.opens()
        desk.opens()
        assert "<img" not in asks(desk)["html"]


def test_it_needs_a_post_and_its_token(desk: Desk) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(desk.user)
    assert strict.get(desk.address("presence/")).status_code == 405
    assert strict.post(desk.address("presence/")).status_code == 403
    assert not Presence.objects.exists()
