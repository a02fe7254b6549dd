"""The queue: which requests each tab shows, in which order, and what a row says."""

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
from consultations import workflow
from consultations.desk.queue import tabs
from consultations.desk.queue import views as queue_module
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.workflow import Status
from tests.conftest import shared_world
from tests.consultations.desk.queue.queue_pages import (
    cells,
    find,
    numbers,
    queue_page,
    references,
    references_of,
    with_class,
)
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, a_reviewer, staff
from tests.pages import Element, Page

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday, 2 pm in Lahore
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR, first_name="Sana", last_name="Malik")


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def at_two(coordinator: Client, user: User) -> Any:
    """Two in the afternoon of a day on which the clinic is open from nine to five."""
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="09:00", closes="17:00")
    with time_machine.travel(NOW, tick=False):
        coordinator.force_login(user)  # the session of today has not begun in March
        yield coordinator


def set_to(request: ConsultationRequest, **fields: Any) -> ConsultationRequest:
    ConsultationRequest.objects.filter(pk=request.pk).update(**fields)
    return request


# Order and tabs


def test_what_is_recent_comes_first_and_then_who_has_waited_longest(at_two: Client) -> None:
    years = a_request(onset=6, created_at=NOW - 9 * DAY)
    week_late = a_request(onset=2, created_at=NOW - HOUR)
    week_early = a_request(onset=2, created_at=NOW - 3 * HOUR, status=Status.CONTACTING)
    today = a_request(onset=1, created_at=NOW)
    not_sure = a_request(onset=3, created_at=NOW)
    a_request(onset=1, status=Status.CONFIRMED)
    a_request(onset=1, status=Status.QUARANTINED)
    wanted = references_of(today, week_early, week_late, not_sure, years)
    assert references(queue_page(at_two)) == wanted


@pytest.mark.parametrize("tab", ["waiting", "new", "mine"])
def test_what_is_recent_long_ago_stands_behind_what_is_recent(at_two: Client, user: User, tab: str) -> None:
    """When it began is as of the day of sending."""
    month_ago = a_request(onset=1, created_at=NOW - 35 * DAY)
    month = a_request(onset=4, created_at=NOW - DAY)
    not_sure_long_ago = a_request(onset=3, created_at=NOW - 8 * DAY)
    week = a_request(onset=2, created_at=NOW - HOUR)
    yesterday = a_request(onset=1, created_at=NOW - DAY)
    today = a_request(onset=1, created_at=NOW - HOUR)
    ConsultationRequest.objects.update(assignee=user)
    page = queue_page(at_two, tab=tab)
    wanted = references_of(today, yesterday, week, not_sure_long_ago, month, month_ago)
    assert references(page) == wanted
    told = [row.one("td", data_label="Onset") for row in rows(page)]
    assert [(cell.text, bool(cell.all("strong"))) for cell in told] == [
        ("In the last 24 hours", True),
        ("In the last 24 hours as of 3 March 2026", True),
        ("1 to 7 days ago", True),
        ("I am not sure", False),
        ("1 to 4 weeks ago", False),
        ("In the last 24 hours as of 28 January 2026", False),
    ]


def rows(page: Page) -> list[Element]:
    return page.one("tbody").all("tr")


def test_overdue_is_a_promise_that_was_not_kept_or_a_call_that_was_not_made(at_two: Client) -> None:
    promised = set_to(a_request(), promised_by=NOW - HOUR)
    call = set_to(
        a_request(status=Status.CONTACTING),
        promised_by=NOW - DAY,
        first_contact_at=NOW - 2 * DAY,
        call_back_at=NOW - 2 * HOUR,
    )
    set_to(a_request(), promised_by=NOW + HOUR)
    set_to(a_request(), promised_by=NOW - HOUR, first_contact_at=NOW - 2 * HOUR)
    set_to(a_request(status=Status.DECLINED), promised_by=NOW - HOUR)
    assert references(queue_page(at_two, tab="overdue")) == references_of(call, promised)


OPEN = sorted(workflow.OPEN)


@pytest.mark.parametrize("status", OPEN)
def test_a_call_back_is_due_in_every_open_status(at_two: Client, status: Status) -> None:
    request = set_to(a_request(status=status), promised_by=None, call_back_at=NOW - HOUR)
    set_to(a_request(status=status), promised_by=None, call_back_at=NOW + DAY)
    for tab in ("overdue", "today"):
        page = queue_page(at_two, tab=tab)
        assert references(page) == [request.reference]
    assert numbers(page)["Overdue"] == numbers(page)["Due today"] == "1"


