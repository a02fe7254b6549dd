"""The clinic's days: when it is open, what is in them, and which times are free. Nothing here writes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic_hours import ClinicHours, Interval
from clinic_site.models import Closure, OpeningHours
from clinic_site.templatetags.site_tags import clock
from consultations.answers import PartOfDay
from consultations.models import Appointment
from consultations.models.appointments import midnight
from procedures.models import Practitioner

# How long an appointment may be in the picker, in minutes, and how far apart its beginnings are.
STEPS = {15: 15, 20: 20, 30: 30, 45: 15, 60: 30}
USUAL_LENGTH = 30
# More times than that stand under Week.
MOST_NAMED = 20

# From which hour of the clinic's clock. Patients choose the words, not the hours.
AFTERNOON, EVENING = 12, 17


def today() -> date:
    """The day that it is at the clinic."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def local(at: datetime) -> datetime:
    """A moment by the clinic's clock."""
    return timezone.localtime(at, timezone.get_default_timezone())


def part_of_day(at: datetime) -> PartOfDay:
    hour = local(at).hour
    if hour < AFTERNOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < EVENING else PartOfDay.EVENING


@dataclass(frozen=True)
class Day:
    """One day of the clinic: when it is open, why it may be closed, and what is in it, in order."""

    date: date
    open: list[Interval]
    closures: list[Closure] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)

    def beginnings(self, length: timedelta, step: timedelta, now: datetime) -> Iterator[datetime]:
        """When an appointment could begin: in opening hours, in nobody else's time, and not in the past."""
        for opens, closes in self.open:
            at = opens
            while at + length <= closes:
                if at > now and not any(
                    taken.starts_at < at + length and taken.ends_at > at for taken in self.appointments
                ):
                    yield at
                at += step


def days(
    first: date,
    count: int,
    practitioner: Practitioner | None = None,
    *,
    but: Appointment | None = None,
) -> list[Day]:
    """So many days in order, with the appointments of one practitioner, or of all. Three queries.

    ``but`` is left out: a time that is given back when another is taken.
    """
    last = first + timedelta(days=count - 1)
    closures = list(Closure.objects.filter(starts_on__lte=last, ends_on__gte=first))
    hours = ClinicHours(
        tuple(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        tuple((closure.starts_on, closure.ends_on) for closure in closures),
    )
    found = Appointment.objects.in_calendar().on_days(first, last).select_related("request", "practitioner")
    if practitioner:
        found = found.filter(practitioner=practitioner)
    appointments = [appointment for appointment in found if appointment != but]
    return [_day(first + timedelta(days=number), hours, closures, appointments) for number in range(count)]


def appointments_on(closure: Closure) -> str:
    """Which times to come a closure falls on, by reference and time only; "" if there are none."""
    now = timezone.now()
    found = Appointment.objects.live().on_days(closure.starts_on, closure.ends_on).filter(ends_at__gt=now)
    times = [
        _("%(reference)s on %(day)s, %(time)s")
        % {
            "reference": time.request.reference,
            "day": date_format(local(time.starts_at), "l j F"),
            "time": clock(local(time.starts_at)),
        }
        for time in found.select_related("request")[: MOST_NAMED + 1]
    ]
    if not times:
        return ""
    words = {"times": "; ".join(times[:MOST_NAMED])}
    if len(times) > MOST_NAMED:
        return _("Times that patients were given fall on these days: %(times)s; and more. Call them.") % words
    return _("Times that patients were given fall on these days: %(times)s. Call them.") % words


def _day(day: date, hours: ClinicHours, closures: list[Closure], appointments: list[Appointment]) -> Day:
    begins, ends = midnight(day).astimezone(UTC), midnight(day + timedelta(days=1)).astimezone(UTC)
    return Day(
        day,
        hours.open_intervals(begins, ends),
        [closure for closure in closures if closure.starts_on <= day <= closure.ends_on],
        [found for found in appointments if found.starts_at < ends and found.ends_at > begins],
    )
