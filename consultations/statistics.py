"""How requests are answered, in numbers: from times and statuses, without personal details.

Requests set aside as spam are not counted. Erased ones are: subject, times and outcome stay.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.utils import timezone

from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from consultations import workflow
from consultations.answers import About
from consultations.models import Appointment, ConsultationRequest, ConsultationRequestQuerySet
from consultations.models.appointments import midnight

# A median of fewer requests would say more about one of them than about the clinic.
MIN_REQUESTS_FOR_MEDIAN = 5
# Procedures and pages with a line of their own; the rest is one line.
MAX_NAMED_PARTS = 10

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Period:
    """Days at the clinic, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the period."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @cached_property
    def mondays(self) -> tuple[date, ...]:
        """The Mondays of the weeks that overlap the period."""
        monday = self.first - timedelta(days=self.first.weekday())
        return tuple(monday + number * WEEK for number in range((self.last - monday).days // 7 + 1))


@dataclass(frozen=True)
class Waits:
    """Waiting times until the first contact. ``answered`` is sorted; the other requests had no contact."""

    requests: int
    answered: tuple[timedelta, ...]

    @property
    def are_few(self) -> bool:
        return self.requests < MIN_REQUESTS_FOR_MEDIAN

    def hours_for(self, percent: int) -> float | None:
        """Return the percentile over *all* requests in hours, by nearest rank.

        Requests without a contact count as slower than all others; None where the rank falls among them.
        """
        rank = -(-self.requests * percent // 100)
        return self.answered[rank - 1] / timedelta(hours=1) if 0 < rank <= len(self.answered) else None


class Part(NamedTuple):
    """Requests about one procedure or from one page, in total and by week.

    ``name`` is "" where it is not known, and None for all others together.
    """

    name: str | None
    requests: int
    weeks: tuple[int, ...]


class Promise(NamedTuple):
    """Requests by what became of their promised answer. ``ended``: closed before the promised time."""

    kept: int
    broken: int
    ahead: int
    ended: int

    @property
    def due(self) -> int:
        return self.kept + self.broken


class Attendance(NamedTuple):
    attended: int
    missed: int

    @property
    def due(self) -> int:
        return self.attended + self.missed


@dataclass(frozen=True)
class Statistics:
    period: Period
    waits: Waits
    weeks: tuple[Waits, ...]
    procedures: tuple[Part, ...]
    pages: tuple[Part, ...]
    statuses: Mapping[str, int]
    promise: Promise
    attendance: Attendance


def statistics_of(period: Period, now: datetime) -> Statistics:
    """Compute the statistics of the requests sent in a period and of its appointments. Four queries."""
    sent = counted().filter(created_at__gte=period.start, created_at__lt=period.end)
    rows: list[Any] = list(
        sent.order_by().values_list(
            *("created_at", "first_contact_at", "status", "status_changed_at", "promised_by"),
            *("procedure_id", "procedure_name", "about", "source_page"),
            named=True,
        )
    )
    hours = business_hours.load()
    zone = timezone.get_default_timezone()
    weeks = [(row.created_at.astimezone(zone).date() - period.mondays[0]).days // 7 for row in rows]
    times = [(row.created_at, row.first_contact_at) for row in rows]
    # One procedure is one line, also after it was renamed; a deleted one is known by its name.
    procedures = [row.procedure_id or row.procedure_name or row.about for row in rows]
    names: dict[Hashable, Any] = {**dict(About.choices)}
    names |= {
        key: row.procedure_name for key, row in zip(procedures, rows, strict=True) if row.procedure_name
    }
    pages = [row.source_page for row in rows]
    return Statistics(
        period,
        _waits(times, hours),
        tuple(
            _waits([pair for pair, of_week in zip(times, weeks, strict=True) if of_week == week], hours)
            for week in range(len(period.mondays))
        ),
        tuple(_parts(period, procedures, weeks, names)),
        tuple(_parts(period, pages, weeks, {page: page for page in pages})),
        Counter(row.status for row in rows),
        _promise(rows, now),
        _attendance(period),
    )


def counted() -> ConsultationRequestQuerySet:
    """All requests but suspected spam."""
    return ConsultationRequest.objects.exclude(status__in=workflow.SET_ASIDE)


def waits_of(requests: ConsultationRequestQuerySet, hours: BusinessHours) -> Waits:
    """Return how long requests waited for the first contact. One query."""
    return _waits(requests.order_by().values_list("created_at", "first_contact_at"), hours)


def _waits(times: Iterable[tuple[datetime, datetime | None]], hours: BusinessHours) -> Waits:
    """In clinic hours; by the clock where staff have entered no opening hours."""
    pairs = list(times)
    answered = [
        hours.clinic_time_between(sent_at, contact)
        if hours.sessions
        else max(contact - sent_at, timedelta(0))
        for sent_at, contact in pairs
        if contact is not None
    ]
    return Waits(len(pairs), tuple(sorted(answered)))


def _parts(
    period: Period, keys: Sequence[Hashable], weeks: Sequence[int], names: Mapping[Any, Any]
) -> Iterator[Part]:
    """Yield the parts with most requests, then all others as one."""
    by_week = Counter(zip(keys, weeks, strict=True))
    ordered = sorted(Counter(keys).items(), key=lambda item: (-item[1], str(names[item[0]])))
    for key, requests in ordered[:MAX_NAMED_PARTS]:
        counts = tuple(by_week[key, week] for week in range(len(period.mondays)))
        yield Part(str(names[key]), requests, counts)
    if others := [key for key, _requests in ordered[MAX_NAMED_PARTS:]]:
        counts = tuple(sum(by_week[key, week] for key in others) for week in range(len(period.mondays)))
        yield Part(None, sum(counts), counts)


def _promise(rows: Iterable[Any], now: datetime) -> Promise:
    counts: Counter[str] = Counter()
    for row in rows:
        if row.promised_by is None:
            continue
        if row.first_contact_at is not None:
            counts["kept" if row.first_contact_at <= row.promised_by else "broken"] += 1
        elif row.status in workflow.CLOSED:
            counts["ended" if row.status_changed_at < row.promised_by else "broken"] += 1
        else:
            counts["ahead" if row.promised_by >= now else "broken"] += 1
    return Promise(*(counts[name] for name in Promise._fields))


def _attendance(period: Period) -> Attendance:
    """Count the appointments of the period that took place or were missed."""
    states = Counter(
        Appointment.objects.filter(starts_at__gte=period.start, starts_at__lt=period.end)
        .exclude(request__status__in=workflow.SET_ASIDE)
        .order_by()
        .values_list("state", flat=True)
    )
    return Attendance(*(states[name] for name in Attendance._fields))