OFFERED, AGREED = Appointment.State.OFFERED, Appointment.State.AGREED


def with_time(
    state: Appointment.State, starts_at: datetime, *, is_informed: bool = True, **fields: Any
) -> ConsultationRequest:
    status = Status.PROPOSED if state == OFFERED else Status.CONFIRMED
    request = set_to(
        a_request(status=status), **{"promised_by": None, "first_contact_at": NOW - 9 * DAY} | fields
    )
    an_appointment(
        request,
        practitioner=a_reviewer(name=f"Dr. {request.pk}"),
        state=state,
        starts_at=starts_at,
        ends_at=starts_at + HOUR / 2,
        patient_informed_at=NOW if is_informed else None,
    )
    return request


def test_a_time_that_passed_is_due_until_somebody_says_what_became_of_it(at_two: Client) -> None:
    agreed = with_time(AGREED, NOW - 2 * DAY)
    offered = with_time(OFFERED, NOW - 9 * DAY)
    an_appointment(offered, starts_at=NOW - 20 * DAY, ends_at=NOW - 19 * DAY, state="canceled")
    for state in (OFFERED, AGREED):
        with_time(state, NOW + HOUR)
    with_time(AGREED, NOW)  # they are in the room
    with_time(OFFERED, NOW - DAY, call_back_at=NOW + DAY)  # called about it, in vain
    for tab in ("overdue", "today"):
        page = queue_page(at_two, tab=tab)
        assert references(page) == references_of(offered, agreed)
    assert numbers(page)["Overdue"] == numbers(page)["Due today"] == "2"


@pytest.mark.parametrize(
    ("state", "starts_at", "fields", "words"),
    [
        (AGREED, NOW - DAY, {}, "Record attendance"),
        (AGREED, NOW, {}, "Record attendance"),
        (AGREED, NOW + HOUR, {}, "Appointment Wed 4 Mar, 3 pm"),
        (OFFERED, NOW - DAY, {}, "No answer to the offered time: call the patient"),
        (OFFERED, NOW + HOUR, {}, "Waiting for the patient’s answer: Wed 4 Mar, 3 pm"),
        (
            OFFERED,
            NOW + HOUR,
            {"is_informed": False},
            "The patient does not know the offered time: call",
        ),
        (OFFERED, NOW - DAY, {"call_back_at": NOW + DAY}, "Call back Thu 5 Mar, 2 pm"),
        (
            AGREED,
            NOW - DAY,
            {"call_back_at": NOW + DAY},
            "Call back Thu 5 Mar, 2 pm Record attendance",
        ),
    ],
)
def test_the_next_step_with_a_time_is_said_in_plain_words(
    at_two: Client, state: Appointment.State, starts_at: datetime, fields: dict[str, Any], words: str
) -> None:
    request = with_time(state, starts_at, **fields)
    assert cells(queue_page(at_two, tab=request.status))["Next"] == words


def test_whoever_was_offered_a_time_and_told_of_it_by_nobody_is_still_promised_an_answer(
    at_two: Client,
) -> None:
    uninformed = with_time(OFFERED, NOW + DAY, promised_by=NOW - HOUR, first_contact_at=None)
    with_time(AGREED, NOW + DAY, promised_by=NOW - HOUR, first_contact_at=None)
    page = queue_page(at_two, tab="overdue")
    assert references(page) == [uninformed.reference]
    assert "overdue by 1 h 0 min" in cells(page)["Waiting, in clinic hours"]


def test_due_today_is_all_that_has_to_be_done_before_midnight_at_the_clinic(at_two: Client) -> None:
    midnight = datetime(2026, 3, 4, 19, tzinfo=UTC)
    late = set_to(a_request(), promised_by=NOW - 5 * DAY)
    tonight = set_to(a_request(), promised_by=None, call_back_at=midnight)
    set_to(a_request(), promised_by=midnight + HOUR)
    assert references(queue_page(at_two, tab="today")) == references_of(late, tonight)


def test_mine_is_what_is_open_and_assigned_to_me_what_waits_first(coordinator: Client, user: User) -> None:
    agreed = set_to(a_request(onset=1, status=Status.CONFIRMED), assignee=user)
    new = set_to(a_request(onset=6), assignee=user)
    set_to(a_request(status=Status.COMPLETED), assignee=user)
    set_to(a_request(), assignee=staff(COORDINATOR, email="other@clinic.example"))
    a_request()
    assert references(queue_page(coordinator, tab="mine")) == references_of(new, agreed)


