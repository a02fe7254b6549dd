"""The queue: which requests each tab shows, in which order, and what a row says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations import workflow
from consultations.desk.queue import tabs
from consultations.desk.queue import views as queue_module
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import (
    as_erased,
    cells,
    column,
    find,
    numbers,
    queue_page,
    references,
    references_of,
    rows,
    set_to,
)
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, a_reviewer, staff

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday, 2 pm in Lahore
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFERED, AGREED = Appointment.State.OFFERED, Appointment.State.AGREED


def with_time(
    state: Appointment.State, starts_at: datetime, *, is_informed: bool = True, **fields: Any
) -> ConsultationRequest:
    """A request with an appointment and, unless said otherwise, with its first answer given."""
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


# Order and tabs


def test_waiting_shows_recent_onsets_first_then_longest_wait(at_two: Client) -> None:
    years = a_request(onset=6, created_at=NOW - 9 * DAY)
    week_late = a_request(onset=2, created_at=NOW - HOUR)
    week_early = a_request(onset=2, created_at=NOW - 3 * HOUR, status=Status.CONTACTING)
    today = a_request(onset=1, created_at=NOW)
    not_sure = a_request(onset=3, created_at=NOW)
    a_request(onset=1, status=Status.CONFIRMED)
    a_request(onset=1, status=Status.QUARANTINED)
    assert references(queue_page(at_two)) == references_of(today, week_early, week_late, not_sure, years)


def test_onset_counts_from_the_day_of_sending(at_two: Client, user: User) -> None:
    month_ago = a_request(onset=1, created_at=NOW - 35 * DAY)
    month = a_request(onset=4, created_at=NOW - DAY)
    not_sure_long_ago = a_request(onset=3, created_at=NOW - 8 * DAY)
    week = a_request(onset=2, created_at=NOW - HOUR)
    yesterday = a_request(onset=1, created_at=NOW - DAY)
    today = a_request(onset=1, created_at=NOW - HOUR)
    ConsultationRequest.objects.update(assignee=user)
    for tab in ("waiting", "new", "mine"):
        page = queue_page(at_two, tab=tab)
        wanted = references_of(today, yesterday, week, not_sure_long_ago, month, month_ago)
        assert references(page) == wanted, tab
    onsets = [row.one("td", data_label="Onset") for row in rows(page)]
    assert [(cell.text, bool(cell.all("strong"))) for cell in onsets] == [
        ("In the last 24 hours", True),
        ("In the last 24 hours as of Tue 3 Mar 2026", True),
        ("1 to 7 days ago", True),
        ("I’m not sure", False),
        ("1 to 4 weeks ago", False),
        ("In the last 24 hours as of Wed 28 Jan 2026", False),
    ]


def test_overdue_and_due_today_follow_the_earliest_deadline(at_two: Client) -> None:
    midnight = datetime(2026, 3, 4, 19, tzinfo=UTC)
    reached = {"promised_by": NOW - DAY, "first_contact_at": NOW - 2 * DAY}
    promised = set_to(a_request(), promised_by=NOW - HOUR)
    set_to(a_request(), promised_by=NOW - HOUR, first_contact_at=NOW - 2 * HOUR)
    set_to(a_request(status=Status.DECLINED), promised_by=NOW - HOUR)
    calls = [
        set_to(a_request(status=status), **reached, call_back_at=NOW - (number + 2) * HOUR)
        for number, status in enumerate(sorted(workflow.OPEN))
    ]
    tonight = set_to(a_request(), promised_by=None, call_back_at=midnight)
    set_to(a_request(), promised_by=midnight + HOUR)
    # A past appointment is due until its outcome is recorded.
    ended = with_time(AGREED, NOW - 2 * DAY)
    unanswered = with_time(OFFERED, NOW - 9 * DAY)
    an_appointment(unanswered, starts_at=NOW - 20 * DAY, ends_at=NOW - 19 * DAY, state="canceled")
    with_time(OFFERED, NOW + HOUR), with_time(AGREED, NOW + HOUR)
    with_time(AGREED, NOW)  # has begun, and has not ended
    with_time(OFFERED, NOW - DAY, call_back_at=NOW + DAY)  # called about it, without an answer
    overdue = references_of(unanswered, ended, *reversed(calls), promised)
    page = queue_page(at_two, tab="overdue")
    assert references(page) == overdue
    assert references(queue_page(at_two, tab="today")) == [*overdue, tonight.reference]
    assert numbers(page)["Overdue"] == str(len(overdue))
    assert numbers(page)["Due today"] == str(len(overdue) + 1)


def test_unannounced_offer_keeps_the_promise(at_two: Client) -> None:
    uninformed = with_time(OFFERED, NOW + DAY, promised_by=NOW - HOUR, first_contact_at=None)
    with_time(AGREED, NOW + DAY, promised_by=NOW - HOUR, first_contact_at=None)
    page = queue_page(at_two, tab="overdue")
    assert references(page) == [uninformed.reference]
    assert "overdue by 1 h" in cells(page)["Waiting, in clinic hours"]


def test_mine_shows_my_open_requests_waiting_ones_first(coordinator: Client, user: User) -> None:
    agreed = set_to(a_request(onset=1, status=Status.CONFIRMED), assignee=user)
    new = set_to(a_request(onset=6), assignee=user)
    set_to(a_request(status=Status.COMPLETED), assignee=user)
    set_to(a_request(), assignee=staff(COORDINATOR, email="other@clinic.example"))
    a_request()
    assert references(queue_page(coordinator, tab="mine")) == references_of(new, agreed)


def test_unread_shows_any_status_oldest_first(coordinator: Client) -> None:
    closed = set_to(a_request(status=Status.COMPLETED), unread_since=NOW)
    earlier = set_to(a_request(), unread_since=NOW - HOUR)
    a_request()
    assert references(queue_page(coordinator, tab="wrote")) == references_of(earlier, closed)


def test_each_status_has_a_tab_with_its_number(coordinator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in Status:
        request = a_request(status=status)
        tab = "set_aside" if status == Status.QUARANTINED else status.value
        page = queue_page(coordinator, tab=tab)
        assert references(page) == [request.reference], tab
        assert numbers(page)[str(tabs.TABS[tab].label)] == "1", tab
    assert sum(map(int, numbers(page).values())) == len(Status) + 2  # two of them are waiting, too
    # Finished requests are counted up to a limit.
    monkeypatch.setattr(tabs, "MAX_COUNTED", 2)
    for status in (Status.COMPLETED, Status.NEW):
        a_request(status=status), a_request(status=status)
    shown = numbers(queue_page(coordinator))
    assert (shown["Completed"], shown["New"]) == ("2+", "3")


# A row


def test_row_shows_what_staff_need_to_choose(at_two: Client, user: User) -> None:
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
        "About": "I’m not sure",
        "Onset": "In the last 24 hours as of Tue 3 Mar 2026",
        "Waiting, in clinic hours": "10 h overdue by 1 h",
        "Contact": "WhatsApp only, Punjabi Do not say who is calling female staff member",
        "Assigned to": "coordinator@clinic.example",
        "Next": "Start contacting",
    }
    set_to(request, speaks="other", speaks_other="Pashto", may_identify_clinic="yes", woman_staff=False)
    assert cells(queue_page(at_two))["Contact"] == "WhatsApp only, Pashto"
    set_to(request, unread_since=NOW)
    assert cells(queue_page(at_two))["Next"] == "Read the new message Start contacting"
    set_to(request, call_back_at=NOW - HOUR)
    assert cells(queue_page(at_two))["Next"] == "Read the new message Call back Wed 4 Mar, 1 pm"


def test_next_step_of_an_appointment(at_two: Client) -> None:
    cases: list[tuple[Appointment.State, datetime, dict[str, Any], str]] = [
        (AGREED, NOW - DAY, {}, "Record attendance"),
        (AGREED, NOW, {}, "Record attendance"),
        (AGREED, NOW + HOUR, {}, "Appointment Wed 4 Mar, 3 pm"),
        (AGREED, NOW - DAY, {"call_back_at": NOW + DAY}, "Call back Thu 5 Mar, 2 pm Record attendance"),
        (OFFERED, NOW - DAY, {}, "No answer to the offered time: call"),
        (OFFERED, NOW + HOUR, {}, "Waiting for an answer: Wed 4 Mar, 3 pm"),
        (OFFERED, NOW + HOUR, {"is_informed": False}, "Not told about the offered time yet: call"),
        (OFFERED, NOW - DAY, {"call_back_at": NOW + DAY}, "Call back Thu 5 Mar, 2 pm"),
    ]
    wanted = {with_time(state, at, **fields).reference: words for state, at, fields, words in cases}
    shown = [column(queue_page(at_two, tab=tab), "Next") for tab in ("confirmed", "proposed")]
    assert shown[0] | shown[1] == wanted


def test_promise_is_shown_in_clinic_hours(at_two: Client) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"promised_by": NOW + 2 * HOUR + timedelta(minutes=5)}, "0 min 2 h 5 min left"),
        ({"promised_by": NOW + DAY}, "0 min 8 h left"),
        ({"promised_by": NOW, "first_contact_at": NOW}, "0 min answered in time"),
        ({"promised_by": NOW - HOUR, "first_contact_at": NOW}, "0 min answered late"),
        ({"promised_by": None}, "0 min"),
    ]
    wanted = {set_to(a_request(created_at=NOW), **fields).reference: words for fields, words in cases}
    assert column(queue_page(at_two), "Waiting, in clinic hours") == wanted


def test_waiting_time_without_opening_hours_is_clock_time(coordinator: Client) -> None:
    a_request(created_at=datetime.now(UTC) - 2 * DAY - 3 * HOUR)
    assert cells(queue_page(coordinator))["Waiting, in clinic hours"].startswith("2 days, 3 hours")


def test_erased_request_names_nobody_and_markup_is_escaped(coordinator: Client) -> None:
    as_erased(a_request(status=Status.COMPLETED))
    shown = cells(queue_page(coordinator, tab="completed"))
    assert (shown["Patient"], shown["Contact"]) == ("Erased", "")
    a_request(patient_name="<script>alert(1)</script>")
    assert "<script>alert(1)</script>" in cells(queue_page(coordinator))["Patient"]


# Pages, queries, roles


def test_list_is_paged_and_cut_off(coordinator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "ROWS", 2)
    monkeypatch.setattr(queue_module, "MAX_LISTED", 4)
    requests = [a_request(onset=1, created_at=NOW + number * HOUR) for number in range(5)]
    first, second = queue_page(coordinator, onset=1), queue_page(coordinator, onset=1, page=2)
    assert first.one("a", rel="next")["href"] == "?onset=1&page=2"
    assert second.one("a", rel="prev")["href"] == "?onset=1&page=1"
    assert references(first) + references(second) == references_of(*requests[:4])
    assert not second.all("a", rel="next")
    assert "There are more." in second.main.text and "There are more." not in first.main.text
    assert not queue_page(coordinator, tab="completed").all("a", rel="next")


def test_opening_the_queue_writes_only_who_saw_whom(coordinator: Client, user: User) -> None:
    request = a_request()
    a_request(status=Status.COMPLETED)
    with CaptureQueriesContext(connection) as queries:
        queue_page(coordinator)
    statements = [query["sql"].lstrip("(") for query in queries]
    # PostgreSQL reads the choices of a form with a cursor.
    writes = [sql for sql in statements if not sql.startswith(("SELECT", "DECLARE", "BEGIN", "COMMIT"))]
    assert [sql for sql in writes if "disclosure" not in sql and "SAVEPOINT" not in sql] == []
    assert list(Disclosure.objects.values_list("request", "kind", "actor")) == [
        (request.pk, Disclosure.Kind.LISTED, user.pk)
    ]
    assert coordinator.put(reverse("desk:queue")).status_code == 405


def test_odd_addresses_show_a_list(coordinator: Client) -> None:
    a_request()
    queries: list[dict[str, Any]] = [
        {"tab": "lost"},
        {"tab": ["new", "mine"]},
        {"page": "x"},
        {"page": "-1"},
        {"page": "9" * 5000},
        {"page": "۳"},
        {"onset": "soon"},
        {"assignee": "\x00"},
        {"procedure": "9" * 40},
        {"procedure": "\x00"},
        {"language": "😀" * 500},
        {"sent_from": "9999-12-31", "sent_to": "0001-01-01"},
        {"sent_to": "2026-02-30"},
    ]
    for query in queries:
        queue_page(coordinator, **query)


def test_pages_have_no_inline_script_or_style(coordinator: Client) -> None:
    a_request()
    for page in (queue_page(coordinator), find(coordinator, "khan")):
        assert all(script["src"] for script in page.all("script"))
        assert not [element for element in page.all() if "style" in element.attributes]
        assert page.by_class("queue__rows")
