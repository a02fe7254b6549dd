"""The search of the queue finds by reference, name and phone, and leaves nothing personal in an address."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.roles import COORDINATOR
from consultations.desk import queue as queue_module
from consultations.models import Disclosure, search
from consultations.services import forgetting
from consultations.workflow import Status
from tests.consultations.desk.queue_pages import find, references, references_of
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR)


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.mark.parametrize("text", ["علي", "0301-2345678", "۰۳۰۱ ۲۳۴۵۶۷۸", "khan", "5678", " KHAN  ayesha "])
def test_it_finds_by_name_and_phone_in_any_spelling_whatever_the_status(
    coordinator: Client, text: str
) -> None:
    wanted = a_request(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="علی رضا",
        status=Status.DECLINED,
    )
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    page = find(coordinator, text)
    assert references(page) == [wanted.reference]
    assert page.one(id="searchbar")["value"] == text.strip()


def test_it_finds_by_reference_as_people_write_it(coordinator: Client) -> None:
    wanted, _other = a_request(), a_request()
    assert references(find(coordinator, wanted.reference.lower().replace("-", " "))) == [wanted.reference]


def test_an_erased_request_is_found_by_its_reference_and_says_so(coordinator: Client, user: User) -> None:
    request = a_request(patient_name="Zainab Malik")
    forgetting.erase(request, actor=user, reason="asked_by_phone")
    page = find(coordinator, request.reference)
    assert references(page) == [request.reference]
    assert "Erased" in page.one("tbody").text


def test_what_was_found_is_recorded_and_what_was_not_is_not(coordinator: Client, user: User) -> None:
    wanted = a_request(patient_name="Zainab Malik")
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    find(coordinator, "zainab")
    find(coordinator, "nobody of this name")
    assert list(Disclosure.objects.values_list("request", "kind", "actor")) == [
        (wanted.pk, Disclosure.Kind.FOUND, user.pk)
    ]


def test_no_word_of_a_search_stands_in_an_address_or_in_a_log(
    coordinator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    a_request(patient_name="Zainab Malik")
    page = find(coordinator, "zainab")
    form = page.one("form", role="search")
    assert form["method"] == "post"
    links = [element["href"] for element in page.all("a")] + [form["action"]]
    assert not [link for link in links if "zainab" in link.casefold()]
    with caplog.at_level(logging.DEBUG):
        find(coordinator, "zainab")
    assert caplog.records
    assert "zainab" not in caplog.text.casefold()


def test_a_search_by_an_address_searches_nothing(coordinator: Client) -> None:
    a_request()
    response = coordinator.get(reverse("desk:queue_search"), {"text": "khan"})
    assert (response.status_code, response["Location"]) == (303, reverse("desk:queue"))
    assert not Disclosure.objects.exists()


def test_when_there_is_more_than_is_shown_it_says_so(
    coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "ROWS", 2)
    requests = [a_request() for _ in range(3)]
    page = find(coordinator, "khan")
    assert references(page) == references_of(*reversed(requests))[:2]
    assert "There are more than these." in page.main.text
    assert "There are more" not in find(coordinator, requests[0].reference).main.text


def test_of_the_commonest_name_the_newest_are_found(
    coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ENOUGH", 3)
    khans = [a_request(patient_name="Bilal Khan") for _ in range(5)]
    a_request(patient_name="Bilal Khanum")
    both = a_request(patient_name="Ayesha Khan")
    a_request(patient_name="Ayesha Malik")
    found = references(find(coordinator, "khan"))
    assert set(found) >= set(references_of(both, *khans[-2:]))
    assert references(find(coordinator, "ayesha khan")) == [both.reference]


def test_the_search_takes_as_many_queries_for_many_requests_as_for_few(coordinator: Client) -> None:
    counts = []
    for number in (3, 60):
        for _ in range(number):
            a_request()
        with CaptureQueriesContext(connection) as queries:
            assert references(find(coordinator, "khan"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": ""},
        {"text": "\x00"},
        {"text": "\u200f\u064b"},
        {"text": ["khan", "malik"]},
        {"text": "😀" * 5000},
        {"text": "a " * 100},
        {"text": "%' OR 1=1 --"},
        {"text": "\ud7ff\U0010ffff"},
    ],
)
def test_odd_searches_fail_at_nothing(coordinator: Client, data: dict[str, Any]) -> None:
    a_request()
    assert coordinator.post(reverse("desk:queue_search"), data).status_code in (200, 303)


def test_a_search_for_nothing_finds_nothing(coordinator: Client) -> None:
    a_request()
    assert coordinator.post(reverse("desk:queue_search"), {"text": " \x00 "}).status_code == 303
    assert "Nothing found." in read(coordinator.post(reverse("desk:queue_search"), {"text": "%"})).main.text
