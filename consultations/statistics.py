"""How requests are answered, in numbers: reckoned from times and statuses, without anything personal.

Requests that are set aside as spam are not counted. Erased ones are: what they were about, when they came
and how they ended stays.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Count, F, FloatField, Func, Q

from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from consultations import workflow
from consultations.answers import About
from consultations.models import Appointment, ConsultationRequest, ConsultationRequestQuerySet
from consultations.models.appointments import midnight

# Of fewer requests no median is told: it would say more about one of them than about the clinic.
FEWEST = 5
# Procedures and pages that are named, those with most requests; the rest is one number.
NAMED = 10

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Period:
    """Days of the clinic's calendar, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that does not belong to it."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @cached_property
    def mondays(self) -> tuple[date, ...]:
        """The weeks that it touches, each by its Monday."""
        monday = self.first - timedelta(days=self.first.weekday())
        return tuple(monday + number * WEEK for number in range((self.last - monday).days // 7 + 1))


class OpenTime:
    """Seconds of clinic time between any two moments of a stretch: made once, asked 100,000 times.

    It is what ``BusinessHours.clinic_time_between`` gives, at the cost of two look-ups; and time by the clock
    where staff have entered no opening hours, since to wait is not nothing then.
    """

    def __init__(self, hours: BusinessHours, start: datetime, end: datetime) -> None:
        self._opens: list[float] = []
        self._closes: list[float] = []
        self._before: list[float] = []
        passed = 0.0
        for opens, closes in hours.open_intervals(start, end) if hours.sessions else [(start, end)]:
            self._opens.append(opens.timestamp())
            self._closes.append(closes.timestamp())
            self._before.append(passed)
            passed += self._closes[-1] - self._opens[-1]

    def between(self, start: float, end: float) -> float:
        """Both as seconds since 1970, as ``Seconds`` reads them."""
        return max(self._until(end) - self._until(start), 0.0)

    def _until(self, at: float) -> float:
        session = bisect_right(self._opens, at) - 1
        if session < 0:
            return 0.0
        return self._before[session] + min(at, self._closes[session]) - self._opens[session]


@dataclass(frozen=True)
class Waits:
    """How long so many requests waited for the first contact: ``answered`` in seconds of clinic time,
    sorted; the others have had none."""

    requests: int
    answered: tuple[float, ...]

    @property
    def are_few(self) -> bool:
        return self.requests < FEWEST

    def hours_for(self, percent: int) -> float | None:
        """Within how many clinic hours so many percent of *all* the requests had a first contact.

        The nearest rank: an hour that one of them really waited. Who has had no contact waits longer than
        everybody who has; None where that many have had none yet.
        """
        rank = -(-self.requests * percent // 100)
        return self.answered[rank - 1] / 3600 if 0 < rank <= len(self.answered) else None


class Part(NamedTuple):
    """So many requests of one procedure or page; ``name`` "" for what is not known, None for all others.
    ``weeks``: the same by week, in the order of ``Period.mondays``."""

    name: str | None
    requests: int
    weeks: tuple[int, ...]


class Promise(NamedTuple):
    """Requests by what became of the promise to answer by a moment; ``ended`` before that moment."""

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


class Seconds(Func):
    """A time as seconds since 1970: to make 200,000 of them ``datetime``s would take longer than all else."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Days have a rounding error, by which the first request of a week would fall into the one before.
        template = "ROUND((julianday(%(expressions)s) - 2440587.5) * 86400.0, 3)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(EXTRACT(EPOCH FROM %(expressions)s)::float8)"
        return self.as_sql(compiler, connection, template=template, **context)


class Sent(NamedTuple):
    """Requests, as far as the figures need them, column by column. The times are ``Seconds``."""

    at: Sequence[float] = ()
    first_contact_at: Sequence[float | None] = ()
    status: Sequence[str] = ()
    procedure_id: Sequence[int | None] = ()
    procedure_name: Sequence[str] = ()
    about: Sequence[str] = ()
    source_page: Sequence[str] = ()


@dataclass(frozen=True)
class Figures:
    period: Period
    waits: Waits
    weeks: tuple[Waits, ...]
    procedures: tuple[Part, ...]
    pages: tuple[Part, ...]
    statuses: Mapping[str, int]
    promise: Promise
    attendance: Attendance


def of(period: Period, now: datetime) -> Figures:
    """The figures of the requests that were sent in a period, and of the appointments in it.

    Five queries. The requests are read one by one, and of each no more than is needed.
    """
    requests = counted().filter(created_at__gte=period.start, created_at__lt=period.end)
    sent = _read(requests)
    begins = [midnight(monday).timestamp() for monday in period.mondays]
    week_of = [bisect_right(begins, at) - 1 for at in sent.at]
    waits, weeks = _waits(period, sent, week_of, business_hours.load())
    procedures = _procedures(sent)
    chosen = {key: name for key, name in zip(procedures, sent.procedure_name, strict=True) if name}
    return Figures(
        period,
        waits,
        weeks,
        tuple(_parts(period, procedures, week_of, dict(About.choices) | chosen)),
        tuple(_parts(period, sent.source_page, week_of, {page: page for page in sent.source_page})),
        Counter(sent.status),
        _promise(requests, now),
        _attendance(period),
    )


def counted() -> ConsultationRequestQuerySet:
    """What the figures are about: everything but what looks like spam."""
    return ConsultationRequest.objects.exclude(status__in=workflow.SET_ASIDE)


def waits_of(requests: ConsultationRequestQuerySet, start: datetime, hours: BusinessHours) -> Waits:
    """How long requests waited that were sent after ``start``. One query."""
    times = list(requests.order_by().values_list(Seconds("created_at"), Seconds("first_contact_at")))
    answered = [(at, contact) for at, contact in times if contact is not None]
    time = _open_time(hours, start, [contact for _at, contact in answered])
    return Waits(len(times), tuple(sorted(time.between(at, contact) for at, contact in answered)))


def _read(requests: ConsultationRequestQuerySet) -> Sent:
    times = (Seconds("created_at"), Seconds("first_contact_at"))
    rows = requests.order_by().values_list(*times, *Sent._fields[2:])
    return Sent(*zip(*rows, strict=True))


def _open_time(hours: BusinessHours, start: datetime, contacts: Iterable[float]) -> OpenTime:
    """From ``start`` to the last contact."""
    last = max(contacts, default=start.timestamp())
    # A microsecond may be lost in a sum of seconds; a whole one more does no harm.
    return OpenTime(hours, start, datetime.fromtimestamp(last + 1, UTC))


def _waits(
    period: Period, sent: Sent, week_of: Sequence[int], hours: BusinessHours
) -> tuple[Waits, tuple[Waits, ...]]:
    """Of the whole period, and of each of its weeks."""
    time = _open_time(hours, period.start, (at for at in sent.first_contact_at if at is not None))
    requests = Counter(week_of)
    answered: list[list[float]] = [[] for _monday in period.mondays]
    for at, contact, week in zip(sent.at, sent.first_contact_at, week_of, strict=True):
        if contact is not None:
            answered[week].append(time.between(at, contact))
    together = sorted(waited for week in answered for waited in week)
    return (
        Waits(len(sent.at), tuple(together)),
        tuple(Waits(requests[week], tuple(sorted(waited))) for week, waited in enumerate(answered)),
    )


def _procedures(sent: Sent) -> list[int | str]:
    """One procedure stays one, whatever it is called; of one that is gone there is the name."""
    columns = zip(sent.procedure_id, sent.procedure_name, sent.about, strict=True)
    return [pk or name or about for pk, name, about in columns]


def _parts(
    period: Period, keys: Sequence[Hashable], week_of: Sequence[int], names: Mapping[Any, Any]
) -> Iterator[Part]:
    """Those with most requests by name, then all others together, if there are any."""
    by_week = Counter(zip(keys, week_of, strict=True))
    ordered = sorted(Counter(keys).items(), key=lambda part: (-part[1], str(names[part[0]])))
    weeks = range(len(period.mondays))
    for key, requests in ordered[:NAMED]:
        yield Part(str(names[key]), requests, tuple(by_week[key, week] for week in weeks))
    if others := {key for key, _requests in ordered[NAMED:]}:
        of_others: Counter[int] = Counter()
        for (key, week), requests in by_week.items():
            if key in others:
                of_others[week] += requests
        yield Part(None, of_others.total(), tuple(of_others[week] for week in weeks))


def _promise(requests: ConsultationRequestQuerySet, now: datetime) -> Promise:
    """What became of each promise. Without a contact it is broken as soon as its time is past, unless the
    request ended before that."""
    promised, none = Q(promised_by__isnull=False), Q(first_contact_at=None)
    is_closed = Q(status__in=workflow.CLOSED)
    ended_before = is_closed & Q(status_changed_at__lt=F("promised_by"))
    counts = requests.filter(promised).aggregate(
        kept=Count("pk", filter=Q(first_contact_at__lte=F("promised_by"))),
        ahead=Count("pk", filter=none & ~is_closed & Q(promised_by__gte=now)),
        ended=Count("pk", filter=none & ended_before),
        every=Count("pk"),
    )
    every = counts.pop("every")
    return Promise(**counts, broken=every - sum(counts.values()))


def _attendance(period: Period) -> Attendance:
    """Of the appointments in the period that took place or should have."""
    attended, missed = Appointment.State.ATTENDED, Appointment.State.MISSED
    counts = (
        Appointment.objects.filter(starts_at__gte=period.start, starts_at__lt=period.end)
        .exclude(request__status__in=workflow.SET_ASIDE)
        .aggregate(
            attended=Count("pk", filter=Q(state=attended)),
            missed=Count("pk", filter=Q(state=missed)),
        )
    )
    return Attendance(**counts)
