"""The numbers in the statistics: waiting times in clinic hours, promises, outcomes and attendance."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.clinic import business_hours
from consultations import statistics
from consultations.answers import About
from consultations.desk.statistics.tables import Period, tables_of
from consultations.models import ConsultationRequest
from consultations.statistics import Waits
from consultations.workflow import Status
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_procedure, a_request

LAHORE = ZoneInfo("Asia/Karachi")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Wednesday, 2 pm in Lahore.
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
MARCH = Period(date(2026, 3, 2), date(2026, 3, 4))


def test_percentile_is_over_all_requests() -> None:
    for requests, answered, median, ninetieth in (
        (10, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 5, 9),
        (5, (1, 2, 3, 4, 5), 3, 5),
        (10, (1, 2, 3, 4, 5), 5, None),  # a waiting request is slower than every answered one
        (11, (1, 2, 3, 4, 5), None, None),
        (5, (), None, None),
        (0, (), None, None),
    ):
        waits = Waits(requests, tuple(hours * HOUR for hours in answered))
        assert (waits.hours_for(50), waits.hours_for(90)) == (median, ninetieth), waits


@given(st.lists(st.integers(0, 100), max_size=60), st.integers(0, 20), st.integers(1, 100))
def test_percentile_covers_its_share_of_requests(answered: list[int], waiting: int, percent: int) -> None:
    waits = Waits(len(answered) + waiting, tuple(sorted(hours * HOUR for hours in answered)))
    hours = waits.hours_for(percent)
    if hours is not None:
        assert 100 * sum(one <= hours for one in answered) >= percent * waits.requests
    elif waits.requests:
        assert 100 * len(answered) < percent * waits.requests


def sent(at: datetime, *, status: Status = Status.NEW, **fields: Any) -> ConsultationRequest:
    """A request in a status, with ``fields`` such as ``source_page`` and the desk's times."""
    choice = {name: fields.pop(name) for name in ("about", "procedure", "procedure_name") if name in fields}
    request = a_request(created_at=at, status=status, **choice)
    ConsultationRequest.objects.filter(pk=request.pk).update(**fields)
    return request


def rows(name: str, period: Period = MARCH, now: datetime = NOW) -> dict[str, list[str]]:
    """The rows of a table, by their headings."""
    (table,) = (table for table in tables_of(period, now) if table.name == name)
    return {heading: list(cells) for heading, *cells in table.rows}


@pytest.mark.django_db
def test_waits_are_in_clinic_hours_or_by_the_clock() -> None:
    evening = datetime(2026, 3, 1, 16, tzinfo=LAHORE)  # Sunday; an hour is left of the day
    sent(evening, first_contact_at=evening + DAY)  # and seven hours on Monday
    sent(evening)
    assert statistics.waits_of(statistics.counted(), business_hours.load()) == Waits(2, (DAY,))
    open_every_day()
    assert statistics.waits_of(statistics.counted(), business_hours.load()) == Waits(2, (8 * HOUR,))


@pytest.mark.django_db
def test_requests_count_in_their_week_at_the_clinic() -> None:
    monday = date(2026, 1, 5)
    sent(datetime.combine(monday, time(), LAHORE), source_page="/procedures/nerve-repair/")
    sent(datetime.combine(monday + 6 * DAY, time(23, 59, 59, 999000), LAHORE))
    sent(datetime.combine(monday + 7 * DAY, time(), LAHORE), source_page="/procedures/nerve-repair/")
    assert list(rows("weeks", Period(monday + 2 * DAY, monday + 7 * DAY))) == ["5 Jan 2026", "12 Jan 2026"]
    period = Period(monday, monday + 7 * DAY)
    assert rows("weeks", period) == {"5 Jan 2026": ["2"], "12 Jan 2026": ["1"]}
    assert rows("pages", period) == {
        "/procedures/nerve-repair/": ["2", "66%", "1.8"],
        "Not known": ["1", "33%", "0.9"],
    }
    assert rows("pages-weeks", period) == {"5 Jan 2026": ["1", "1"], "12 Jan 2026": ["1", "0"]}


@pytest.mark.django_db
def test_spam_is_not_counted_and_erased_requests_are() -> None:
    sent(NOW, status=Status.QUARANTINED)
    sent(NOW, status=Status.WITHDRAWN, erased_at=NOW, patient_name="", phone="", first_contact_at=NOW)
    assert rows("first-contact")["Requests sent"] == ["1"]
    assert rows("outcomes")["Withdrawn"] == ["1", "100%"]


@pytest.mark.django_db
def test_period_includes_both_ends() -> None:
    for at in (MARCH.start - timedelta(microseconds=1), MARCH.end):
        sent(at)
    for at in (MARCH.start, MARCH.end - timedelta(microseconds=1)):
        sent(at)
    assert rows("first-contact")["Requests sent"] == ["2"]


@pytest.mark.django_db
def test_promise_is_kept_broken_ahead_or_ended() -> None:
    before, after = NOW - HOUR, NOW + HOUR
    sent(NOW - DAY, promised_by=before, first_contact_at=before)  # on the dot: kept
    sent(NOW - DAY, promised_by=before, first_contact_at=before + timedelta(seconds=1))  # late
    sent(NOW - DAY, promised_by=before)  # overdue
    sent(NOW - DAY, promised_by=after)  # has time
    withdrawn = {"status": Status.WITHDRAWN, "promised_by": before}
    sent(NOW - DAY, **withdrawn, status_changed_at=before - HOUR)  # ended before
    sent(NOW - DAY, **withdrawn, status_changed_at=NOW)  # waited for nothing
    sent(NOW - DAY)  # nothing was promised
    assert list(rows("promise").values()) == [["1 (25%)"], ["3 (75%)"], ["1"], ["1"], ["1"]]


@pytest.mark.django_db
def test_renamed_procedure_is_one_part_and_the_rest_is_one_number() -> None:
    procedure = a_procedure()
    for name in ("Lymph Repair", "Lymph Vessel Repair"):
        sent(NOW, about=About.PROCEDURE, procedure=procedure, procedure_name=name)
    for number in range(11):
        sent(NOW, about=About.PROCEDURE, procedure_name=f"Former {number:02}")
    parts = rows("procedures")
    assert [cells[0] for cells in parts.values()] == ["2", *["1"] * 9, "2"]
    first, *others = parts
    assert first in ("Lymph Repair", "Lymph Vessel Repair")
    assert others == [*(f"Former {number:02}" for number in range(9)), "All others"]
    assert rows("procedures-weeks") == {"2 Mar 2026": ["2", *["1"] * 9, "2"]}


@pytest.mark.django_db
def test_attendance_counts_attended_and_missed() -> None:
    states = ("attended", "attended", "missed", "canceled", "agreed")
    for number, state in enumerate((*states, "missed")):
        starts_at = NOW - number * HOUR if number < len(states) else NOW - 30 * DAY
        an_appointment(sent(NOW), starts_at=starts_at, ends_at=starts_at + HOUR, state=state)
    assert rows("attendance") == {"Took place": ["2 (66%)"], "Did not attend": ["1 (33%)"]}


@pytest.mark.django_db
def test_statistics_without_requests() -> None:
    assert rows("procedures") == rows("pages") == {}
    assert rows("hours") == {"2 Mar 2026": ["–", "–"]}
    assert list(rows("promise").values()) == [["0"]] * 5
    assert {cells[-1] for cells in rows("outcomes").values()} == {"–"}
