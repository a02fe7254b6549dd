"""Statistics of requests: waiting times in clinic hours, promises, outcomes and attendance."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.clinic.models import OpeningHours
from consultations import statistics
from consultations.answers import About
from consultations.models import Appointment, ConsultationRequest
from consultations.statistics import Period, Waits
from consultations.workflow import Status
from tests.factories import a_procedure, a_request, a_reviewer, staff

LAHORE = ZoneInfo("Asia/Karachi")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Wednesday, 2 pm in Lahore.
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
MARCH = Period(date(2026, 3, 2), date(2026, 3, 4))


@pytest.mark.parametrize(
    ("requests", "answered", "median", "ninetieth"),
    [
        (10, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 5, 9),
        (5, (1, 2, 3, 4, 5), 3, 5),
        (10, (1, 2, 3, 4, 5), 5, None),  # who waits is slower than everybody who was answered
        (11, (1, 2, 3, 4, 5), None, None),
        (5, (), None, None),
        (0, (), None, None),
    ],
)
def test_percentile_is_over_all_requests(
    requests: int, answered: tuple[int, ...], median: float | None, ninetieth: float | None
) -> None:
    waits = Waits(requests, tuple(hours * HOUR for hours in answered))
    assert (waits.hours_for(50), waits.hours_for(90)) == (median, ninetieth)


@given(st.lists(st.integers(0, 100), max_size=60), st.integers(0, 20), st.integers(1, 100))
def test_percentile_covers_its_share_of_requests(answered: list[int], waiting: int, percent: int) -> None:
    waits = Waits(len(answered) + waiting, tuple(sorted(hours * HOUR for hours in answered)))
    hours = waits.hours_for(percent)
    if hours is not None:
        assert 100 * sum(one <= hours for one in answered) >= percent * waits.requests
    elif waits.requests:
        assert 100 * len(answered) < percent * waits.requests


def test_weeks_begin_on_monday_at_the_clinic() -> None:
    period = Period(date(2026, 3, 4), date(2026, 3, 16))
    assert period.mondays == (date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16))
    assert period.start == datetime(2026, 3, 4, tzinfo=LAHORE)
    assert period.end == datetime(2026, 3, 17, tzinfo=LAHORE)


def sent(at: datetime, *, status: Status = Status.NEW, **fields: Any) -> ConsultationRequest:
    """A request as it stands, ``source_page`` and the desk's times among the fields."""
    choice = {name: fields.pop(name) for name in ("about", "procedure", "procedure_name") if name in fields}
    request = a_request(created_at=at, status=status, **choice)
    ConsultationRequest.objects.filter(pk=request.pk).update(**fields)
    return request


@pytest.fixture
def open_by_day(db: None) -> None:
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="09:00", closes="17:00")


@pytest.mark.django_db
def test_without_opening_hours_waits_are_by_the_clock() -> None:
    sent(NOW, first_contact_at=NOW + DAY)
    assert statistics.statistics_of(MARCH, NOW + DAY).waits.answered == (DAY,)


@pytest.mark.usefixtures("open_by_day")
def test_waits_are_in_clinic_hours_by_week_of_request() -> None:
    evening = datetime(2026, 3, 1, 16, tzinfo=LAHORE)  # Sunday; an hour is left of the day
    sent(evening, first_contact_at=evening + DAY)  # and seven hours on Monday
    sent(datetime(2026, 3, 2, 0, 30, tzinfo=LAHORE))
    found = statistics.statistics_of(Period(date(2026, 3, 1), date(2026, 3, 4)), NOW)
    eight_hours = (8 * HOUR,)
    assert [(week.requests, week.answered) for week in found.weeks] == [(1, eight_hours), (1, ())]
    assert (found.waits.requests, found.waits.answered) == (2, eight_hours)


@pytest.mark.django_db
def test_first_and_last_moment_of_a_week_are_in_that_week() -> None:
    monday = date(2026, 1, 5)
    sent(datetime.combine(monday, time(), LAHORE))
    sent(datetime.combine(monday + 6 * DAY, time(23, 59, 59, 999000), LAHORE))
    found = statistics.statistics_of(Period(monday, monday + statistics.WEEK), NOW)
    assert [week.requests for week in found.weeks] == [2, 0]


@pytest.mark.django_db
def test_spam_is_not_counted_and_erased_requests_are() -> None:
    sent(NOW, status=Status.QUARANTINED)
    sent(NOW, status=Status.WITHDRAWN, erased_at=NOW, patient_name="", phone="", first_contact_at=NOW)
    found = statistics.statistics_of(MARCH, NOW)
    assert found.waits.requests == 1
    assert found.statuses == {Status.WITHDRAWN: 1}


@pytest.mark.django_db
def test_period_includes_both_ends() -> None:
    for at in (MARCH.start - timedelta(microseconds=1), MARCH.end):
        sent(at)
    for at in (MARCH.start, MARCH.end - timedelta(microseconds=1)):
        sent(at)
    assert statistics.statistics_of(MARCH, NOW).waits.requests == 2


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
    assert statistics.statistics_of(MARCH, NOW).promise == statistics.Promise(
        kept=1, broken=3, ahead=1, ended=1
    )


@pytest.mark.django_db
def test_renamed_procedure_is_one_part_and_the_rest_is_one_number() -> None:
    procedure = a_procedure()
    for name in ("Lymph Repair", "Lymph Vessel Repair"):
        sent(NOW, about=About.PROCEDURE, procedure=procedure, procedure_name=name)
    for number in range(11):
        sent(NOW, about=About.PROCEDURE, procedure_name=f"Former {number:02}")
    parts = statistics.statistics_of(MARCH, NOW).procedures
    assert [part.requests for part in parts] == [2, *[1] * 9, 2]
    assert parts[0].name in ("Lymph Repair", "Lymph Vessel Repair")
    assert [part.name for part in parts[1:]] == [*(f"Former {number:02}" for number in range(9)), None]
    assert sum(sum(part.weeks) for part in parts) == 13


@pytest.mark.django_db
def test_pages_are_counted_by_week_including_unknown() -> None:
    sent(datetime(2026, 2, 24, tzinfo=UTC), source_page="/procedures/nerve-repair/")
    sent(NOW, source_page="/procedures/nerve-repair/")
    sent(NOW)
    parts = statistics.statistics_of(Period(date(2026, 2, 23), date(2026, 3, 4)), NOW).pages
    assert parts == (
        statistics.Part("/procedures/nerve-repair/", 2, (1, 1)),
        statistics.Part("", 1, (0, 1)),
    )


@pytest.mark.django_db
def test_attendance_counts_attended_and_missed() -> None:
    practitioner, coordinator = a_reviewer(), staff("Coordinator")
    states = ("attended", "attended", "missed", "canceled", "agreed")
    for number, state in enumerate((*states, "missed")):
        starts_at = NOW - number * HOUR if number < len(states) else NOW - 30 * DAY
        Appointment.objects.create(
            request=sent(NOW), practitioner=practitioner, starts_at=starts_at,
            ends_at=starts_at + HOUR, state=state, state_changed_at=NOW, made_by=coordinator, made_at=NOW,
        )  # fmt: skip
    assert statistics.statistics_of(MARCH, NOW).attendance == statistics.Attendance(attended=2, missed=1)


@pytest.mark.django_db
def test_statistics_without_requests() -> None:
    found = statistics.statistics_of(MARCH, NOW)
    assert found.waits == Waits(0, ())
    assert found.procedures == found.pages == ()
    assert found.promise.due == found.attendance.due == 0
