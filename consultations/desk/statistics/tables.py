"""The statistics as tables of text, the same for the page and the CSV file.

Requests set aside as spam are not counted. Erased ones are: subject, times and outcome stay.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from consultations import workflow
from consultations.answers import About, Channel
from consultations.desk.statistics.charts import Chart, line_chart, nice_top, rounded_up
from consultations.models import Appointment
from consultations.models.appointments import midnight
from consultations.statistics import Waits, counted, waits_of
from consultations.workflow import Status

# A median of fewer requests would say more about one of them than about the clinic.
MIN_REQUESTS_FOR_MEDIAN = 5
# Procedures and pages with a line of their own; the rest is one line.
MAX_NAMED_PARTS = 10
# Shown where there is no number.
NONE = "–"

Weeks = dict[date, list[Any]]  # the requests of each week, by its Monday


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


@dataclass(frozen=True)
class Table:
    """The first cell of a row is its heading. ``has_shares``: the third cell is also drawn as a bar.

    ``is_folded``: inside a closed "details" element. The template explains each table by its ``name``.
    """

    name: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    has_shares: bool = False
    chart: Chart | None = None
    is_folded: bool = False


def tables_of(period: Period, now: datetime) -> list[Table]:
    """Return the tables of the requests sent in a period and of its appointments. Four queries."""
    sent = counted().filter(created_at__gte=period.start, created_at__lt=period.end).order_by()
    rows: list[Any] = list(
        sent.values_list(
            *("created_at", "first_contact_at", "status", "status_changed_at", "promised_by"),
            *("procedure_id", "procedure_name", "about", "source_page", "channel"),
            named=True,
        )
    )
    weeks: Weeks = {}
    monday = _monday(period.first)
    while monday <= period.last:
        weeks[monday] = []
        monday += timedelta(days=7)
    for row in rows:
        weeks[_monday(timezone.localdate(row.created_at))].append(row)
    hours = business_hours.load()
    return [
        _first_contact(waits_of(_from_website(rows), hours)),
        _promise(_from_website(rows), now),
        _requests_a_week(weeks),
        _hours_a_week({monday: waits_of(_from_website(week), hours) for monday, week in weeks.items()}),
        *_by_part(
            "procedures",
            period,
            weeks,
            # One procedure is one line, also after it was renamed; a deleted one is known by its name.
            key=lambda row: row.procedure_id or row.procedure_name or row.about,
            label=lambda row: row.procedure_name or str(About(row.about).label),
            column=_("Procedure"),
            captions=(_("What requests were about"), _("What requests were about, week by week")),
        ),
        *_by_part(
            "pages",
            period,
            weeks,
            key=lambda row: row.source_page or row.channel,
            label=_source,
            column=_("Page or channel"),
            captions=(_("Where requests came from"), _("Where requests came from, week by week")),
        ),
        _outcomes(rows),
        _attendance(period),
    ]


def _from_website(rows: list[Any]) -> list[Any]:
    """Leave out the requests that staff took: they had the first contact at once, and no promise."""
    return [row for row in rows if row.channel == Channel.WEBSITE]


def _source(row: Any) -> str:
    is_taken = row.channel != Channel.WEBSITE
    return row.source_page or (str(Channel(row.channel).label) if is_taken else _("Not known"))


def _first_contact(waits: Waits) -> Table:
    return Table(
        name="first-contact",
        caption=_("Time to first contact"),
        columns=(_("Figure"), _("Number")),
        rows=(
            (_("Requests sent"), str(waits.requests)),
            (_("Had a first contact"), _count_and_share(len(waits.answered), waits.requests)),
            (_("Half of all had it within, in clinic hours (median)"), _hours_in_words(waits, 50)),
            (_("Nine of ten had it within, in clinic hours (90th percentile)"), _hours_in_words(waits, 90)),
        ),
    )


def _promise(rows: list[Any], now: datetime) -> Table:
    results = Counter(_promise_result(row, now) for row in rows)
    due = results["kept"] + results["broken"]
    return Table(
        name="promise",
        caption=_("Answered within the promise"),
        columns=(_("Result"), _("Requests")),
        rows=(
            (_("Answered in time"), _count_and_share(results["kept"], due)),
            (_("Answered late, or overdue"), _count_and_share(results["broken"], due)),
            (_("Not due yet"), str(results["ahead"])),
            (_("Closed before the promised time"), str(results["ended"])),
            (_("Nothing was promised"), str(results["none"])),
        ),
    )


def _promise_result(row: Any, now: datetime) -> str:
    if row.promised_by is None:
        return "none"
    if row.first_contact_at is not None:
        return "kept" if row.first_contact_at <= row.promised_by else "broken"
    if row.status in workflow.CLOSED:
        return "ended" if row.status_changed_at < row.promised_by else "broken"
    return "ahead" if row.promised_by >= now else "broken"


def _requests_a_week(weeks: Weeks) -> Table:
    numbers = [len(week) for week in weeks.values()]
    return Table(
        name="weeks",
        caption=_("Requests a week"),
        columns=(_("Week from"), _("Requests")),
        rows=[(_day(monday), str(len(week))) for monday, week in weeks.items()],
        chart=Chart(nice_top(max(numbers)), str(min(numbers)), str(max(numbers)), bars=numbers),
    )


def _hours_a_week(weeks: dict[date, Waits]) -> Table:
    return Table(
        name="hours",
        caption=_("Time to first contact, week by week"),
        columns=(_("Week from"), _("Median, in clinic hours"), _("90th percentile, in clinic hours")),
        rows=[
            (_day(monday), _hours_in_words(waits, 50), _hours_in_words(waits, 90))
            for monday, waits in weeks.items()
        ],
        chart=line_chart(
            [
                waits.hours_for(50) if waits.requests >= MIN_REQUESTS_FOR_MEDIAN else None
                for waits in weeks.values()
            ]
        ),
    )


def _by_part(
    name: str,
    period: Period,
    weeks: Weeks,
    *,
    key: Callable[[Any], Hashable],
    label: Callable[[Any], str],
    column: str,
    captions: tuple[str, str],
) -> Iterator[Table]:
    """Yield a table of the parts with most requests, and one of the same parts week by week."""
    rows = [row for week in weeks.values() for row in week]
    labels, totals = {key(row): label(row) for row in rows}, Counter(map(key, rows))
    ordered = sorted(totals, key=lambda part: (-totals[part], labels[part]))
    parts = [(labels[part], {part}) for part in ordered[:MAX_NAMED_PARTS]]
    if others := set(ordered[MAX_NAMED_PARTS:]):
        parts.append((_("All others"), others))
    yield Table(
        name=name,
        caption=captions[0],
        columns=(column, _("Requests"), _("Share"), _("A week, on average")),
        rows=[
            (words, str(number), percent(number, len(rows)), f"{7 * number / period.days:.1f}")
            for words, keys in parts
            if (number := sum(totals[part] for part in keys))
        ],
        has_shares=True,
    )
    yield Table(
        name=f"{name}-weeks",
        caption=captions[1],
        columns=(_("Week from"), *(words for words, _keys in parts)),
        rows=[
            (_day(monday), *(str(sum(key(row) in keys for row in week)) for _words, keys in parts))
            for monday, week in weeks.items()
        ],
        is_folded=True,
    )


def _outcomes(rows: list[Any]) -> Table:
    statuses = Counter(row.status for row in rows)
    closed = [status for status in Status if status in workflow.CLOSED]
    every = sum(statuses[status] for status in closed)
    still_open = sum(statuses[status] for status in workflow.OPEN)
    return Table(
        name="outcomes",
        caption=_("How requests ended"),
        columns=(_("Outcome"), _("Requests"), _("Share")),
        rows=(
            *(
                (_(workflow.NAMES[status]), str(statuses[status]), percent(statuses[status], every))
                for status in closed
            ),
            (_("Still open"), str(still_open), NONE),
        ),
        has_shares=True,
    )


def _attendance(period: Period) -> Table:
    found = Appointment.objects.filter(starts_at__gte=period.start, starts_at__lt=period.end)
    states = Counter(
        found.exclude(request__status__in=workflow.SET_ASIDE).order_by().values_list("state", flat=True)
    )
    attended, missed = states[Appointment.State.ATTENDED], states[Appointment.State.MISSED]
    return Table(
        name="attendance",
        caption=_("Appointments"),
        columns=(_("Result"), _("Appointments")),
        rows=(
            (_("Took place"), _count_and_share(attended, attended + missed)),
            (_("Did not attend"), _count_and_share(missed, attended + missed)),
        ),
    )


def _hours_in_words(waits: Waits, percentile: int) -> str:
    """Return hours like 5.3, rounded up, or the reason why there is no number."""
    if not waits.requests:
        return NONE
    if waits.requests < MIN_REQUESTS_FOR_MEDIAN:
        return _("fewer than %(fewest)s") % {"fewest": MIN_REQUESTS_FOR_MEDIAN}
    hours = waits.hours_for(percentile)
    return _("not yet") if hours is None else rounded_up(hours)


def percent(part: int, every: int) -> str:
    """Whole percent, rounded down: 100% means all."""
    return f"{100 * part // every}%" if every else NONE


def _count_and_share(part: int, every: int) -> str:
    return f"{part} ({percent(part, every)})" if every else str(part)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _day(day: date) -> str:
    return date_format(day, "j M Y")
