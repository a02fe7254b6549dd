"""Warnings and notes about appointments that cannot take place as planned."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, COORDINATOR, MANAGER
from clinic_site.clinic.models import Closure, OpeningHours
from consultations.models import Appointment
from procedures.models import Practitioner
from tests.admin_forms import address, form_of
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given, open_every_day
from tests.factories import a_request, a_reviewer, signed_in, staff
from tests.pages import Element, Page, read

pytestmark = pytest.mark.django_db

CLOSED = "The clinic is closed on this day."
NOT_OPEN = "The clinic is not open at this time."
GONE = "Dr. Ayesha Khan no longer works here."


@pytest.fixture(autouse=True)
def a_monday() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def manager() -> Client:
    return signed_in(MANAGER)


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(staff(COORDINATOR, email="desk@clinic.example"))
    return client


def warnings(response: Any) -> list[Element]:
    return [line for line in read(response).all("li") if line.get("class") == "warning"]


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


def reminders(client: Client) -> Page:
    return read(client.get(reverse("desk:reminders")))


def test_deactivating_practitioner_warns_of_appointments(manager: Client) -> None:
    open_every_day()
    offered = a_request()
    given(offered, a_reviewer(), at(9, days=3))
    agreed = an_agreed_time(at(16, days=4)).request
    given(a_request(), a_reviewer(name="Dr. Other"), at(9, days=3))
    (warning,) = save(manager, Practitioner.objects.get(name="Dr. Ayesha Khan"), "is_active")
    assert warning.text == (
        f"Appointments with Dr. Ayesha Khan, who no longer works here: {offered.reference} on "
        f"Thursday 26 November, 9 am; {agreed.reference} on Friday 27 November, 4 pm. Call the patients."
    )
    links = [link["href"] for link in warning.all("a")]
    assert links == [reverse("desk:request", args=[request.pk]) for request in (offered, agreed)]


def test_warning_has_no_link_without_permission() -> None:
    time = an_agreed_time(at(9))
    (warning,) = save(signed_in(CLINICAL_REVIEWER), time.practitioner, "is_active")
    assert time.request.reference in warning.text
    assert not warning.all("a")


def test_no_warning_without_future_appointments(manager: Client, a_monday: Any) -> None:
    practitioner = an_agreed_time(at(12, days=0)).practitioner
    assert save(manager, practitioner, specialty="Hand Surgery") == []
    a_monday.move_to("2026-11-23T16:00:00Z")
    manager.force_login(User.objects.get(email="manager@clinic.example"))
    assert save(manager, practitioner, "is_active") == []


def test_changed_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    late, early = (an_agreed_time(at(hour)).request for hour in (16, 9))  # on a Thursday
    an_agreed_time(at(16, days=4))
    an_agreed_time(at(19))  # was outside before
    (warning,) = save(manager, OpeningHours.objects.get(weekday=3), closes="16:15:00")
    assert warning.text == (
        "Appointments are now outside the opening hours: "
        f"{late.reference} on Thursday 26 November, 4 pm. Call the patients."
    )
    assert [link["href"] for link in warning.all("a")] == [reverse("desk:request", args=[late.pk])]
    (warning,) = save(
        manager, OpeningHours.objects.get(weekday=3), weekday="5", opens="18:00", closes="20:00"
    )
    assert early.reference in warning.text


def test_deleted_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    agreed = an_agreed_time(at(16)).request
    thursday, friday = OpeningHours.objects.filter(weekday__in=(3, 4))
    assert warnings(manager.post(address(friday, "delete"), {"post": "yes"}, follow=True)) == []
    (warning,) = warnings(manager.post(address(thursday, "delete"), {"post": "yes"}, follow=True))
    assert agreed.reference in warning.text


def test_hours_deleted_from_list_warn_too(manager: Client) -> None:
    open_every_day()
    agreed = an_agreed_time(at(16)).request
    ticked = list(OpeningHours.objects.filter(weekday__in=(3, 4)).values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": ticked, "post": "yes"}
    list_of_hours = reverse("admin:clinic_openinghours_changelist")
    (warning,) = warnings(manager.post(list_of_hours, sent, follow=True))
    assert agreed.reference in warning.text


def test_hours_that_still_cover_appointments_do_not_warn(manager: Client) -> None:
    OpeningHours.objects.create(weekday=3, opens=time(9), closes=time(12))
    afternoon = OpeningHours.objects.create(weekday=3, opens=time(12), closes=time(17))
    given(a_request(), a_reviewer(), at(11, 45))
    assert save(manager, afternoon, closes="13:00:00") == []
    new = {"weekday": "4", "opens": "09:00", "closes": "17:00"}
    assert warnings(manager.post(reverse("admin:clinic_openinghours_add"), new, follow=True)) == []


def test_request_page_shows_appointment_problems(desk: Client) -> None:
    open_every_day()
    appointment = an_agreed_time(at(12, days=1))
    assert shown_on(desk, appointment) == []
    OpeningHours.objects.filter(weekday=1).update(opens=time(12, 10))
    assert shown_on(desk, appointment) == [NOT_OPEN]
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 25))
    assert shown_on(desk, appointment) == [CLOSED]
    Practitioner.objects.update(is_active=False)
    assert shown_on(desk, appointment) == [CLOSED, GONE]


def test_past_appointment_shows_no_problems(desk: Client, a_monday: Any) -> None:
    appointment = an_agreed_time(at(12, days=0))
    assert shown_on(desk, appointment) == [NOT_OPEN]
    a_monday.move_to("2026-11-23T16:00:00Z")
    desk.force_login(User.objects.get(email="desk@clinic.example"))
    assert shown_on(desk, appointment) == []


def test_reminder_list_shows_appointment_problems(desk: Client) -> None:
    open_every_day()
    an_agreed_time(at(10, days=1))
    closed = an_agreed_time(at(17, days=1))
    (first, second) = reminders(desk).all("li", class_="reminder")
    assert NOT_OPEN not in first.text and NOT_OPEN in second.text
    Practitioner.objects.filter(pk=closed.practitioner_id).update(is_active=False)
    (first, second) = reminders(desk).all("li", class_="reminder")
    assert GONE in first.text and GONE in second.text
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 24))
    assert CLOSED in reminders(desk).main.text


def test_reminder_list_names_mailed_appointments_with_problems(desk: Client) -> None:
    open_every_day()
    by_mail = {"contact_method": "email", "email": "ayesha@example.com"}
    right, wrong = (an_agreed_time(at(hour, days=1), **by_mail) for hour in (10, 18))
    (line,) = (line for line in reminders(desk).all("li") if NOT_OPEN in line.text)
    assert wrong.request.reference in line.text
    assert right.request.reference not in reminders(desk).main.text


def test_appointment_problems_take_no_query_each(desk: Client) -> None:
    counts = []
    for times in (1, 1, 6):  # the first request of a session has more queries
        while (hour := 18 + Appointment.objects.count()) < 18 + times:
            an_agreed_time(at(hour, days=1))
        with CaptureQueriesContext(connection) as queries:
            assert reminders(desk).main.text.count(NOT_OPEN) == times
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 15
