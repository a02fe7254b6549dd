"""Saving a closure warns of the appointments on these days."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.roles import MANAGER
from clinic_site.clinic.models import Closure
from consultations.desk import change_warnings
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given
from tests.factories import a_request, a_reviewer, staff
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as clock:
        yield clock


def saves(first: int, last: int, **options: Any) -> list[str]:
    """Add a closure of days from today on; the warnings that the next page shows."""
    client = Client()
    client.force_login(staff(MANAGER))
    today = timezone.localdate()
    data = {
        "name": "Eid",
        "starts_on": today + timedelta(days=first),
        "ends_on": today + timedelta(days=last),
        "certainty": "expected",
    }
    response = client.post(reverse("admin:clinic_closure_add"), data, follow=True)
    assert Closure.objects.exists()
    lines = read(response).all("li")
    return [line.text for line in lines if line.attributes.get("class") == "warning"]


def test_the_times_it_falls_on_are_named_by_reference_and_time(a_monday: Any) -> None:
    offered = a_request(patient_name="Zainab Bibi")
    given(offered, a_reviewer(), at(9, days=3))
    agreed = an_agreed_time(at(17, 30, days=4)).request
    an_agreed_time(at(10, days=5))
    (warning,) = saves(3, 4)
    assert warning == (
        f"Appointments fall on these days: {offered.reference} on Thursday 26 November, "
        f"9 am; {agreed.reference} on Friday 27 November, 5:30 pm. Call the patients."
    )


def test_a_closure_over_nothing_warns_of_nothing() -> None:
    an_agreed_time(at(10, days=5))
    assert saves(1, 4) == []


def test_a_time_that_is_past_is_nobodys_loss(a_monday: Any) -> None:
    an_agreed_time(at(12, days=0))
    a_monday.shift(timedelta(hours=5))
    assert saves(0, 1) == []


def test_of_many_times_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_warnings, "MAX_LISTED", 2)
    for hour in (9, 10, 11):
        an_agreed_time(at(hour))
    (warning,) = saves(3, 3)
    assert warning.count(" on Thursday") == 2
    assert warning.endswith("; and more. Call the patients.")
