"""The search of the queue: by reference, name and phone, with nothing personal kept or in an address."""

import logging
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.data_rights import erasure
from consultations.desk.queue import views
from consultations.models import Disclosure, search_terms
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import find, queue_page, references, references_of, searched
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

QUEUE = "/staff/requests/"


def test_search_finds_names_phones_and_references_in_any_status(coordinator: Client) -> None:
    wanted = a_request(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="علی رضا",
        status=Status.DECLINED,
    )
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    reference = wanted.reference.lower().replace("-", " ")
    for text in ("علي", "0301-2345678", "۰۳۰۱ ۲۳۴۵۶۷۸", "khan", "5678", " KHAN  ayesha ", reference):
        page = find(coordinator, text)
        assert references(page) == [wanted.reference], text
        assert "Search results" in page.one("h1").text


def test_search_shows_erased_request_without_its_name(coordinator: Client, user: User) -> None:
    request = a_request(patient_name="Zainab Malik")
    found_before = searched(coordinator, "zainab")
    erasure.erase(request, actor=user, reason="asked_by_phone")
    for page in (find(coordinator, request.reference), read(coordinator.get(found_before))):
        assert references(page) == [request.reference]
        assert "Erased" in page.one("tbody").text and "Zainab" not in page.source


def test_search_leaves_nothing_personal_in_session_address_or_log(
    coordinator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    request = a_request(patient_name="Zainab Malik")
    page = find(coordinator, "zainab malik 0301 2345678")
    form = page.one("form", role="search")
    assert form["method"] == "post"
    links = [element["href"] for element in page.all("a")] + [form["action"], searched(coordinator, "zainab")]
    assert not [link for link in links if "zainab" in link.casefold()]
    with caplog.at_level(logging.DEBUG):
        find(coordinator, "zainab")
    assert caplog.records
    assert "zainab" not in caplog.text.casefold()
    found: dict[str, list[int]] = coordinator.session[views.SEARCHES_IN_SESSION]
    assert request.pk in next(reversed(found.values()))["ids"]
    sessions = str([session.get_decoded() for session in Session.objects.all()]).casefold()
    assert views.SEARCHES_IN_SESSION in sessions
    assert not any(word in sessions for word in ("zainab", "malik", "2345678"))


def test_each_view_of_search_results_is_recorded(coordinator: Client, user: User) -> None:
    khan, malik = a_request(patient_name="Bilal Khan"), a_request(patient_name="Bilal Malik")
    # Two windows: each has its own results.
    khans, maliks = searched(coordinator, "khan"), searched(coordinator, "malik")
    find(coordinator, "nobody of this name")
    assert not Disclosure.objects.exists()
    for _ in range(2):
        assert references(read(coordinator.get(khans))) == [khan.reference]
    assert references(read(coordinator.get(maliks))) == [malik.reference]
    seen = Disclosure.objects.filter(kind=Disclosure.Kind.FOUND, actor=user)
    assert (seen.filter(request=khan).count(), seen.filter(request=malik).count()) == (2, 1)
    assert "no-store" in coordinator.get(khans)["Cache-Control"]


def test_search_works_only_by_post_and_in_its_session(coordinator: Client) -> None:
    a_request()
    address = searched(coordinator, "khan")
    other = Client()
    other.force_login(staff(COORDINATOR, email="sana@clinic.example"))
    assert other.get(address)["Location"] == QUEUE
    other.force_login(staff(email="nobody@clinic.example"))
    assert other.get(address).status_code == 403
    for query in ({"text": "khan"}, {"search": "khan"}, {"search": ""}, {"search": "\x00"}, {}):
        response = coordinator.get(reverse("desk:queue_search"), query)
        assert (response.status_code, response["Location"]) == (303, QUEUE)
    assert not Disclosure.objects.exists()


def test_assigning_search_results_returns_to_them(coordinator: Client, user: User) -> None:
    request = a_request(patient_name="Bilal Khan")
    found = searched(coordinator, "khan")
    page = read(coordinator.get(found))
    sent = {
        "request": page.one("input", name="request")["value"],
        "to": str(user.pk),
        "back": page.one("input", name="back")["value"],
    }
    assert coordinator.post(reverse("desk:queue_assign"), sent)["Location"] == found
    request.refresh_from_db()
    assert request.assignee == user
    coordinator.post(reverse("desk:queue_search"), {"text": ""})
    response = coordinator.post(reverse("desk:queue_assign"), sent, follow=True)
    assert response.redirect_chain[-1] == (QUEUE, 303)


def test_searches_end_with_session_when_cleared_and_after_many_others(
    coordinator: Client, user: User
) -> None:
    a_request()
    for clear in (lambda: coordinator.post(reverse("desk:queue_search"), {"text": " "}), coordinator.logout):
        address = searched(coordinator, "khan")
        clear()
        coordinator.force_login(user)
        assert coordinator.get(address)["Location"] == QUEUE
    first = searched(coordinator, "khan")
    for number in range(views.MAX_SEARCHES):
        searched(coordinator, f"khan {number}")
    assert coordinator.get(first)["Location"] == QUEUE
    assert len(coordinator.session[views.SEARCHES_IN_SESSION]) == views.MAX_SEARCHES
    assert queue_page(coordinator).one(id="find").get("value") == ""


def test_many_results_are_cut_off_after_the_best(
    coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ROWS", 2)
    monkeypatch.setattr(search_terms, "MAX_RESULTS", 3)
    khans = [a_request(patient_name="Bilal Khan") for _ in range(4)]
    a_request(patient_name="Bilal Khanum")
    both = a_request(patient_name="Ayesha Khan")
    a_request(patient_name="Ayesha Malik")
    page = find(coordinator, "khan")
    assert references(page) == references_of(both, khans[-1])
    assert "There are more results." in page.main.text
    page = find(coordinator, "ayesha khan")
    assert references(page) == [both.reference]
    assert "There are more" not in page.main.text


def test_odd_searches_cause_no_error(coordinator: Client) -> None:
    a_request()
    texts: list[Any] = [
        *(None, "", "\x00", "\u200f\u064b", ["khan", "malik"], "😀" * 5000, "a " * 100, "%' OR 1=1 --"),
        *("\ud7ff\U0010ffff", "\u0640", "--", "a b a b a"),
    ]
    for text in texts:
        response = coordinator.post(reverse("desk:queue_search"), {} if text is None else {"text": text})
        assert response.status_code == 303
        if "search=" in response["Location"]:
            assert coordinator.get(response["Location"]).status_code == 200, text
    assert searched(coordinator, " \x00 ") == QUEUE
    assert "Nothing found." in find(coordinator, "%").main.text
