"""Presence: staff with the same request open see each other's names, and that it has changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from consultations.lifecycle import staff_actions
from consultations.models import Presence
from consultations.portal import actions
from tests.consultations.desk.consultation.request_pages import Desk
from tests.factories import change_status

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 7, tzinfo=UTC)
CHANGED = "This request has changed since you opened it."


def at(minutes: float) -> Any:
    return time_machine.travel(NOON + timedelta(minutes=minutes), tick=False)


@pytest.fixture(autouse=True)
def noon(desk: Desk, other: Desk) -> None:
    """The sessions begin at noon, too."""
    with at(0):
        desk.client.force_login(desk.user)
        other.client.force_login(other.user)


def asks(desk: Desk) -> dict[str, str]:
    """Send the request that the page's script sends every half minute."""
    version = desk.page.all("input", name="version")[0]["value"]
    answer = desk.client.post(desk.address("presence/"), {"version": version}, headers={"X-Background": "1"})
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def present(desk: Desk) -> str:
    return desk.page.one("div", id="present").text


def test_others_are_named_with_their_minutes(desk: Desk, other: Desk) -> None:
    other.user.first_name = "<img src=x>"
    other.user.save()
    with at(0):
        other.opens()
        assert present(other) == ""
    with at(1.5):
        page = desk.opens()
        assert present(desk) == "<img src=x> Malik has had this open for 1 minute."
        announcement = "<img src=x> Malik has this open too."
        assert page.one("form", id="presence")["data-announcement"] == announcement
        assert asks(desk)["announcement"] == announcement  # without minutes, which change
        assert "<img" not in asks(desk)["html"]
        assert "coordinator@clinic.example has just opened this too." in asks(other)["html"]


def test_time_picker_shows_presence_too(desk: Desk, other: Desk) -> None:
    with at(0):
        other.response = other.client.get(other.address("time/"))
        assert present(other) == ""
    with at(1.5):
        desk.opens()
        assert present(desk) == "Sana Malik has had this open for 1 minute."
        other.response = other.client.get(other.address("time/"), {"length": "60"})
        assert "coordinator@clinic.example has just opened this too." in present(other)
        staff_actions.add_note(desk.request, "Called.", actor=desk.user)
        staff_actions.assign(desk.request, desk.user, actor=desk.user, version=0)
        assert CHANGED in asks(other)["html"]


def test_open_page_stays_present_and_closed_one_is_forgotten(desk: Desk, other: Desk) -> None:
    with at(0):
        other.opens()
    for minute in (1, 2, 3):
        with at(minute):
            asks(other)
    with at(4):
        desk.opens()
        assert present(desk) == "Sana Malik has had this open for 4 minutes."
    with at(5.5):
        news = asks(desk)
        assert news["announcement"] == "" and "Sana" not in news["html"]
    with at(6):
        other.opens()
    with at(6.5):
        assert "Sana Malik has just opened this too." in asks(desk)["html"]
    assert Presence.objects.count() == 2


def test_page_is_told_of_changes_by_staff_and_by_the_patient(desk: Desk, other: Desk) -> None:
    with at(0):
        desk.opens()
        assert asks(desk)["announcement"] == ""
        change_status(desk.request, "contacting", by=other.user)
        news = asks(desk)
        assert news["announcement"] == CHANGED
        assert desk.address() in news["html"]
        desk.opens()
        assert asks(desk)["announcement"] == ""
        actions.add_patient_note(desk.request, "My number has changed.")
        assert asks(desk)["announcement"] == CHANGED


def test_background_requests_do_not_keep_a_session(desk: Desk) -> None:
    with at(0):
        desk.opens()
    with at(14):
        before = desk.client.session["staff_last_request_at"]
        asks(desk)
        assert desk.client.session["staff_last_request_at"] == before
    with at(16):
        answer = desk.client.post(desk.address("presence/"), {}, headers={"X-Background": "1"})
    assert answer.status_code == 302


def test_presence_needs_a_post_with_a_token(desk: Desk) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(desk.user)
    assert strict.get(desk.address("presence/")).status_code == 405
    assert strict.post(desk.address("presence/")).status_code == 403
    assert not Presence.objects.exists()
