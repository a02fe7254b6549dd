"""How soon requests were answered lately, as patients are told, where the clinic's owner agreed to it."""

from datetime import datetime, timedelta
from math import ceil

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import ngettext

from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from consultations import statistics

LATELY = timedelta(days=30)
# With fewer answered, the next one could change what is told.
ENOUGH = 20
# Patients may read what was true so many seconds ago, and never what was true on another day.
KEPT = 10 * 60


def sentence(now: datetime, hours: BusinessHours | None = None) -> str:
    """For patients; "" while there is nothing to tell. No query while it is kept, else one, and two for
    the hours if they are not given."""
    within = usual_hours(now, hours)
    if within is None:
        return ""
    return ngettext(
        "In the last 30 days, half of all requests had a first call or message from us within "
        "%(number)s hour in which the clinic was open.",
        "In the last 30 days, half of all requests had a first call or message from us within "
        "%(number)s hours in which the clinic was open.",
        within,
    ) % {"number": within}


def usual_hours(now: datetime, hours: BusinessHours | None = None) -> int | None:
    """Full clinic hours, rounded up, within which at least half of *all* requests had a first contact.

    Requests that wait without one count as slower than all that had one. None with too few answered,
    while half of them wait, or without opening hours.
    """
    key = f"usual-answer-time-{timezone.localdate(now, timezone.get_default_timezone())}"
    return cache.get_or_set(key, lambda: _reckoned(now, hours or business_hours.load()), KEPT)


def _reckoned(now: datetime, hours: BusinessHours) -> int | None:
    sent = statistics.counted().filter(created_at__gte=now - LATELY, created_at__lte=now)
    waits = statistics.waits_of(sent, now - LATELY, hours)
    median = waits.hours_for(50)
    if len(waits.answered) < ENOUGH or median is None or not hours.sessions:
        return None
    # What is less than a second over a full hour is the error of reckoning, not an hour.
    return max(ceil(round(median, 4)), 1)
