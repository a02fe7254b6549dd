"""Availability: opening hours, appointments and free times of a day. Read only."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic.business_hours import BusinessHours, Interval
from clinic_site.clinic.models import Closure, OpeningHours
from consultations.answers import PartOfDay
from consultations.models import Appointment
from consultations.models.appointments import AppointmentQuerySet, midnight
from procedures.models import Practitioner

# Minutes between two offered start times, by the length of the appointment in minutes.
START_INTERVALS = {15: 15, 20: 20, 30: 30, 45: 15, 60: 30}
DEFAULT_LENGTH = 30

AFTERNOON_HOUR, EVENING_HOUR = 12, 17


@dataclass(frozen=True)
class Time:
    """A free start time, or the appointment that takes it."""

    at: datetime
    taken_by: Appointment | None = None

    @property
    def part_of_day(self) -> PartOfDay:
        hour = timezone.localtime(self.at).hour
        if hour < AFTERNOON_HOUR:
            return PartOfDay.MORNING
        return PartOfDay.AFTERNOON if hour < EVENING_HOUR else PartOfDay.EVENING


@dataclass(frozen=True)
class Day:
    """One day at the clinic, with its appointments in order."""

    date: date
    open: list[Interval]
    closures: list[Closure]
    appointments: list[Appointment]

    def times(self, minutes: int) -> list[Time]:
        """Return the appointments and the free start times ahead for one of this length, in order."""
        length, step = timedelta(minutes=minutes), timedelta(minutes=START_INTERVALS[minutes])
        found, now = [Time(taken.starts_at, taken) for taken in self.appointments], timezone.now()
        for at, closes in self.open:
            while at + length <= closes:
                if at > now and not any(
                    taken.starts_at < at + length and taken.ends_at > at for taken in self.appointments
                ):
                    found.append(Time(at))
                at += step
        return sorted(found, key=lambda time: time.at)


def days(
    first: date,
    count: int,
    practitioner: Practitioner | None = None,
    *,
    exclude: AppointmentQuerySet | None = None,
) -> list[Day]:
    """Return consecutive days with the appointments of one practitioner or all. Three queries.

    ``exclude`` are appointments that a new one would replace.
    """
    last = first + timedelta(days=count - 1)
    # A session of the evening before may last past midnight, unless that day is closed.
    closures = list(Closure.objects.filter(starts_on__lte=last, ends_on__gte=first - timedelta(days=1)))
    hours = BusinessHours(
        tuple(OpeningHours.objects.values_list("weekday", "opens", "closes")),
        tuple((closure.starts_on, closure.ends_on) for closure in closures),
    )
    taken = Appointment.objects.in_calendar().on_days(first, last).select_related("request", "practitioner")
    if practitioner:
        taken = taken.filter(practitioner=practitioner)
    if exclude is not None:
        taken = taken.exclude(pk__in=exclude.order_by().values("pk"))
    found = []
    for day in (first + timedelta(days=number) for number in range(count)):
        begins, ends = midnight(day).astimezone(UTC), midnight(day + timedelta(days=1)).astimezone(UTC)
        found.append(
            Day(
                day,
                hours.open_intervals(begins, ends),
                [closure for closure in closures if closure.starts_on <= day <= closure.ends_on],
                [each for each in taken if each.starts_at < ends and each.ends_at > begins],
            )
        )
    return found


def is_open(hours: BusinessHours, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the clinic is open for the whole time."""
    return hours.open_intervals(starts_at, ends_at) == [(starts_at, ends_at)]


def overlaps_session(appointment: Appointment, session: OpeningHours) -> bool:
    """Whether an appointment overlaps a weekly session, whatever the closures."""
    hours = BusinessHours(((session.weekday, session.opens, session.closes),))
    return bool(hours.open_intervals(appointment.starts_at, appointment.ends_at))


def appointment_problems(appointment: Appointment, hours: BusinessHours) -> list[str]:
    """Return why a future appointment cannot take place as planned, as sentences."""
    if appointment.ends_at <= timezone.now():
        return []
    found = []
    if not is_open(hours, appointment.starts_at, appointment.ends_at):
        day = timezone.localdate(appointment.starts_at)
        is_closed = any(first <= day <= last for first, last in hours.closures)
        found.append(
            _("The clinic is closed on this day.") if is_closed else _("The clinic is not open at this time.")
        )
    if not appointment.practitioner.is_active:
        found.append(_("%(name)s no longer works here.") % {"name": appointment.practitioner.name})
    return found
