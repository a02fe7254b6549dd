"""Availability: opening hours, appointments and free times of a day. Read only."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours, Interval
from clinic_site.clinic.models import Closure, OpeningHours
from consultations.answers import PartOfDay
from consultations.models import Appointment
from consultations.models.appointments import midnight
from procedures.models import Practitioner

# Minutes between two offered start times, by the length of the appointment in minutes.
START_INTERVALS = {15: 15, 20: 20, 30: 30, 45: 15, 60: 30}
DEFAULT_LENGTH = 30

AFTERNOON_HOUR, EVENING_HOUR = 12, 17


def today() -> date:
    """Return today's date at the clinic."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def local(at: datetime) -> datetime:
    """Convert to the clinic's time zone."""
    return timezone.localtime(at, timezone.get_default_timezone())


def part_of_day(at: datetime) -> PartOfDay:
    hour = local(at).hour
    if hour < AFTERNOON_HOUR:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < EVENING_HOUR else PartOfDay.EVENING


@dataclass(frozen=True)
class Day:
    """One day at the clinic, with its appointments in order."""

    date: date
    open: list[Interval]
    closures: list[Closure] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)

    def free_starts(self, length: timedelta, step: timedelta, now: datetime) -> Iterator[datetime]:
        """Yield future start times within opening hours that overlap no appointment."""
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
    exclude: Appointment | None = None,
) -> list[Day]:
    """Return consecutive days with the appointments of one practitioner or all. Three queries.

    ``exclude`` is the appointment that a new one replaces.
    """
    last = first + timedelta(days=count - 1)
    # A session of the evening before may last past midnight, unless that day is closed.
    closures = list(Closure.objects.filter(starts_on__lte=last, ends_on__gte=first - timedelta(days=1)))
    hours = BusinessHours(
        tuple(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        tuple((closure.starts_on, closure.ends_on) for closure in closures),
    )
    found = Appointment.objects.in_calendar().on_days(first, last).select_related("request", "practitioner")
    if practitioner:
        found = found.filter(practitioner=practitioner)
    appointments = [appointment for appointment in found if appointment != exclude]
    return [_day(first + timedelta(days=number), hours, closures, appointments) for number in range(count)]


def is_open(hours: BusinessHours, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the clinic is open for the whole time."""
    return hours.open_intervals(starts_at, ends_at) == [(starts_at, ends_at)]


def overlaps_session(appointment: Appointment, session: OpeningHours) -> bool:
    """Whether an appointment overlaps a weekly session, whatever the closures."""
    hours = BusinessHours(((session.weekday, session.opens, session.closes),))
    return bool(hours.open_intervals(appointment.starts_at, appointment.ends_at))


def appointment_problems(
    starts_at: datetime, ends_at: datetime, hours: BusinessHours, practitioner: str, *, is_active: bool
) -> list[str]:
    """Return why a future appointment cannot take place as planned, as sentences."""
    if ends_at <= timezone.now():
        return []
    found = []
    if not is_open(hours, starts_at, ends_at):
        day = local(starts_at).date()
        is_closed = any(first <= day <= last for first, last in hours.closures)
        found.append(
            _("The clinic is closed on this day.") if is_closed else _("The clinic is not open at this time.")
        )
    if not is_active:
        found.append(_("%(name)s no longer works here.") % {"name": practitioner})
    return found


def _day(day: date, hours: BusinessHours, closures: list[Closure], appointments: list[Appointment]) -> Day:
    begins, ends = midnight(day).astimezone(UTC), midnight(day + timedelta(days=1)).astimezone(UTC)
    return Day(
        day,
        hours.open_intervals(begins, ends),
        [closure for closure in closures if closure.starts_on <= day <= closure.ends_on],
        [found for found in appointments if found.starts_at < ends and found.ends_at > begins],
    )
