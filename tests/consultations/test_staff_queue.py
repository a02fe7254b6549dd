"""The list of requests: who has waited longest is on top, and everything can be found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic_site.roles import COORDINATOR
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.consultations.pages import Page
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

QUEUE = "/staff/consultations/consultationrequest/"
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def coordinator(client: Client) -> Client:
    client.force_login(staff(COORDINATOR))
    return client


def references(response: Any) -> list[str]:
    rows = Page(response).by_class("field-reference")
    return [row.text for row in rows]


def test_who_has_waited_longest_is_on_top_and_what_does_not_wait_comes_after(coordinator: Client) -> None:
    closed = a_request(status=Status.COMPLETED, created_at=NOW - timedelta(days=90))
    agreed = a_request(status=Status.CONFIRMED, created_at=NOW - timedelta(days=5))
    new = a_request(created_at=NOW - timedelta(hours=1))
    old = a_request(status=Status.CONTACTING, created_at=NOW - timedelta(days=3))
    assert references(coordinator.get(QUEUE)) == [row.reference for row in (old, new, agreed, closed)]


def test_a_row_says_who_what_where_it_stands_how_long_and_how_to_reach_them(coordinator: Client) -> None:
    request = a_request(
        patient_name="علی خان",
        patient_age=7,
        contact_method="whatsapp",
        created_at=NOW - timedelta(days=2, hours=3),
        status=Status.CONTACTING,
    )
    with time_machine.travel(NOW, tick=False):
        coordinator.force_login(User.objects.get())  # the session of today has not begun in March
        page = Page(coordinator.get(QUEUE))
    row = [
        page.by_class(f"field-{name}")[0].text
        for name in ("reference", "patient", "subject", "status_word", "waiting", "contact_method")
    ]
    assert [text.replace("\xa0", " ") for text in row] == [
        request.reference,
        "علی خان, 7",
        "I am not sure",
        "Contacting",
        "2 days, 3 hours",
        "WhatsApp message",
    ]
    assert page.by_class("status--contacting")[0].text == "Contacting"


def test_what_does_not_wait_shows_no_waiting_time(coordinator: Client) -> None:
    a_request(status=Status.DECLINED)
    assert Page(coordinator.get(QUEUE)).by_class("field-waiting")[0].text in ("", "-")


@pytest.mark.parametrize("text", ["علي", "0301-2345678", "khan"])
def test_the_search_finds_by_name_and_phone_in_any_spelling(coordinator: Client, text: str) -> None:
    wanted = a_request(
        for_whom="child", requester_name="Ayesha Khan", relationship="mother", patient_name="علی رضا"
    )
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    assert references(coordinator.get(QUEUE, {"q": text})) == [wanted.reference]


def test_the_search_keeps_the_filter_and_the_filter_the_search(coordinator: Client) -> None:
    a_request(patient_name="Ayesha Khan", status=Status.DECLINED)
    wanted = a_request(patient_name="Ayesha Khan")
    a_request(patient_name="Bilal Ahmed")
    response = coordinator.get(QUEUE, {"q": "ayesha", "status__exact": "new"})
    assert references(response) == [wanted.reference]
    assert Page(response).one("input", name="status__exact")["value"] == "new"


@pytest.mark.parametrize("query", [{}, {"q": "khan"}, {"status__exact": "new"}, {"p": "2"}, {"o": "1"}])
def test_the_queue_takes_as_many_queries_for_many_requests_as_for_few(
    coordinator: Client, query: dict[str, str]
) -> None:
    counts = []
    for number in (3, 60):
        for _ in range(number):
            a_request()
        with CaptureQueriesContext(connection) as queries:
            assert coordinator.get(QUEUE, query).status_code == 200
        counts.append(len(queries))
    assert ConsultationRequest.objects.count() == 63
    assert counts[0] == counts[1] <= 8


@pytest.mark.parametrize(
    "query", [{"q": "\x00"}, {"q": "😀" * 500}, {"status__exact": "lost"}, {"p": "x"}, {"o": "99"}]
)
def test_an_odd_address_shows_a_list_and_fails_at_nothing(coordinator: Client, query: dict[str, str]) -> None:
    a_request()
    assert coordinator.get(QUEUE, query).status_code in (200, 302)