def test_what_a_patient_wrote_is_listed_whatever_the_status(coordinator: Client) -> None:
    closed = set_to(a_request(status=Status.COMPLETED), unread_since=NOW)
    earlier = set_to(a_request(), unread_since=NOW - HOUR)
    a_request()
    assert references(queue_page(coordinator, tab="wrote")) == references_of(earlier, closed)


@pytest.mark.parametrize("status", Status)
def test_each_status_has_its_tab_with_its_number(coordinator: Client, status: Status) -> None:
    request = a_request(status=status)
    tab = "set_aside" if status == Status.QUARANTINED else status.value
    page = queue_page(coordinator, tab=tab)
    assert references(page) == [request.reference]
    assert numbers(page)[str(tabs.TABS[tab].label)] == "1"
    assert sum(map(int, numbers(page).values())) == (2 if status in ("new", "contacting") else 1)


def test_of_finished_requests_no_more_are_counted_than_matters(
    coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "MAX_COUNTED", 2)
    for status in (Status.COMPLETED, Status.NEW):
        for _ in range(3):
            a_request(status=status)
    shown = numbers(queue_page(coordinator))
    assert (shown["Completed"], shown["New"]) == ("2+", "3")


# A row


def test_a_row_says_what_a_person_needs_to_choose_what_to_do(at_two: Client, user: User) -> None:
    request = a_request(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="علی خان",
        patient_age=7,
        onset=1,
        contact_method="whatsapp",
        speaks="pa",
        woman_staff=True,
        may_identify_clinic="no",
        created_at=NOW - DAY - 2 * HOUR,
    )
    set_to(request, promised_by=NOW - HOUR, assignee=user)
    assert cells(queue_page(at_two)) == {
        "Patient": "علی خان, 7 asked by Ayesha Khan (mother)",
        "About": "I am not sure",
        "Onset": "In the last 24 hours as of 3 March 2026",
        "Waiting, in clinic hours": "10 h overdue by 1 h 0 min",
        "Contact": "WhatsApp message, Punjabi Do not say who is calling female staff member",
        "Assigned to": "Sana Malik",
        "Next": "Start contacting",
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"promised_by": NOW + 2 * HOUR + timedelta(minutes=5)}, "2 h 5 min left"),
        ({"promised_by": NOW + DAY}, "8 h 0 min left"),
        ({"promised_by": NOW, "first_contact_at": NOW}, "answered in time"),
        ({"promised_by": NOW - HOUR, "first_contact_at": NOW}, "answered late"),
        ({"promised_by": None}, ""),
    ],
)
def test_the_promise_is_reckoned_in_clinic_hours(at_two: Client, fields: dict[str, Any], words: str) -> None:
    set_to(a_request(created_at=NOW), **fields)
    assert cells(queue_page(at_two))["Waiting, in clinic hours"] == f"0 min {words}".strip()


def test_without_opening_hours_the_clock_is_all_there_is(coordinator: Client) -> None:
    a_request(created_at=datetime.now(UTC) - 2 * DAY - 3 * HOUR)
    assert cells(queue_page(coordinator))["Waiting, in clinic hours"].startswith("2 days, 3 hours")


def test_the_next_step_is_to_read_or_to_call_before_the_usual_one(at_two: Client) -> None:
    request = set_to(a_request(), unread_since=NOW)
    assert cells(queue_page(at_two))["Next"] == "Read the patient’s message Start contacting"
    set_to(request, call_back_at=NOW - HOUR)
    assert cells(queue_page(at_two))["Next"] == "Read the patient’s message Call back Wed 4 Mar, 1 pm"


def test_an_erased_request_breaks_no_page_and_names_nobody(coordinator: Client) -> None:
    request = a_request(status=Status.COMPLETED)
    gone: dict[str, Any] = dict.fromkeys(("patient_name", "requester_name", "phone", "whatsapp", "email"), "")
    set_to(request, **gone, patient_age=None, erased_at=NOW)
    shown = cells(queue_page(coordinator, tab="completed"))
    assert (shown["Patient"], shown["Contact"]) == ("Erased", "")


def test_what_a_patient_wrote_is_text_and_never_markup(coordinator: Client) -> None:
    a_request(patient_name="<script>alert(1)</script>")
    assert "<script>alert(1)</script>" in cells(queue_page(coordinator))["Patient"]


# Pages, queries, roles


