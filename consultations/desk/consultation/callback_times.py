"""Times to call a patient back, ready to press: moments at which the clinic is open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.site_tags import clock

# Nobody means to call back later than that; it is a slip in the year.
LATEST = timedelta(days=366)
MORNING_ENDS = 12  # o'clock
GRAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class ReadyTime:
    at: datetime
    words: str

    @property
    def value(self) -> str:
        return self.at.isoformat()


def ready_times(now: datetime, hours: BusinessHours) -> list[ReadyTime]:
    """In an hour, in three, when the clinic opens next, later that day, and the day after: what is not
    within opening hours is left out. Each moment stands there once, in order."""
    found = {time.at: time for time in reversed([*_today(now, hours), *_on_days_to_come(now, hours)])}
    return sorted(found.values(), key=lambda time: time.at)


def _today(now: datetime, hours: BusinessHours) -> Iterator[ReadyTime]:
    for after, words in ((1, _("In 1 hour, %(time)s")), (3, _("In 3 hours, %(time)s"))):
        at = _rounded_up(now + timedelta(hours=after))
        if hours.next_opening(at) == at:
            yield ReadyTime(at, words % {"time": clock(_local(at))})


def _on_days_to_come(now: datetime, hours: BusinessHours) -> Iterator[ReadyTime]:
    first = hours.next_opening(_start_of_day_after(now))
    if first is None:
        return
    yield ReadyTime(first, _named(first, now))
    afternoon = hours.next_opening(_local(first).replace(hour=15, minute=0, second=0, microsecond=0))
    if afternoon and _local(afternoon).date() == _local(first).date() and afternoon > first:
        yield ReadyTime(afternoon, _named(afternoon, now))
    if second := hours.next_opening(_start_of_day_after(first)):
        yield ReadyTime(second, _named(second, now))


def _named(at: datetime, now: datetime) -> str:
    """ "Tomorrow morning, 9am", "Monday 23 November, 9am"."""
    local = _local(at)
    words = {"time": clock(local), "day": date_format(local, "l j F")}
    if local.date() != _local(now).date() + timedelta(days=1):
        return _("%(day)s, %(time)s") % words
    if local.hour < MORNING_ENDS:
        return _("Tomorrow morning, %(time)s") % words
    return _("Tomorrow afternoon, %(time)s") % words


def _start_of_day_after(at: datetime) -> datetime:
    return _local(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _rounded_up(at: datetime) -> datetime:
    past = timedelta(seconds=at.timestamp() % GRAIN.total_seconds())
    return at - past + GRAIN if past else at


def _local(at: datetime) -> datetime:
    """By the clock of the clinic."""
    return timezone.localtime(at, timezone.get_default_timezone())
