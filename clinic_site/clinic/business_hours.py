"""Reckoning in clinic hours: the time in which the clinic is open, and nothing else.

Opening hours are by the clock of the clinic (``TIME_ZONE``); closed is closed, "expected" closures
included. Load the hours once, and reckon as often as you like.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.core.templatetags.site_tags import clock

Interval = tuple[datetime, datetime]

# How far ahead anything is looked for: a clinic that is closed for a year opens at no time we can tell.
DAYS_AHEAD = 366


@dataclass(frozen=True)
class ClinicHours:
    """When the clinic is open: sessions as (weekday from 0, opens, closes), closures as (first day, last)."""

    sessions: tuple[tuple[int, time, time], ...]
    closures: tuple[tuple[date, date], ...] = ()

    def open_intervals(self, start: datetime, end: datetime) -> list[Interval]:
        """The stretches in which the clinic is open between two moments, in order, apart from each other."""
        return [
            (max(opens, start), min(closes, end))
            for opens, closes in self._from(_day(start), _day(end))
            if opens < end and closes > start
        ]

    def next_opening(self, at: datetime) -> datetime | None:
        """The next moment at which the clinic is open: ``at`` itself if it is. None: not within a year."""
        for opens, closes in self._ahead_of(at):
            if closes > at:
                return max(opens, at)
        return None

    def add_clinic_time(self, start: datetime, duration: timedelta) -> datetime | None:
        """The first moment at which ``duration`` of open time has passed since ``start``.

        None if that is not within a year. Raises ``ValueError`` for less than no time.
        """
        if duration < timedelta(0):
            raise ValueError("Clinic time only goes forward.")
        if not duration:
            return start
        left = duration
        for opens, closes in self._ahead_of(start):
            if closes <= start:
                continue
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        return None

    def clinic_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How long the clinic was open between two moments; nothing if the second is not the later one."""
        intervals = self.open_intervals(start, end) if start < end else []
        return sum((closes - opens for opens, closes in intervals), timedelta(0))

    def _ahead_of(self, at: datetime) -> Iterator[Interval]:
        day = _day(at)
        return self._from(day, day + timedelta(days=DAYS_AHEAD))

    def _from(self, first: date, last: date) -> Iterator[Interval]:
        """Every session of the days from ``first`` to ``last``, in order, none touching another. In UTC,
        in which a difference is a duration."""
        if not self.sessions:
            return
        zone = timezone.get_default_timezone()
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if any(starts <= day <= ends for starts, ends in self.closures):
                continue
            yield from _merged(
                (
                    datetime.combine(day, opens, zone).astimezone(UTC),
                    datetime.combine(day, closes, zone).astimezone(UTC),
                )
                for weekday, opens, closes in self.sessions
                if weekday == day.weekday()
            )


def load() -> ClinicHours:
    """The hours as staff entered them. Two queries."""
    return ClinicHours(
        tuple(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        tuple(Closure.objects.values_list("starts_on", "ends_on")),
    )


def _day(at: datetime) -> date:
    """The day that it is at the clinic."""
    return timezone.localdate(at, timezone.get_default_timezone())


def _merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Intervals in order, those that overlap or touch made one. One that ends before it begins is none."""
    current: Interval | None = None
    for opens, closes in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if current and opens <= current[1]:
            current = (current[0], max(current[1], closes))
            continue
        if current:
            yield current
        current = (opens, closes)
    if current:
        yield current


# The promise


def promised_by(
    sent_at: datetime, *, hours: ClinicHours | None = None, clinic: ClinicProfile | None = None
) -> datetime | None:
    """The moment by which the clinic answers what was sent at ``sent_at``; None if it promises nothing.

    Rounded up to the full hour, but not past the end of the session: nobody promises 5:43pm. At most
    three queries, none for what is given.
    """
    clinic = clinic or ClinicProfile.current()
    if clinic is None or not clinic.answer_within_hours:
        return None
    hours = hours or load()
    exactly = hours.add_clinic_time(sent_at, timedelta(hours=clinic.answer_within_hours))
    if exactly is None:
        return None
    # By the clinic's clock: an hour there is not an hour in UTC in every time zone.
    local = timezone.localtime(exactly, timezone.get_default_timezone())
    full_hour = local.replace(minute=0, second=0, microsecond=0)
    rounded = full_hour if full_hour == local else full_hour + timedelta(hours=1)
    still_open = hours.open_intervals(exactly, rounded)
    return min(rounded, still_open[0][1]) if still_open else exactly


def promise_sentence(
    sent_at: datetime,
    *,
    now: datetime | None = None,
    hours: ClinicHours | None = None,
    clinic: ClinicProfile | None = None,
) -> str:
    """When the clinic answers, to complete "We contact you …"; "" if it promises nothing.

    Where staff have set no number of hours it is the text that they wrote, if any.

    "by 6pm on Monday 23 November", with "today" or "tomorrow" where that is so at ``now``. The date
    always stands there: a mail is read another day, and a page is printed.
    """
    clinic = clinic or ClinicProfile.current()
    if clinic is None:
        return ""
    if not clinic.answer_within_hours:
        return clinic.answer_promise
    due = promised_by(sent_at, hours=hours, clinic=clinic)
    return by_moment(due, now=now) if due else ""


def by_moment(due: datetime, *, now: datetime | None = None) -> str:
    """A moment as the latest time, in the words of ``promise_sentence``."""
    local = timezone.localtime(due, timezone.get_default_timezone())
    today = _day(now or timezone.now())
    words = {
        "time": _("midday") if (local.hour, local.minute) == (12, 0) else clock(local),
        "day": date_format(local, "l j F" if local.year == today.year else "l j F Y"),
    }
    if local.date() == today:
        return _("by %(time)s today, %(day)s") % words
    if local.date() == today + timedelta(days=1):
        return _("by %(time)s tomorrow, %(day)s") % words
    return _("by %(time)s on %(day)s") % words