def test_a_list_goes_on_to_another_page_and_ends(
    coordinator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "ROWS", 2)
    monkeypatch.setattr(queue_module, "MAX_PAGES", 2)
    requests = [a_request(onset=1, created_at=NOW + number * HOUR) for number in range(5)]
    first, second = queue_page(coordinator, onset=1), queue_page(coordinator, onset=1, page=2)
    assert first.one("a", rel="next")["href"].endswith("?onset=1&page=2")
    assert references(first) + references(second) == references_of(*requests[:4])
    assert not second.all("a", rel="next")
    assert "There are more." in second.main.text
    assert not queue_page(coordinator, tab="completed").all("a", rel="next")


QUERIES: list[dict[str, str]] = [{}, {"tab": "overdue"}, {"tab": "completed"}, {"assignee": "me"}]


@pytest.fixture(scope="module")
def counted(django_db_setup: None, django_db_blocker: Any) -> list[list[int]]:
    """How many queries each of these took, among few requests and among many."""
    found = []
    with shared_world(django_db_blocker), django_db_blocker.unblock():
        user, client = staff(COORDINATOR), Client()
        client.force_login(user)
        for number in (3, 60):
            for _ in range(number):
                for status in (Status.NEW, Status.COMPLETED):
                    set_to(a_request(status=status), assignee=user, promised_by=NOW)
            found.append([_asked(client, query) for query in QUERIES])
    return found


def _asked(client: Client, query: dict[str, str]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert references(queue_page(client, **query))
    return len(queries)


@pytest.mark.parametrize("query", range(len(QUERIES)), ids=lambda number: str(QUERIES[number]))
def test_the_queue_takes_as_many_queries_for_many_requests_as_for_few(
    counted: list[list[int]], query: int
) -> None:
    few, many = counted
    assert few[query] == many[query] <= 15


def test_who_saw_whose_details_in_a_list_is_kept(coordinator: Client, user: User) -> None:
    request = a_request()
    a_request(status=Status.COMPLETED)
    queue_page(coordinator)
    assert list(Disclosure.objects.values_list("request", "kind", "actor")) == [
        (request.pk, Disclosure.Kind.LISTED, user.pk)
    ]


def test_opening_the_queue_changes_nothing_but_the_record_of_who_saw_it(coordinator: Client) -> None:
    a_request()
    with CaptureQueriesContext(connection) as queries:
        queue_page(coordinator)
    writes = [query["sql"] for query in queries if not query["sql"].startswith(("SELECT", "BEGIN", "COMMIT"))]
    assert all("disclosure" in sql or "SAVEPOINT" in sql for sql in writes)
    assert coordinator.put(reverse("desk:queue")).status_code == 405


@pytest.mark.parametrize("role", ["", EDITOR, CLINICAL_REVIEWER])
def test_only_who_works_on_requests_gets_in(client: Client, role: str) -> None:
    request = a_request()
    for address in ("desk:queue", "desk:queue_search", "desk:queue_assign"):
        assert client.post(reverse(address)).status_code in (302, 405)  # nobody is signed in
    client.force_login(staff(role))
    assert client.get(reverse("desk:queue")).status_code == 403
    assert client.post(reverse("desk:queue_search"), {"text": "khan"}).status_code == 403
    sent = {"request": f"{request.pk}-0", "to": "nobody"}
    assert client.post(reverse("desk:queue_assign"), sent).status_code == 403
    assert client.get(reverse("admin:consultations_consultationrequest_changelist")).status_code == 403
    assert not Disclosure.objects.exists()


def test_the_old_address_of_the_list_leads_to_the_queue(coordinator: Client) -> None:
    response = coordinator.get(reverse("admin:consultations_consultationrequest_changelist"))
    assert (response.status_code, response["Location"]) == (302, reverse("desk:queue"))


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "lost"},
        {"tab": ["new", "mine"]},
        {"page": "x"},
        {"page": "-1"},
        {"page": "9" * 5000},
        {"page": "۳"},
        {"onset": "soon"},
        {"assignee": "\x00"},
        {"procedure": "9" * 40},
        {"language": "😀" * 500},
        {"sent_from": "9999-12-31", "sent_to": "0001-01-01"},
        {"sent_to": "2026-02-30"},
    ],
)
def test_an_odd_address_shows_a_list_and_fails_at_nothing(coordinator: Client, query: dict[str, Any]) -> None:
    a_request()
    queue_page(coordinator, **query)


def test_the_page_has_no_script_or_style_of_its_own(coordinator: Client) -> None:
    a_request()
    for page in (queue_page(coordinator), find(coordinator, "khan")):
        assert all(script["src"] for script in page.all("script"))
        assert not [element for element in page.all() if "style" in element.attributes]
        assert with_class(page, "queue__rows")
