"""A manager reads who saw what: of all requests or one, by all or one person, and changes nothing by it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR, MANAGER
from consultations.data_rights import erasure
from consultations.data_rights.audit_log import ON_A_PAGE
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure
from tests.consultations.form_pages import Page
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

LOG = "/staff/log/"


@pytest.fixture
def manager(client: Client) -> User:
    user = staff(MANAGER)
    client.force_login(user)
    return user


@pytest.fixture
def colleague() -> User:
    return staff(COORDINATOR, first_name="Nasreen", last_name="Akhtar")


def rows(client: Client, **asked: Any) -> list[str]:
    page = Page(client.get(LOG, asked))
    return [row.text for row in page.all("tr")[1:]]


def test_it_says_who_when_what_and_why_the_newest_first(
    client: Client, manager: User, colleague: User
) -> None:
    request = a_request()
    disclosures.record(colleague, [request], Disclosure.Kind.OPENED)
    disclosures.record(manager, [request], Disclosure.Kind.COPIED, "Asked by letter")
    newest, oldest = rows(client)
    assert "Made a copy" in newest and "Asked by letter" in newest and "manager" in newest
    assert "Nasreen Akhtar" in oldest and request.reference in oldest and "Opened" in oldest


def test_one_request_or_one_person_is_asked_for(client: Client, manager: User, colleague: User) -> None:
    one, other = a_request(), a_request()
    disclosures.record(colleague, [one, other], Disclosure.Kind.LISTED)
    disclosures.record(manager, [other], Disclosure.Kind.OPENED)
    assert len(rows(client)) == 3
    assert len(rows(client, reference=one.reference.lower())) == 1
    assert len(rows(client, reference=other.reference)) == 2
    assert len(rows(client, person=colleague.pk)) == 2
    assert len(rows(client, person=manager.pk, reference=one.reference)) == 0


def test_what_was_seen_of_a_request_stays_readable_when_it_is_erased(
    client: Client, manager: User, colleague: User, transactional_db: None
) -> None:
    request = a_request()
    disclosures.record(colleague, [request], Disclosure.Kind.OPENED)
    erasure.erase(request, actor=manager, reason="asked_by_phone")
    assert len(rows(client, reference=request.reference)) == 1


def test_pages_go_on_where_the_last_one_ended(client: Client, manager: User, colleague: User) -> None:
    request, now = a_request(), timezone.now()
    Disclosure.objects.bulk_create(
        # Many at one moment, as an export writes them.
        Disclosure(request=request, kind="listed", actor=colleague, at=now - timedelta(minutes=number // 40))
        for number in range(ON_A_PAGE * 2 + 7)
    )
    seen: list[int] = []
    address = f"{LOG}?person={colleague.pk}"
    for expected in (ON_A_PAGE, ON_A_PAGE, 7):
        response = client.get(address)
        shown = [row.pk for row in response.context["entries"].rows]
        assert len(shown) == expected
        seen += shown
        older = Page(response).all("a", rel="next")
        address = LOG + older[0]["href"].partition("/staff/log/")[2] if older else ""
    assert address == ""
    assert seen == list(Disclosure.objects.order_by("-at", "-pk").values_list("pk", flat=True))


@pytest.mark.parametrize(
    "asked",
    [
        {"reference": "x"},
        {"reference": "\x00" * 9},
        {"reference": "MS-2222"},
        {"reference": "۷" * 9000},
        {"person": "999999999999999999999999"},
        {"person": "' OR 1=1"},
        {"person": "-1"},
        {"before": "9" * 18},
        {"before": "9" * 40},
        {"before": "-1", "person": "\x00"},
        {"before": "۱۲"},
        {"unknown": "x"},
    ],
)
def test_no_address_breaks_it(client: Client, manager: User, asked: dict[str, str]) -> None:
    disclosures.record(manager, [a_request()], Disclosure.Kind.OPENED)
    assert client.get(LOG, asked).status_code == 200


def test_a_wrong_reference_is_told_and_shows_nothing(client: Client, manager: User) -> None:
    disclosures.record(manager, [a_request()], Disclosure.Kind.OPENED)
    page = Page(client.get(LOG, {"reference": "nonsense"}))
    assert "Enter a whole reference" in page.one("main").text
    assert not page.all("table")


def test_reading_it_writes_nothing(client: Client, manager: User) -> None:
    disclosures.record(manager, [a_request()], Disclosure.Kind.OPENED)
    client.get(LOG)
    assert Disclosure.objects.count() == 1


def test_queries_do_not_grow_with_the_rows(client: Client, manager: User, colleague: User) -> None:
    counts = []
    for _size in range(2):
        disclosures.record(colleague, [a_request() for _ in range(5)], Disclosure.Kind.LISTED)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(LOG)
        counts.append(len(queries))
        assert not any("COUNT(" in query["sql"] for query in queries)
    assert counts[0] == counts[1] <= 15


def test_the_way_there_is_on_the_request_and_on_the_account(
    client: Client, manager: User, colleague: User
) -> None:
    request: ConsultationRequest = a_request()
    page = client.get(f"/staff/requests/{request.pk}/").content.decode()
    assert f"{LOG}?reference={request.reference}" in page
    assert f"/staff/requests/{request.pk}/erase/" in page
    account = client.get(f"/staff/accounts/user/{colleague.pk}/change/").content.decode()
    assert f"{LOG}?person={colleague.pk}" in account
    client.force_login(colleague)
    page = client.get(f"/staff/requests/{request.pk}/").content.decode()
    assert LOG not in page and "/erase/" not in page
