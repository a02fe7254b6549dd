"""Business hours: properties for any opening hours, and examples counted by hand."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours

KARACHI = ZoneInfo("Asia/Karachi")
MINUTE = timedelta(minutes=1)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A local time in November 2026. The 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=KARACHI)


def every_day(*sessions: tuple[int, int], days: range = range(5)) -> BusinessHours:
    return BusinessHours(
        tuple((day, time(opens), time(closes)) for day in days for opens, closes in sessions)
    )


WEEKDAYS = every_day((10, 14), (17, 20))


# Counted by hand


def test_several_sessions_a_day() -> None:
    assert WEEKDAYS.open_intervals(at(23, 12), at(24, 11)) == [
        (at(23, 12), at(23, 14)),
        (at(23, 17), at(23, 20)),
        (at(24, 10), at(24, 11)),
    ]


def test_adding_skips_pause_night_and_weekend() -> None:
    for start, hours, end in (
        (at(23, 13), 2, at(23, 18)),
        (at(23, 19), 2, at(24, 11)),
        (at(27, 19), 2, at(30, 11)),
        (at(28), 1, at(30, 11)),
        (at(23, 10), 4, at(23, 14)),  # ends with the session
        (at(23), 400 * 24, None),  # more than a year
    ):
        assert WEEKDAYS.add_clinic_time(start, timedelta(hours=hours)) == end
    with pytest.raises(ValueError, match="forward"):
        WEEKDAYS.add_clinic_time(at(23), -MINUTE)
    assert WEEKDAYS.clinic_time_between(at(24), at(23)) == timedelta(0)


def test_next_opening() -> None:
    for moment, opening in ((at(23, 12), at(23, 12)), (at(23, 14), at(23, 17)), (at(27, 20), at(30, 10))):
        assert WEEKDAYS.next_opening(moment) == opening


def test_sessions_are_local_times() -> None:
    early = every_day((0, 1))
    assert early.next_opening(datetime(2026, 11, 22, 18, tzinfo=UTC)) == at(23)
    assert early.clinic_time_between(
        datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    ) == timedelta(hours=1)


def test_session_past_midnight_belongs_to_the_day_it_begins() -> None:
    to_midnight, past_midnight = every_day((20, 0), days=range(1)), every_day((21, 1), days=range(1))
    assert to_midnight.open_intervals(at(23), at(25)) == [(at(23, 20), at(24))]
    assert past_midnight.open_intervals(at(24), at(25)) == [(at(24), at(24, 1))]
    assert past_midnight.next_opening(at(24, 0, 30)) == at(24, 0, 30)
    assert past_midnight.add_clinic_time(at(23, 23), timedelta(hours=2)) == at(24, 1)
    assert past_midnight.add_clinic_time(at(24, 0, 30), timedelta(hours=1)) == at(30, 21, 30)
    for closed_on, hours_open in ((23, 0), (24, 4)):
        day = date(2026, 11, closed_on)
        hours = BusinessHours(past_midnight.sessions, ((day, day),))
        assert hours.clinic_time_between(at(23), at(25)) == timedelta(hours=hours_open)
    joined = BusinessHours((*past_midnight.sessions, (1, time(0, 30), time(3))))
    assert joined.open_intervals(at(23), at(25)) == [(at(23, 21), at(24, 3))]


def test_overlapping_sessions_count_once() -> None:
    assert every_day((10, 14), (12, 16)).clinic_time_between(at(23), at(24)) == timedelta(hours=6)


def test_clinic_that_never_opens() -> None:
    for closures in (((date(2026, 1, 1), date(2028, 1, 1)),), ((date.min, date.max),), None):
        hours = BusinessHours(WEEKDAYS.sessions, closures) if closures else BusinessHours(())
        assert hours.next_opening(at(23)) is None
        assert hours.add_clinic_time(at(23), MINUTE) is None
        assert hours.clinic_time_between(at(23), at(30)) == timedelta(0)


# Properties

minutes = st.integers(0, 24 * 60 - 1)
sessions = st.lists(
    st.tuples(st.integers(0, 6), minutes, minutes)
    .filter(lambda session: session[1] != session[2])
    .map(lambda s: (s[0], time(*divmod(s[1], 60)), time(*divmod(s[2], 60)))),
    max_size=12,
).map(tuple)
days = st.dates(date(2026, 11, 1), date(2027, 1, 31))
closures = st.lists(st.tuples(days, days).map(lambda pair: tuple(sorted(pair))), max_size=3).map(tuple)
any_hours = st.builds(BusinessHours, sessions, closures)
moments = st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 15), timezones=st.just(UTC))
durations = st.timedeltas(timedelta(0), timedelta(hours=60))


@given(any_hours, moments, durations)
def test_between_inverts_add(hours: BusinessHours, start: datetime, duration: timedelta) -> None:
    end = hours.add_clinic_time(start, duration)
    if end is not None:
        assert end >= start
        assert hours.clinic_time_between(start, end) == duration


@given(any_hours, moments, moments)
def test_add_inverts_between(hours: BusinessHours, start: datetime, end: datetime) -> None:
    start, end = sorted((start, end))
    counted = hours.clinic_time_between(start, end)
    again = hours.add_clinic_time(start, counted)
    assert again is not None
    assert again <= end
    assert not hours.clinic_time_between(again, end)


@given(any_hours, moments, moments, moments)
def test_between_is_additive(hours: BusinessHours, a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))
    between = hours.clinic_time_between
    assert between(a, b) + between(b, c) == between(a, c) <= c - a


@given(any_hours, moments)
def test_next_opening_is_the_first_open_moment(hours: BusinessHours, moment: datetime) -> None:
    opening = hours.next_opening(moment)
    if opening is not None:
        assert hours.clinic_time_between(opening, opening + timedelta(seconds=1))
        assert not hours.clinic_time_between(moment, opening)


# Loading


@pytest.mark.django_db
def test_load_counts_expected_closures_in_two_queries(django_assert_num_queries: Any) -> None:
    OpeningHours.objects.create(weekday=0, opens=time(10), closes=time(14))
    OpeningHours.objects.create(weekday=1, opens=time(10), closes=time(14))
    Closure.objects.create(
        name="Eid", starts_on=date(2026, 11, 23), ends_on=date(2026, 11, 23), certainty="expected"
    )
    with django_assert_num_queries(2):
        hours = business_hours.load()
    with django_assert_num_queries(0):
        assert hours.next_opening(at(23)) == at(24, 10)


# The promise


@pytest.fixture
def clinic(db: None) -> ClinicProfile:
    for weekday, opens, closes in WEEKDAYS.sessions:
        OpeningHours.objects.create(weekday=weekday, opens=opens, closes=closes)
    return ClinicProfile.objects.create(name="A Clinic", answer_within_hours=4)


PROMISES = [
    (at(23, 9), at(23, 9), "by 2 pm today, Monday 23 November"),
    (at(23, 12), at(23, 12), "by 7 pm today, Monday 23 November"),
    (at(23, 12, 20), at(23, 12, 20), "by 8 pm today, Monday 23 November"),
    (at(23, 18), at(23, 18), "by noon tomorrow, Tuesday 24 November"),
    (at(23, 18), at(24, 8), "by noon today, Tuesday 24 November"),
    (at(27, 19), at(27, 19), "by 1 pm on Monday 30 November"),
    (at(27, 19), at(29, 23), "by 1 pm tomorrow, Monday 30 November"),
    (at(23, 18), at(25, 8), "by noon on Tuesday 24 November"),
    (datetime(2026, 12, 31, 19, 30, tzinfo=KARACHI), at(23), "by 2 pm on Friday 1 January 2027"),
]


def test_promise_is_a_day_and_a_time(clinic: ClinicProfile) -> None:
    for sent, now, sentence in PROMISES:
        assert business_hours.promise_sentence(sent, now=now) == sentence


def test_promise_never_passes_the_end_of_a_session(clinic: ClinicProfile) -> None:
    OpeningHours.objects.filter(opens=time(10)).update(closes=time(13, 30))
    assert business_hours.promised_by(at(23, 18, 15), clinic=clinic) == at(24, 13)
    assert business_hours.promised_by(at(23, 17, 40), clinic=clinic) == at(24, 12)
    clinic.answer_within_hours = 3
    assert business_hours.promised_by(at(23, 10, 10), clinic=clinic) == at(23, 13, 30)
    assert business_hours.promise_sentence(at(23, 10, 10), clinic=clinic, now=at(23)).startswith("by 1:30 pm")


def test_promise_falls_back_to_the_text_of_staff(db: None) -> None:
    assert business_hours.promise_sentence(at(23)) == ""
    clinic = ClinicProfile.objects.create(name="A Clinic", answer_promise="within a week")
    assert business_hours.promise_sentence(at(23)) == "within a week"
    assert business_hours.promised_by(at(23)) is None
    clinic.answer_within_hours = 8
    assert business_hours.promise_sentence(at(23), clinic=clinic) == "", "there are no opening hours"


def test_promise_needs_at_most_three_queries(clinic: ClinicProfile, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        business_hours.promise_sentence(at(23))
    hours = business_hours.load()
    with django_assert_num_queries(0):
        business_hours.promise_sentence(at(23), clinic=clinic, hours=hours)
