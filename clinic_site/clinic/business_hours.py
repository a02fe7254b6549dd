"""Calculations in business hours, the time in which the clinic is open.

Opening hours are local times (``TIME_ZONE``). Closures, "expected" ones too, cancel the sessions that begin
on their days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.core.http.languages import active_language
from clinic_site.core.templatetags.formatting import clock

Interval = tuple[datetime, datetime]

# How far ahead an opening is searched for.
MAX_DAYS_AHEAD = 366


@dataclass(frozen=True)
class BusinessHours:
    """Sessions as (weekday from 0, opens, closes), and closures as (first day, last day).

    A session that closes at or before its opening time ends on the next day.
    """

    sessions: tuple[tuple[int, time, time], ...]
    closures: tuple[tuple[date, date], ...] = ()

    def open_intervals(self, start: datetime, end: datetime) -> list[Interval]:
        """Return the ordered, separate intervals in which the clinic is open between two moments."""
        return [
            (max(opens, start), min(closes, end))
            for opens, closes in self._from(_day(start), _day(end))
            if opens < end and closes > start
        ]

    def next_opening(self, at: datetime) -> datetime | None:
        """Return ``at`` if the clinic is open then, else the next opening; None if not within a year."""
        for opens, closes in self._ahead_of(at):
            if closes > at:
                return max(opens, at)
        return None

    def add_clinic_time(self, start: datetime, duration: timedelta) -> datetime | None:
        """Return when ``duration`` of open time has passed since ``start``; None if not within a year.

        Raises ``ValueError`` for a negative duration.
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
        """Return how long the clinic is open between two moments; zero if ``end`` is not later."""
        intervals = self.open_intervals(start, end) if start < end else []
        return sum((closes - opens for opens, closes in intervals), timedelta(0))

    def _ahead_of(self, at: datetime) -> Iterator[Interval]:
        day = _day(at)
        return self._from(day, day + timedelta(days=MAX_DAYS_AHEAD))

    def _from(self, first: date, last: date) -> Iterator[Interval]:
        """Yield the open intervals of these days in order, in UTC, merged where they overlap or touch.

        The first may have begun on the evening before.
        """
        if not self.sessions:
            return
        zone, a_day = timezone.get_default_timezone(), timedelta(days=1)
        current: Interval | None = None
        for number in range(-1, (last - first).days + 1):
            day = first + timedelta(days=number)
            if any(starts <= day <= ends for starts, ends in self.closures):
                continue
            for weekday, opens, closes in sorted(self.sessions):
                if weekday != day.weekday():
                    continue
                begins = datetime.combine(day, opens, zone).astimezone(UTC)
                ends_on = day if opens < closes else day + a_day
                ends = datetime.combine(ends_on, closes, zone).astimezone(UTC)
                if current and begins <= current[1]:
                    current = (current[0], max(current[1], ends))
                    continue
                if current:
                    yield current
                current = (begins, ends)
        if current:
            yield current


def load() -> BusinessHours:
    """Return the hours that staff entered. Two queries."""
    return BusinessHours(
        tuple(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        tuple(Closure.objects.values_list("starts_on", "ends_on")),
    )


def recent() -> tuple[ClinicProfile | None, BusinessHours]:
    """Return the clinic and its hours, cached for as long as public pages. Three queries, or none."""
    found: tuple[ClinicProfile | None, BusinessHours] | None = cache.get_or_set(
        f"clinic-and-hours-{active_language()}",
        lambda: (ClinicProfile.current(), load()),
        settings.PAGE_CACHE_SECONDS,
    )
    assert found
    return found


def _day(at: datetime) -> date:
    """The local date of a moment."""
    return timezone.localdate(at, timezone.get_default_timezone())


def opening_sentence(now: datetime, *, hours: BusinessHours | None = None) -> str:
    """Say until when the clinic is open, or when it opens next; "" if not within a year."""
    hours = hours or load()
    opens = hours.next_opening(now)
    if opens is None:
        return ""
    zone = timezone.get_default_timezone()
    if opens <= now:
        closes = hours.open_intervals(now, now + timedelta(days=1))[0][1]
        return _("Open today until %(time)s") % {"time": clock(timezone.localtime(closes, zone))}
    local = timezone.localtime(opens, zone)
    days_ahead = (local.date() - _day(now)).days
    # A weekday without a date means the next one.
    words = {"time": clock(local), "day": date_format(local, "l" if days_ahead < 7 else "l j F")}
    if days_ahead == 0:
        return _("Opens today at %(time)s") % words
    return _("Opens on %(day)s at %(time)s") % words


# The promise


def promised_by(
    sent_at: datetime, *, hours: BusinessHours | None = None, clinic: ClinicProfile | None = None
) -> datetime | None:
    """Return when a request sent at ``sent_at`` will be answered at the latest; None without a promise.

    Rounded up to the full hour, but not past the end of the session. Queries only what is not passed in.
    """
    clinic = clinic or ClinicProfile.current()
    if clinic is None or not clinic.answer_within_hours:
        return None
    hours = hours or load()
    exactly = hours.add_clinic_time(sent_at, timedelta(hours=clinic.answer_within_hours))
    if exactly is None:
        return None
    # Full hours differ between time zones.
    local = timezone.localtime(exactly, timezone.get_default_timezone())
    full_hour = local.replace(minute=0, second=0, microsecond=0)
    rounded = full_hour if full_hour == local else full_hour + timedelta(hours=1)
    still_open = hours.open_intervals(exactly, rounded)
    return min(rounded, still_open[0][1]) if still_open else exactly


def promise_sentence(
    sent_at: datetime,
    *,
    now: datetime | None = None,
    hours: BusinessHours | None = None,
    clinic: ClinicProfile | None = None,
) -> str:
    """Complete "We'll contact you …", such as "by 6 pm on Monday 23 November"; "" without a promise.

    Without a number of hours it is the text that staff entered. "Today" and "tomorrow" are relative to
    ``now``; the date is always included, because mails are read later and pages are printed.
    """
    clinic = clinic or ClinicProfile.current()
    if clinic is None:
        return ""
    if not clinic.answer_within_hours:
        # It completes a sentence, so it must be in the language of that sentence.
        promise = clinic.in_language(active_language()).answer_promise
        return promise if getattr(promise, "language", "") == active_language() else ""
    due = promised_by(sent_at, hours=hours, clinic=clinic)
    return by_moment(due, now=now) if due else ""


def by_moment(due: datetime, *, now: datetime | None = None, abroad: bool = False) -> str:
    """A deadline in the words of ``promise_sentence``; with the time zone for a reader ``abroad``."""
    local = timezone.localtime(due, timezone.get_default_timezone())
    today = _day(now or timezone.now())
    words = {
        "time": clock(local),
        "day": date_format(local, "l j F" if local.year == today.year else "l j F Y"),
    }
    if abroad:
        return _("by %(time)s Pakistan time on %(day)s") % words
    if local.date() == today:
        return _("by %(time)s today, %(day)s") % words
    if local.date() == today + timedelta(days=1):
        return _("by %(time)s tomorrow, %(day)s") % words
    return _("by %(time)s on %(day)s") % words
