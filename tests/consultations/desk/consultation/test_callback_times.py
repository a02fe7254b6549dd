"""Suggested times to call back: within opening hours, soonest first."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clinic_site.clinic.business_hours import BusinessHours
from consultations.desk.consultation.callback_times import suggested_callback_times
from consultations.lifecycle.booking import next_morning

# Monday to Friday, 9 to 17, in the time of Lahore (five hours ahead of UTC).
WEEK = BusinessHours(tuple((day, time(9), time(17)) for day in range(5)))


def lahore(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=5)


def labels(now: datetime, hours: BusinessHours = WEEK) -> list[str]:
    return [label for _at, label in suggested_callback_times(now, hours)]


def test_labels() -> None:
    later = ["Tomorrow morning, 9 am", "Tomorrow afternoon, 3 pm", "Wednesday 25 November, 9 am"]
    assert labels(lahore(23, 10, 2)) == ["In 1 hour, 11:05 am", "In 3 hours, 1:05 pm", *later]
    assert labels(lahore(23, 16, 30)) == later
    over_weekend = ["Monday 30 November, 9 am", "Monday 30 November, 3 pm", "Tuesday 1 December, 9 am"]
    assert labels(lahore(27, 20)) == over_weekend
    evenings = BusinessHours(tuple((day, time(18), time(22)) for day in range(5)))
    assert labels(lahore(23, 12), evenings) == ["Tomorrow afternoon, 6 pm", "Wednesday 25 November, 6 pm"]
    closed = BusinessHours(WEEK.sessions, ((date(2026, 11, 24), date(2026, 11, 29)),))
    assert labels(lahore(23, 16), closed)[0] == "Monday 30 November, 9 am"
    assert labels(lahore(23, 10), BusinessHours(())) == []


def test_next_morning_is_the_next_opening_or_nine() -> None:
    for now, again in (
        (lahore(23, 10), lahore(24, 9)),
        (lahore(23, 23), lahore(24, 9)),
        (lahore(27, 16), lahore(30, 9)),
    ):
        assert next_morning(now, WEEK) == again
    assert next_morning(lahore(23, 10), BusinessHours(())) == lahore(24, 9)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_times_are_future_opening_times_in_order(now: datetime) -> None:
    times = [at for at, _label in suggested_callback_times(now, WEEK)]
    assert times
    assert all(at > now and WEEK.next_opening(at) == at for at in times)
    assert all(one < other for one, other in pairwise(times))
