"""Notes about appointments that cannot take place as planned, on the pages that show them."""

from datetime import date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Closure, OpeningHours
from consultations.models import Appointment
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import (
    an_agreed_time,
    at,
    open_every_day,
)
from tests.factories import a_coordinator
from tests.pages import read

pytestmark = pytest.mark.django_db

CLOSED = "The clinic is closed on this day."
NOT_OPEN = "The clinic is not open at this time."
GONE = "Dr. Ayesha Khan no longer works here."


def shown_on(client: Client, appointment: Appointment) -> list[str]:
    """Return the problems shown on the request page."""
    page = read(client.get(reverse("desk:request", args=[appointment.request_id])))
    (line,) = (line for line in page.all("li") if line.text.startswith("Appointment:"))
    return [found.text for found in line.all("span", class_="due due--overdue")]


def reminders(client: Client) -> list[str]:
    """The lines of the page of reminders."""
    return [line.text for line in read(client.get(reverse("desk:reminders"))).one("main").all("li")]


def test_request_page_shows_problems_of_future_appointment(coordinator: Client, clock: Any) -> None:
    open_every_day()
    appointment = an_agreed_time(at(12, days=1))
    assert shown_on(coordinator, appointment) == []
    OpeningHours.objects.filter(weekday=1).update(opens=time(12, 10))
    assert shown_on(coordinator, appointment) == [NOT_OPEN]
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 25))
    assert shown_on(coordinator, appointment) == [CLOSED]
    Practitioner.objects.update(is_active=False)
    assert shown_on(coordinator, appointment) == [CLOSED, GONE]
    clock.move_to(at(17, days=1))
    coordinator.force_login(a_coordinator())
    assert shown_on(coordinator, appointment) == []


def test_reminder_list_shows_appointment_problems(coordinator: Client) -> None:
    open_every_day()
    by_mail = {"contact_method": "email", "email": "ayesha@example.com"}
    for hour in (10, 17):
        an_agreed_time(at(hour, days=1))
        an_agreed_time(at(hour, 30, days=1), **by_mail)
    # Of the mailed ones, only those with a problem are listed.
    assert [line.count(NOT_OPEN) for line in reminders(coordinator)] == [0, 1, 1]
    Practitioner.objects.update(is_active=False)
    assert [line.count(GONE) for line in reminders(coordinator)] == [1, 1, 1, 1]
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 24))
    assert [line.count(CLOSED) for line in reminders(coordinator)] == [1, 1, 1, 1]
