"""The staff index says what the desk has to do, by numbers and references and nothing personal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, COORDINATOR, EDITOR
from clinic_site.clinic.models import OpeningHours
from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest, Disclosure
from consultations.workflow import Status
from tests.factories import a_request, staff
from tests.pages import Element, read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR)


@pytest.fixture
def coordinator(client: Client, user: User) -> Any:
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="09:00", closes="17:00")
    with time_machine.travel(NOW, tick=False):
        client.force_login(user)
        yield client


def panel(client: Client) -> Element:
    sections = read(client.get(reverse("admin:index"))).all("section")
    return next(section for section in sections if section.all("h2")[0].text == "Consultation requests")


def lines(client: Client) -> list[str]:
    return [line.text for line in panel(client).all("li")]


def set_to(request: ConsultationRequest, **fields: Any) -> ConsultationRequest:
    ConsultationRequest.objects.filter(pk=request.pk).update(**fields)
    return request


def test_it_answers_what_needs_doing(coordinator: Client, user: User) -> None:
    set_to(a_request(created_at=NOW - 9 * DAY), first_contact_at=NOW - 8 * DAY, promised_by=NOW - 7 * DAY)
    late = set_to(a_request(created_at=NOW - 8 * HOUR), promised_by=NOW - HOUR)
    set_to(a_request(created_at=NOW), promised_by=NOW + HOUR, assignee=user, unread_since=NOW)
    a_request(status=Status.QUARANTINED)
    OutgoingMessage.objects.create(
        message_id="1", kind="x", to="a@example.com", subject="x", give_up_at=NOW, next_attempt_at=NOW,
        failed_at=NOW,
    )  # fmt: skip
    assert lines(coordinator) == [
        "Waiting 3",
        f"{late.reference} overdue by 1 h 0 min waiting longest: 5 h 0 min",
        "Mine 1",
        "Due today 3 Overdue 2",
        "Appointments today 0",
        "Reminders due today 0",
        "Unread from patients 1",
        "Undelivered messages 1",
        "Set aside as spam 1",
    ]


def test_with_nothing_to_do_it_is_short(coordinator: Client) -> None:
    assert lines(coordinator) == [
        "Waiting 0",
        "Mine 0",
        "Due today 0",
        "Appointments today 0",
        "Reminders due today 0",
    ]


def test_its_links_lead_to_what_they_count(coordinator: Client) -> None:
    set_to(a_request(), promised_by=NOW - HOUR, unread_since=NOW)
    a_request(status=Status.QUARANTINED)
    links = [link["href"] for link in panel(coordinator).all("a")]
    assert len(links) == 9
    assert all(coordinator.get(link).status_code == 200 for link in links)


def test_it_shows_nothing_personal_and_so_records_no_view(coordinator: Client) -> None:
    request = a_request()
    text = panel(coordinator).text
    assert request.patient_name not in text
    assert not Disclosure.objects.exists()


def test_it_takes_as_many_queries_for_many_requests_as_for_few(coordinator: Client) -> None:
    counts = []
    for number in (2, 30):
        for _ in range(number):
            set_to(a_request(), promised_by=NOW)
        with CaptureQueriesContext(connection) as queries:
            panel(coordinator)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


@pytest.mark.parametrize("role", [EDITOR, CLINICAL_REVIEWER])
def test_it_is_for_those_who_work_on_requests(client: Client, role: str) -> None:
    client.force_login(staff(role))
    assert "Consultation requests" not in read(client.get(reverse("admin:index"))).heading_texts()
