"""Warnings and notes about appointments that cannot take place as planned."""

from datetime import date, time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, MANAGER
from clinic_site.clinic.models import Closure, OpeningHours
from consultations.models import Appointment
from procedures.models import Practitioner
from tests.admin_forms import address, form_of
from tests.consultations.desk.schedule.calendar_helpers import (
    an_agreed_time,
    at,
    given,
    open_every_day,
)
from tests.factories import a_coordinator, a_request, a_reviewer, signed_in
from tests.pages import Element, read

pytestmark = pytest.mark.django_db

CLOSED = "The clinic is closed on this day."
NOT_OPEN = "The clinic is not open at this time."
GONE = "Dr. Ayesha Khan no longer works here."


@pytest.fixture
def manager(clock: Any, db: None) -> Client:
    return signed_in(MANAGER)


def warnings(response: Any) -> list[Element]:
    return read(response).all("li", class_="warning")


def save(client: Client, record: Any, *unticked: str, **changes: Any) -> list[Element]:
    """Submit the admin form with changes and return the warnings."""
    sent = form_of(client, address(record)) | changes
    return warnings(
        client.post(address(record), {name: sent[name] for name in sent if name not in unticked}, follow=True)
    )


def shown_on(client: Client, appointment: Appointment) -> list[str]:
    """Return the problems shown on the request page."""
    page = read(client.get(reverse("desk:request", args=[appointment.request_id])))
    (line,) = (line for line in page.all("li") if line.text.startswith("Appointment:"))
    return [found.text for found in line.all("span", class_="due due--overdue")]


def reminders(client: Client) -> list[str]:
    """The lines of the page of reminders."""
    return [line.text for line in read(client.get(reverse("desk:reminders"))).one("main").all("li")]


def test_deactivating_practitioner_warns_of_future_appointments(
    manager: Client, practitioner: Practitioner, clock: Any
) -> None:
    open_every_day()
    given(offered := a_request(), practitioner, at(9, days=3))
    agreed = an_agreed_time(at(16, days=4)).request
    given(a_request(), a_reviewer(name="Dr. Other"), at(9, days=3))
    assert save(manager, practitioner, specialty="Hand Surgery") == []
    (warning,) = save(manager, practitioner, "is_active")
    assert warning.text == (
        f"Appointments with Dr. Ayesha Khan, who no longer works here: {offered.reference} on "
        f"Thursday 26 November, 9 am; {agreed.reference} on Friday 27 November, 4 pm. Call the patients."
    )
    links = [link["href"] for link in warning.all("a")]
    assert links == [reverse("desk:request", args=[request.pk]) for request in (offered, agreed)]
    (warning,) = save(signed_in(CLINICAL_REVIEWER), practitioner, "is_active")
    assert offered.reference in warning.text
    assert not warning.all("a")  # may not open requests
    clock.move_to(at(17, days=4))
    manager.force_login(User.objects.get(email="manager@clinic.example"))
    assert save(manager, practitioner, "is_active") == []


def test_changed_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    late, early = (an_agreed_time(at(hour)).request for hour in (16, 9))  # on a Thursday
    an_agreed_time(at(16, days=4))
    an_agreed_time(at(19))  # was outside before
    thursday = OpeningHours.objects.get(weekday=3)
    (warning,) = save(manager, thursday, closes="16:15:00")
    assert warning.text == (
        "Appointments are now outside the opening hours: "
        f"{late.reference} on Thursday 26 November, 4 pm. Call the patients."
    )
    assert [link["href"] for link in warning.all("a")] == [reverse("desk:request", args=[late.pk])]
    (warning,) = save(manager, thursday, weekday="5", opens="18:00", closes="20:00")
    assert early.reference in warning.text


def test_deleted_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    agreed = an_agreed_time(at(16)).request
    thursday, friday = OpeningHours.objects.filter(weekday__in=(3, 4))
    assert warnings(manager.post(address(friday, "delete"), {"post": "yes"}, follow=True)) == []
    (warning,) = warnings(manager.post(address(thursday, "delete"), {"post": "yes"}, follow=True))
    assert agreed.reference in warning.text
    OpeningHours.objects.all().delete()
    open_every_day()
    ticked = list(OpeningHours.objects.filter(weekday__in=(3, 4)).values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": ticked, "post": "yes"}
    list_of_hours = reverse("admin:clinic_openinghours_changelist")
    (warning,) = warnings(manager.post(list_of_hours, sent, follow=True))
    assert agreed.reference in warning.text


def test_hours_that_still_cover_appointments_do_not_warn(manager: Client, practitioner: Practitioner) -> None:
    OpeningHours.objects.create(weekday=3, opens=time(9), closes=time(12))
    afternoon = OpeningHours.objects.create(weekday=3, opens=time(12), closes=time(17))
    given(a_request(), practitioner, at(11, 45))
    assert save(manager, afternoon, closes="13:00:00") == []
    new = {"weekday": "4", "opens": "09:00", "closes": "17:00"}
    assert warnings(manager.post(reverse("admin:clinic_openinghours_add"), new, follow=True)) == []


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


def test_appointment_problems_take_no_query_each(coordinator: Client) -> None:
    coordinator.get("/staff/")  # the first request of a session has more queries
    counts = []
    for times in (1, 6):
        while (hour := 18 + Appointment.objects.count()) < 18 + times:
            an_agreed_time(at(hour, days=1))
        with CaptureQueriesContext(connection) as queries:
            assert len(reminders(coordinator)) == times
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15
