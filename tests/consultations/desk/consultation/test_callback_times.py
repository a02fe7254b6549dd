"""The times to call back that are ready to press: when the clinic is open, soonest first."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.clinic.business_hours import BusinessHours
from consultations.desk.consultation.callback_times import suggested_callback_times
from consultations.lifecycle.booking import next_morning

# Monday to Friday, 9 to 17, by the clock of Lahore (five hours ahead of UTC).
WEEK = BusinessHours(tuple((day, time(9), time(17)) for day in range(5)))


def lahore(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=5)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (
            lahore(23, 10, 2),
            [
                "In 1 hour, 11:05 am",
                "In 3 hours, 1:05 pm",
                "Tomorrow morning, 9 am",
                "Tomorrow afternoon, 3 pm",
                "Wednesday 25 November, 9 am",
            ],
        ),
        (
            lahore(23, 16, 30),
            ["Tomorrow morning, 9 am", "Tomorrow afternoon, 3 pm", "Wednesday 25 November, 9 am"],
        ),
        (
            lahore(27, 20),
            ["Monday 30 November, 9 am", "Monday 30 November, 3 pm", "Tuesday 1 December, 9 am"],
        ),
    ],
)
def test_they_are_named_as_people_say_them(now: datetime, words: list[str]) -> None:
    assert [suggested.label for suggested in suggested_callback_times(now, WEEK)] == words


def test_a_closure_is_passed_over() -> None:
    hours = BusinessHours(WEEK.sessions, ((date(2026, 11, 24), date(2026, 11, 29)),))
    words = [suggested.label for suggested in suggested_callback_times(lahore(23, 16), hours)]
    assert words[0] == "Monday 30 November, 9 am"


def test_a_clinic_without_hours_has_none_ready() -> None:
    assert suggested_callback_times(lahore(23, 10), BusinessHours(())) == []


@pytest.mark.parametrize(
    ("now", "again"),
    [(lahore(23, 10), lahore(24, 9)), (lahore(23, 23), lahore(24, 9)), (lahore(27, 16), lahore(30, 9))],
)
def test_where_nobody_said_when_it_is_the_next_morning(now: datetime, again: datetime) -> None:
    assert next_morning(now, WEEK) == again


def test_without_hours_the_next_morning_is_at_nine() -> None:
    assert next_morning(lahore(23, 10), BusinessHours(())) == lahore(24, 9)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_each_is_to_come_within_opening_hours_and_there_once(now: datetime) -> None:
    times = [suggested.at for suggested in suggested_callback_times(now, WEEK)]
    assert times
    assert all(at > now and WEEK.next_opening(at) == at for at in times)
    assert all(one < other for one, other in pairwise(times))
