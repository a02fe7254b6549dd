"""The week page: opening hours, closures and appointments, and its audit log."""

from datetime import date, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Closure
from consultations.models import Appointment, ConsultationRequest, Disclosure
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, at, given, open_every_day
from tests.consultations.form_pages import Page
from tests.factories import a_request, a_reviewer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday() -> Any:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False):
        yield


def week(client: Client, **query: Any) -> str:
    client.force_login(a_coordinator())
    response = client.get(reverse("desk:week"), query)
    assert response.status_code == 200
    return Page(response).one("main").text


def test_week_page_shows_hours_closures_and_appointments(client: Client) -> None:
    open_every_day(time(9), time(13, 30))
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 25))
    practitioner = a_reviewer()
    offered = a_request(patient_name="علی خان")
    agreed = a_request(patient_name="Sana Malik")
    given(offered, practitioner, at(10))
    given(agreed, practitioner, at(10, 30), agreed=True)
    text = week(client)
    assert "23 November – 29 November 2026" in text
    assert "9 am – 1:30 pm" in text and "Closed: Eid" in text
    assert f"10 am – 10:30 am {offered.reference} علی Offered" in text
    assert f"10:30 am – 11 am {agreed.reference} Sana Agreed" in text
    assert "خان" not in text and "Malik" not in text
    links = Page(client.get(reverse("desk:week"))).all("a", href=reverse("desk:request", args=[agreed.pk]))
    assert [link.text for link in links] == [agreed.reference]


def test_week_page_filters_practitioner_and_week(client: Client) -> None:
    mine, theirs = a_reviewer(), a_reviewer(name="Dr. Other")
    given(first := a_request(), mine, at(10, days=8))
    given(second := a_request(), theirs, at(10, days=8))
    text = week(client, day="2026-12-02", practitioner=theirs.pk)
    assert second.reference in text and first.reference not in text
    page = Page(client.get(reverse("desk:week"), {"practitioner": theirs.pk}))
    links = {link.text: link["href"] for link in page.all("a")}
    assert links["Next week"].endswith(f"?day=2026-11-30&practitioner={theirs.pk}")
    assert links["Week before"].endswith(f"?day=2026-11-16&practitioner={theirs.pk}")


def test_week_page_ignores_invalid_filter(client: Client) -> None:
    for day in ("", "x", "9999-12-31", "0001-01-01", "\x00", "9" * 9999):
        for practitioner in ("", "x", "9" * 400):
            assert "23 November – 29 November 2026" in week(client, day=day, practitioner=practitioner)


def test_week_page_hides_canceled_appointments(client: Client) -> None:
    practitioner = a_reviewer()
    request = a_request()
    given(request, practitioner, at(10))
    given(request, practitioner, at(12))
    assert week(client).count(request.reference) == 1


def test_week_page_writes_audit_log(client: Client) -> None:
    practitioner = a_reviewer()
    shown, hidden = a_request(), a_request()
    given(shown, practitioner, at(10))
    given(hidden, practitioner, at(10, days=20))
    week(client)
    rows = [(row.request, row.kind, row.actor) for row in Disclosure.objects.all()]
    assert rows == [(shown, Disclosure.Kind.LISTED, a_coordinator())]


def test_week_page_shows_erased_request_without_name(client: Client) -> None:
    request = a_request()
    given(request, a_reviewer(), at(10), agreed=True)
    erased = {"patient_name": "", "requester_name": "", "phone": "", "patient_age": None}
    ConsultationRequest.objects.filter(pk=request.pk).update(erased_at=at(1, days=0), **erased)
    assert request.reference in week(client)


def test_today_excludes_canceled_appointments() -> None:
    practitioner = a_reviewer()
    late = given(a_request(), practitioner, at(23, 30, days=0), agreed=True)
    early = given(a_request(), practitioner, at(14, days=0))
    given(a_request(), practitioner, at(0, days=1))
    moved = a_request()
    given(moved, practitioner, at(15, days=0))
    given(moved, practitioner, at(15, days=2))
    assert list(Appointment.objects.today()) == [early, late]


def test_week_page_queries_do_not_grow(client: Client, django_assert_max_num_queries: Any) -> None:
    practitioner = a_reviewer()
    for number in range(6):
        given(a_request(), practitioner, at(9 + number))
    client.force_login(a_coordinator())
    client.get("/staff/")
    with django_assert_max_num_queries(15):
        client.get(reverse("desk:week"))
