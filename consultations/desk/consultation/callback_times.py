"""Suggested times to call a patient back, all within opening hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.formatting import clock

# Anything later is a slip in the year.
MAX_CALLBACK_DELAY = timedelta(days=366)
MORNING_ENDS_HOUR = 12
GRID = timedelta(minutes=5)


@dataclass(frozen=True)
class SuggestedTime:
    at: datetime
    label: str

    @property
    def value(self) -> str:
        return self.at.isoformat()


def suggested_callback_times(now: datetime, hours: BusinessHours) -> list[SuggestedTime]:
    """Return, in order: in one hour, in three, and on the next two opening days, while the clinic is open."""
    found = {time.at: time for time in reversed([*_today(now, hours), *_on_days_to_come(now, hours)])}
    return sorted(found.values(), key=lambda time: time.at)


def _today(now: datetime, hours: BusinessHours) -> Iterator[SuggestedTime]:
    for after, words in ((1, _("In 1 hour, %(time)s")), (3, _("In 3 hours, %(time)s"))):
        at = _rounded_up(now + timedelta(hours=after))
        if hours.next_opening(at) == at:
            yield SuggestedTime(at, words % {"time": clock(_local(at))})


def _on_days_to_come(now: datetime, hours: BusinessHours) -> Iterator[SuggestedTime]:
    first = hours.next_opening(_start_of_day_after(now))
    if first is None:
        return
    yield SuggestedTime(first, _label(first, now))
    afternoon = hours.next_opening(_local(first).replace(hour=15, minute=0, second=0, microsecond=0))
    if afternoon and _local(afternoon).date() == _local(first).date() and afternoon > first:
        yield SuggestedTime(afternoon, _label(afternoon, now))
    if second := hours.next_opening(_start_of_day_after(first)):
        yield SuggestedTime(second, _label(second, now))


def _label(at: datetime, now: datetime) -> str:
    """ "Tomorrow morning, 9 am", "Monday 23 November, 9 am"."""
    local = _local(at)
    words = {"time": clock(local), "day": date_format(local, "l j F")}
    if local.date() != _local(now).date() + timedelta(days=1):
        return _("%(day)s, %(time)s") % words
    if local.hour < MORNING_ENDS_HOUR:
        return _("Tomorrow morning, %(time)s") % words
    return _("Tomorrow afternoon, %(time)s") % words


def _start_of_day_after(at: datetime) -> datetime:
    return _local(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _rounded_up(at: datetime) -> datetime:
    past = timedelta(seconds=at.timestamp() % GRID.total_seconds())
    return at - past + GRID if past else at


def _local(at: datetime) -> datetime:
    """In the clinic's time zone."""
    return timezone.localtime(at, timezone.get_default_timezone())
