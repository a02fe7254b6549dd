"""Suggested times to call a patient back, all within opening hours."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.core.templatetags.formatting import clock

# Anything later is a slip in the year.
MAX_CALLBACK_DELAY = timedelta(days=366)
NOON_HOUR, AFTERNOON_HOUR = 12, 15
GRID_SECONDS = 5 * 60


def suggested_callback_times(now: datetime, hours: BusinessHours) -> list[tuple[datetime, str]]:
    """Return times and labels: in one hour, in three, and on the next two opening days, where open."""
    labels = {}
    for after, words in ((1, _("In 1 hour, %(time)s")), (3, _("In 3 hours, %(time)s"))):
        at = now + timedelta(hours=after, seconds=-now.timestamp() % GRID_SECONDS)
        if hours.next_opening(at) == at:
            labels[at] = words % {"time": clock(timezone.localtime(at))}
    if first := hours.next_opening(_midnight_after(now)):
        local = timezone.localtime(first)
        afternoon = hours.next_opening(local.replace(hour=AFTERNOON_HOUR, minute=0))
        is_same_day = afternoon is not None and timezone.localtime(afternoon).date() == local.date()
        second = hours.next_opening(_midnight_after(first))
        for at in filter(None, (first, afternoon if is_same_day else None, second)):
            labels.setdefault(at, _day_label(at, now))
    return sorted(labels.items())


def _day_label(at: datetime, now: datetime) -> str:
    """Format like "Tomorrow morning, 9 am" or "Monday 23 November, 9 am"."""
    local = timezone.localtime(at)
    words = {"time": clock(local), "day": date_format(local, "l j F")}
    if local.date() != _midnight_after(now).date():
        return _("%(day)s, %(time)s") % words
    if local.hour < NOON_HOUR:
        return _("Tomorrow morning, %(time)s") % words
    return _("Tomorrow afternoon, %(time)s") % words


def _midnight_after(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
