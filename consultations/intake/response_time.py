"""The usual response time of the last 30 days, shown to patients if the clinic publishes it."""

from datetime import datetime, timedelta
from math import ceil

from django.core.cache import cache
from django.utils import timezone

from clinic_site.clinic import business_hours
from consultations import statistics
from consultations.answers import Channel

MEASURED_PERIOD = timedelta(days=30)
# With fewer, one more answer could change the sentence.
MIN_ANSWERED_REQUESTS = 20
CACHE_SECONDS = 10 * 60


def usual_response_hours(now: datetime) -> int | None:
    """Return the full clinic hours, rounded up, within which half of *all* requests had a first contact.

    Requests that staff took had it at once and are not counted. Waiting requests count as slower than all
    answered ones. None if too few were answered, if half of them wait, or without opening hours. Cached,
    never beyond the day.
    """
    key = f"usual-answer-time-{timezone.localdate(now, timezone.get_default_timezone())}"
    return cache.get_or_set(key, lambda: _median_hours(now), CACHE_SECONDS)


def _median_hours(now: datetime) -> int | None:
    hours = business_hours.load()
    sent = statistics.counted().filter(
        channel=Channel.WEBSITE, created_at__gte=now - MEASURED_PERIOD, created_at__lte=now
    )
    waits = statistics.waits_of(sent.only("created_at", "first_contact_at"), hours)
    median = waits.hours_for(50)
    if len(waits.answered) < MIN_ANSWERED_REQUESTS or median is None or not hours.sessions:
        return None
    # Less than a second over a full hour is a rounding error.
    return max(ceil(round(median, 4)), 1)
