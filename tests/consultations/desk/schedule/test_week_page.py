"""The week page: opening hours, closures and appointments, and its audit log."""

from datetime import date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import Closure
from consultations.models import Disclosure
from procedures.models import Practitioner
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import at, given, open_every_day
from tests.factories import a_coordinator, a_request, a_reviewer
from tests.pages import Page, read

pytestmark = pytest.mark.django_db


def week(client: Client, address: str = "", **query: Any) -> Page:
    response = client.get(reverse("desk:week") + address, query)
    assert response.status_code == 200
    return read(response)


def test_week_page_shows_hours_closures_and_appointments(
    coordinator: Client, practitioner: Practitioner
) -> None:
    open_every_day(time(9), time(13, 30))
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 25))
    offered, agreed, erased = (a_request(patient_name=name) for name in ("علی خان", "Sana Malik", "Noor"))
    given(offered, practitioner, at(15))
    given(offered, practitioner, at(10))  # the time before is canceled
    given(agreed, practitioner, at(10, 30), agreed=True)
    given(erased, practitioner, at(11), agreed=True)
    given(hidden := a_request(), practitioner, at(10, days=20))
    as_erased(erased)
    page = week(coordinator)
    text = page.one("main").text
    assert "Mon 23 Nov – Sun 29 Nov 2026" in text
    assert "9 am – 1:30 pm" in text and "Closed: Eid" in text
    assert f"10 am – 10:30 am {offered.reference} علی Offered" in text
    assert f"10:30 am – 11 am {agreed.reference} Sana Agreed" in text
    assert f"11 am – 11:30 am {erased.reference} Agreed" in text
    assert "خان" not in text and "Malik" not in text
    assert text.count(offered.reference) == 1 and hidden.reference not in text
    links = page.all("a", href=reverse("desk:request", args=[agreed.pk]))
    assert [link.text for link in links] == [agreed.reference]
    rows = {(row.request, row.kind, row.actor) for row in Disclosure.objects.all()}
    assert rows == {(seen, Disclosure.Kind.LISTED, a_coordinator()) for seen in (offered, agreed, erased)}


def test_week_page_filters_practitioner_and_week(coordinator: Client, practitioner: Practitioner) -> None:
    other = a_reviewer(name="Dr. Other")
    given(first := a_request(), practitioner, at(10, days=8))
    given(second := a_request(), other, at(10, days=8))
    page = week(coordinator, day="2026-12-02", practitioner=other.pk)
    assert second.reference in page.one("main").text and first.reference not in page.one("main").text
    for name, title in (
        ("Next week", "Mon 7 Dec – Sun 13 Dec 2026, Dr. Other"),
        ("Week before", "Mon 23 Nov – Sun 29 Nov 2026, Dr. Other"),
        ("This week", "Mon 23 Nov – Sun 29 Nov 2026, Dr. Other"),
    ):
        (link,) = (link["href"] for link in page.all("a") if link.text == name)
        assert week(coordinator, link).one("h1").text == title


def test_week_page_ignores_invalid_filter(coordinator: Client) -> None:
    for query in (
        *({"day": day} for day in ("", "x", "9999-12-31", "0001-01-01", "\x00", "9" * 9999)),
        *({"practitioner": practitioner} for practitioner in ("x", "\x00", "9" * 400)),
    ):
        assert "Mon 23 Nov – Sun 29 Nov 2026" in week(coordinator, **query).one("main").text
