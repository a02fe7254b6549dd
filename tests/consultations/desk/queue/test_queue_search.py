"""The search of the queue finds by reference, name and phone, and leaves nothing personal in an address."""

import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.data_rights import erasure
from consultations.desk.queue import views as queue_module
from consultations.models import Disclosure, search_terms
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import find, queue_page, references, references_of, searched
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
    erasure.erase(request, actor=user, reason="asked_by_phone")
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
    links = [element["href"] for element in page.all("a")] + [form["action"], searched(coordinator, "zainab")]
    assert not [link for link in links if "zainab" in link.casefold()]
    with caplog.at_level(logging.DEBUG):
        find(coordinator, "zainab")
    assert caplog.records
    assert "zainab" not in caplog.text.casefold()


def test_a_search_by_an_address_searches_nothing(coordinator: Client) -> None:
    a_request()
    for query in ({"text": "khan"}, {"search": "khan"}, {"search": ""}, {"search": "\x00"}, {}):
        response = coordinator.get(reverse("desk:queue_search"), query)
        assert (response.status_code, response["Location"]) == (303, reverse("desk:queue"))
    assert not Disclosure.objects.exists()


def test_back_leads_to_what_was_found_and_each_look_at_it_is_recorded(
    coordinator: Client, user: User
) -> None:
    khan, malik = a_request(patient_name="Bilal Khan"), a_request(patient_name="Bilal Malik")
    # In two windows, or one after the other: each has its own.
    khans, maliks = searched(coordinator, "khan"), searched(coordinator, "malik")
    assert not Disclosure.objects.exists()
    for _ in range(2):
        assert references(read(coordinator.get(khans))) == [khan.reference]
        assert references(read(coordinator.get(maliks))) == [malik.reference]
    assert read(coordinator.get(khans)).one(id="searchbar")["value"] == "khan"
    seen = Disclosure.objects.filter(kind=Disclosure.Kind.FOUND, actor=user)
    assert (seen.filter(request=khan).count(), seen.filter(request=malik).count()) == (3, 2)
    assert "no-store" in coordinator.get(khans)["Cache-Control"]


def test_whom_somebody_ticked_among_what_was_found_leads_back_there(coordinator: Client, user: User) -> None:
    request = a_request(patient_name="Bilal Khan")
    found = searched(coordinator, "khan")
    back = read(coordinator.get(found)).one("input", name="back")["value"]
    sent = {"request": f"{request.pk}-", "to": str(user.pk), "back": back}
    assert coordinator.post(reverse("desk:queue_assign"), sent)["Location"] == found
    coordinator.post(reverse("desk:queue_search"), {"text": ""})
    assert coordinator.post(reverse("desk:queue_assign"), sent)["Location"] == reverse("desk:queue")


def test_a_search_is_gone_with_the_session_when_it_is_cleared_and_among_many_others(
    coordinator: Client, user: User
) -> None:
    a_request()
    queue = reverse("desk:queue")
    assert references(find(coordinator, "khan"))
    assert queue_page(coordinator).one(id="searchbar")["value"] == ""
    for clear in (lambda: coordinator.post(reverse("desk:queue_search"), {"text": " "}), coordinator.logout):
        address = searched(coordinator, "khan")
        clear()
        coordinator.force_login(user)
        assert coordinator.get(address)["Location"] == queue
    first = searched(coordinator, "khan")
    for number in range(queue_module.SEARCHES):
        searched(coordinator, f"khan {number}")
    assert coordinator.get(first)["Location"] == queue
    assert len(coordinator.session[queue_module.SEARCHES_IN_SESSION]) == queue_module.SEARCHES


def test_nobody_else_is_told_anything_by_the_address_of_a_search(coordinator: Client) -> None:
    a_request()
    address = searched(coordinator, "khan")
    other = Client()
    other.force_login(staff(COORDINATOR, email="sana@clinic.example"))
    assert other.get(address)["Location"] == reverse("desk:queue")
    other.force_login(staff(email="nobody@clinic.example"))
    assert other.get(address).status_code == 403
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
    monkeypatch.setattr(search_terms, "ENOUGH", 3)
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
        address = searched(coordinator, "khan")
        with CaptureQueriesContext(connection) as queries:
            assert references(read(coordinator.get(address)))
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
    response = coordinator.post(reverse("desk:queue_search"), data, follow=True)
    assert [response.status_code, *(code for _to, code in response.redirect_chain)] == [200, 303]


def test_a_search_for_nothing_finds_nothing(coordinator: Client) -> None:
    a_request()
    assert searched(coordinator, " \x00 ") == reverse("desk:queue")
    assert "Nothing found." in find(coordinator, "%").main.text
