"""The audit log: what is recorded, and the page on which managers read it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR, MANAGER
from consultations.data_rights.audit_log import ROWS_PER_PAGE
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure
from tests.consultations.form_pages import Page
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

LOG = "/staff/log/"
Kind = Disclosure.Kind


@pytest.fixture
def manager(client: Client) -> User:
    user = staff(MANAGER)
    client.force_login(user)
    return user


@pytest.fixture
def colleague() -> User:
    return staff(COORDINATOR, first_name="Nasreen", last_name="Akhtar")


def rows(client: Client, **query: Any) -> list[str]:
    return [row.text for row in Page(client.get(LOG, query)).all("tr")[1:]]


def test_listed_is_recorded_once_per_person_request_and_day(manager: User, colleague: User) -> None:
    one, other = a_request(), a_request()
    # 11:30 pm at the clinic.
    with time_machine.travel("2026-03-04T18:30:00Z", tick=False) as clock:
        for _refresh in range(3):
            disclosures.record(colleague, [one, one], Kind.LISTED)
        disclosures.record(colleague, [one, other], Kind.LISTED)
        disclosures.record(manager, [one], Kind.LISTED)
        for _view in range(2):
            disclosures.record_each(colleague, [(Kind.OPENED, one), (Kind.LISTED, other)])
        clock.shift(timedelta(hours=1))
        disclosures.record(colleague, [one], Kind.LISTED)
    seen = Disclosure.objects.order_by("pk").values_list("actor", "kind", "request")
    assert list(seen) == [
        (colleague.pk, "listed", one.pk),
        (colleague.pk, "listed", other.pk),
        (manager.pk, "listed", one.pk),
        (colleague.pk, "opened", one.pk),
        (colleague.pk, "opened", one.pk),
        (colleague.pk, "listed", one.pk),
    ]


def test_refreshed_queue_adds_no_rows(client: Client, manager: User) -> None:
    for _number in range(3):
        a_request()
    for _refresh in range(2):
        client.get("/staff/requests/")
    assert Disclosure.objects.filter(kind=Kind.LISTED).count() == 3


def test_page_shows_newest_first_with_person_and_reason(
    client: Client, manager: User, colleague: User
) -> None:
    request = a_request()
    disclosures.record(colleague, [request], Kind.OPENED)
    disclosures.record(manager, [request], Kind.COPIED, Disclosure.Reason.ASKED_IN_WRITING)
    newest, oldest = rows(client)
    assert "Made a copy" in newest and "Asked for in writing" in newest and "manager" in newest
    assert "Nasreen Akhtar" in oldest and request.reference in oldest and "Opened" in oldest
    assert Disclosure.objects.count() == 2  # reading the log writes nothing


def test_requests_seen_at_once_are_one_line(client: Client, manager: User, colleague: User) -> None:
    requests = [a_request() for _number in range(4)]
    disclosures.record(colleague, requests, Kind.LISTED)
    disclosures.record(colleague, requests[:1], Kind.OPENED)
    opened, listed = rows(client)
    assert "4 requests" in listed and all(request.reference in listed for request in requests)
    assert "Opened" in opened and "1 request" not in opened


def test_filter_by_request_and_person(client: Client, manager: User, colleague: User) -> None:
    one, other = a_request(), a_request()
    disclosures.record(colleague, [one, other], Kind.LISTED)
    disclosures.record(manager, [other], Kind.OPENED)
    assert len(rows(client)) == 2
    assert len(rows(client, reference=one.reference.lower())) == 1
    assert len(rows(client, reference=other.reference)) == 2
    assert len(rows(client, person=colleague.pk)) == 1
    assert len(rows(client, person=manager.pk, reference=one.reference)) == 0


def test_older_pages_show_every_row_once(client: Client, manager: User, colleague: User) -> None:
    request, now = a_request(), timezone.now()
    Disclosure.objects.bulk_create(
        # Many at one moment, as an export writes them.
        Disclosure(request=request, kind="listed", actor=colleague, at=now - timedelta(minutes=number // 40))
        for number in range(ROWS_PER_PAGE * 2 + 7)
    )
    seen: list[int] = []
    address = f"{LOG}?person={colleague.pk}"
    for expected in (ROWS_PER_PAGE, ROWS_PER_PAGE, 7):
        response = client.get(address)
        shown = [row.pk for group in response.context["entries"] for row in group]
        assert len(shown) == expected
        seen += shown
        older = Page(response).all("a", rel="next")
        address = LOG + older[0]["href"].partition("/staff/log/")[2] if older else ""
    assert address == ""
    assert seen == list(Disclosure.objects.order_by("-at", "-pk").values_list("pk", flat=True))


def test_invalid_queries_show_page_without_error(client: Client, manager: User) -> None:
    disclosures.record(manager, [a_request()], Kind.OPENED)
    for query in (
        {"reference": "x"},
        {"reference": "\x00" * 9},
        {"reference": "۷" * 9000},
        {"person": "999999999999999999999999"},
        {"person": "' OR 1=1"},
        {"before": "9" * 18},
        {"before": "9" * 40},
        {"before": "-1", "person": "\x00"},
        {"before": "۱۲"},
        {"unknown": "x"},
    ):
        assert client.get(LOG, query).status_code == 200, query
    page = Page(client.get(LOG, {"reference": "nonsense"}))
    assert "Enter a whole reference" in page.one("main").text
    assert not page.all("table")


def test_queries_do_not_grow_with_rows(client: Client, manager: User, colleague: User) -> None:
    counts = []
    for _size in range(2):
        disclosures.record(colleague, [a_request() for _ in range(5)], Kind.LISTED)
        with CaptureQueriesContext(connection) as queries:
            client.get(LOG)
        counts.append(len(queries))
        assert not any("COUNT(" in query["sql"] for query in queries)
    assert counts[0] == counts[1] <= 15


def test_managers_find_links_to_log(client: Client, manager: User, colleague: User) -> None:
    request: ConsultationRequest = a_request()
    page = client.get(f"/staff/requests/{request.pk}/").content.decode()
    assert f"{LOG}?reference={request.reference}" in page
    assert f"/staff/requests/{request.pk}/erase/" in page
    account = client.get(f"/staff/accounts/user/{colleague.pk}/change/").content.decode()
    assert f"{LOG}?person={colleague.pk}" in account
    index = client.get("/staff/").content.decode()
    assert f'href="{LOG}"' in index and 'href="/staff/export/"' in index
    client.force_login(colleague)
    for address in ("/staff/", f"/staff/requests/{request.pk}/"):
        page = client.get(address).content.decode()
        assert LOG not in page and "/erase/" not in page and "/staff/export/" not in page
