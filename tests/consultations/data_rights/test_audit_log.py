"""The audit log: what is recorded, and the page on which managers read it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.data_rights.audit_log import ROWS_PER_PAGE
from consultations.lifecycle import disclosures
from consultations.models import Disclosure
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

LOG = "/staff/log/"
Kind = Disclosure.Kind


@pytest.fixture
def colleague() -> User:
    return staff(COORDINATOR, first_name="Nasreen", last_name="Akhtar")


def rows(client: Client, **query: Any) -> list[str]:
    return [row.text for row in read(client.get(LOG, query)).all("tr")[1:]]


def test_listed_is_recorded_once_per_person_request_and_day(
    client: Client, manager: User, colleague: User
) -> None:
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
    for _refresh in range(2):
        client.get("/staff/requests/")
    assert Disclosure.objects.filter(actor=manager, kind=Kind.LISTED).count() == 3


def test_page_shows_newest_first_and_groups_what_was_seen_at_once(
    client: Client, manager: User, colleague: User
) -> None:
    requests = [a_request() for _number in range(4)]
    disclosures.record(colleague, requests, Kind.LISTED)
    disclosures.record(colleague, requests[:1], Kind.OPENED)
    disclosures.record(manager, requests[:1], Kind.COPIED, Disclosure.Reason.ASKED_IN_WRITING)
    copied, opened, listed = rows(client)
    assert "Made a copy" in copied and "Asked for in writing" in copied and "manager" in copied
    assert "Nasreen Akhtar" in opened and requests[0].reference in opened and "Opened" in opened
    assert "4 requests" in listed and all(request.reference in listed for request in requests)
    assert "1 request" not in opened
    assert Disclosure.objects.count() == 6, "reading the log writes nothing"


def test_filter_by_request_and_person(client: Client, manager: User, colleague: User) -> None:
    one, other = a_request(), a_request()
    disclosures.record(colleague, [one, other], Kind.LISTED)
    disclosures.record(manager, [other], Kind.OPENED)
    for query, count in (
        ({}, 2),
        ({"reference": one.reference.lower()}, 1),
        ({"reference": other.reference}, 2),
        ({"person": colleague.pk}, 1),
        ({"person": manager.pk, "reference": one.reference}, 0),
    ):
        assert len(rows(client, **query)) == count, query


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
        older = read(response).all("a", rel="next")
        address = older[0]["href"] if older else ""
        assert f"person={colleague.pk}" in address or not older
    assert address == ""
    assert seen == list(Disclosure.objects.order_by("-at", "-pk").values_list("pk", flat=True))


def test_invalid_queries_show_page_without_error(client: Client, manager: User) -> None:
    disclosures.record(manager, [a_request()], Kind.OPENED)
    for query in (
        {"reference": "\x00" * 9},
        {"reference": "۷" * 9000},
        {"person": "999999999999999999999999"},
        {"person": "' OR 1=1"},
        {"page": "9" * 40},
        {"page": "-1", "person": "\x00"},
        {"page": "۱۲", "unknown": "x"},
    ):
        assert client.get(LOG, query).status_code == 200, query
    page = read(client.get(LOG, {"reference": "nonsense"}))
    assert "Enter a whole reference" in page.one("main").text
    assert not page.all("table")


def test_managers_find_links_to_data_rights_pages(client: Client, manager: User, colleague: User) -> None:
    request = a_request()
    account = f"/staff/accounts/user/{colleague.pk}/change/"
    for address, link in (
        (f"/staff/requests/{request.pk}/", f"{LOG}?reference={request.reference}"),
        (f"/staff/requests/{request.pk}/", f"/staff/requests/{request.pk}/erase/"),
        (account, f"{LOG}?person={colleague.pk}"),
        ("/staff/statistics/", f'href="{LOG}"'),
        ("/staff/statistics/", 'href="/staff/export/"'),
    ):
        assert link in client.get(address).content.decode(), link
    client.force_login(colleague)
    for address in ("/staff/", f"/staff/requests/{request.pk}/"):
        page = client.get(address).content.decode()
        assert LOG not in page and "/erase/" not in page and "/staff/export/" not in page
