"""Days of the time picker, as its template shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from clinic_site.clinic.business_hours import Interval
from clinic_site.clinic.models import Closure
from consultations.answers import PartOfDay
from consultations.appointments import availability
from consultations.models import Appointment, ConsultationRequest


@dataclass(frozen=True)
class Time:
    """A free start time, or an existing appointment (``taken_by``)."""

    at: datetime
    taken_by: Appointment | None = None

    @property
    def value(self) -> str:
        return self.at.isoformat()

    @property
    def local(self) -> datetime:
        return availability.local(self.at)

    @property
    def local_end(self) -> datetime | None:
        return availability.local(self.taken_by.ends_at) if self.taken_by else None


@dataclass(frozen=True)
class DayPart:
    """A morning, afternoon or evening."""

    name: str
    is_wished: bool
    times: list[Time]


@dataclass(frozen=True)
class PickerDay:
    date: date
    is_wished: bool
    open: list[Interval]
    closures: list[Closure]
    parts: list[DayPart]

    @property
    def has_free(self) -> bool:
        return any(not time.taken_by for part in self.parts for time in part.times)

    def free_values(self) -> Iterator[str]:
        return (time.value for part in self.parts for time in part.times if not time.taken_by)


def picker_day(day: availability.Day, request: ConsultationRequest, minutes: int, now: datetime) -> PickerDay:
    """Return a day, with the patient's preferences marked."""
    length, step = timedelta(minutes=minutes), timedelta(minutes=availability.START_INTERVALS[minutes])
    times = [Time(at) for at in day.free_starts(length, step, now)]
    times += [Time(appointment.starts_at, appointment) for appointment in day.appointments]
    times.sort(key=lambda time: time.at)
    return PickerDay(
        date=day.date,
        is_wished=day.date.weekday() in request.days,
        open=day.open,
        closures=day.closures,
        parts=[
            DayPart(str(PartOfDay(part).label), part in request.parts_of_day, list(group))
            for part, group in groupby(times, key=lambda time: availability.part_of_day(time.at))
        ],
    )
