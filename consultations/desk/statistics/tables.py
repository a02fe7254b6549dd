"""The statistics as tables of text: the same for the page and the CSV file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from consultations import workflow
from consultations.desk.statistics import charts
from consultations.statistics import MIN_REQUESTS_FOR_MEDIAN, Part, Statistics, Waits
from consultations.workflow import Status

# Shown where there is no number.
NONE = "–"


@dataclass(frozen=True)
class Table:
    """The first cell of a row is its heading; ``meaning`` explains the numbers in two sentences.

    ``shares``: the percentage of each row, drawn as a bar. ``chart`` is described by ``summary``.
    ``is_folded``: inside a closed "details" element.
    """

    name: str
    caption: str
    meaning: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[int, ...] = ()
    chart: charts.Chart | None = None
    summary: str = ""
    is_folded: bool = False

    @property
    def rows_with_shares(self) -> list[tuple[tuple[str, ...], int | None]]:
        shares: Sequence[int | None] = self.shares or [None] * len(self.rows)
        return list(zip(self.rows, shares, strict=True))

    @property
    def ends(self) -> tuple[str, str] | None:
        """The headings of the first and last row: the labels of a chart's axis."""
        return (self.rows[0][0], self.rows[-1][0]) if self.rows else None


def tables_of(statistics: Statistics) -> list[Table]:
    return [
        _first_contact(statistics),
        _promise(statistics),
        _requests_a_week(statistics),
        _hours_a_week(statistics),
        *_by_part(
            statistics,
            statistics.procedures,
            name="procedures",
            column=_("Procedure"),
            caption=_("What requests were about"),
            week_by_week=_("What requests were about, week by week"),
            meaning=_("What the patient chose in the form. The ten most frequent have a line each."),
        ),
        *_by_part(
            statistics,
            statistics.pages,
            name="pages",
            column=_("Page"),
            caption=_("Where requests came from"),
            week_by_week=_("Where requests came from, week by week"),
            meaning=_(
                "The page of this site that the patient read before the form. "
                "“Not known”: came directly to the form, or the browser does not say."
            ),
        ),
        _outcomes(statistics),
        _attendance(statistics),
    ]


def _first_contact(statistics: Statistics) -> Table:
    waits = statistics.waits
    return Table(
        name="first-contact",
        caption=_("Time to first contact"),
        meaning=_(
            "How long the clinic was open between a request and the first contact with the patient: a call "
            "that was answered, or a message. Requests without one count as the slowest."
        ),
        columns=(_("Figure"), _("Number")),
        rows=(
            (_("Requests sent"), str(waits.requests)),
            (_("Had a first contact"), _count_and_share(len(waits.answered), waits.requests)),
            (_("Half of all had it within, in clinic hours (median)"), hours_in_words(waits, 50)),
            (_("Nine of ten had it within, in clinic hours (90th percentile)"), hours_in_words(waits, 90)),
        ),
    )


def _promise(statistics: Statistics) -> Table:
    promise = statistics.promise
    return Table(
        name="promise",
        caption=_("Answered within the promise"),
        meaning=_(
            "Each patient is promised an answer by a day and time. The percentages are of the requests that "
            "were answered, or whose promised time has passed."
        ),
        columns=(_("Result"), _("Requests")),
        rows=(
            (_("Answered in time"), _count_and_share(promise.kept, promise.due)),
            (_("Answered late, or overdue"), _count_and_share(promise.broken, promise.due)),
            (_("Not due yet"), str(promise.ahead)),
            (_("Closed before the promised time"), str(promise.ended)),
            (
                _("Nothing was promised"),
                str(statistics.waits.requests - promise.due - promise.ahead - promise.ended),
            ),
        ),
    )


def _requests_a_week(statistics: Statistics) -> Table:
    numbers = [week.requests for week in statistics.weeks]
    return Table(
        name="weeks",
        caption=_("Requests a week"),
        meaning=_(
            "How many requests were sent in each week, from Monday to Sunday. "
            "The first and last week may be cut short by the chosen days."
        ),
        columns=(_("Week from"), _("Requests")),
        rows=tuple(
            (_day(monday), str(number))
            for monday, number in zip(statistics.period.mondays, numbers, strict=True)
        ),
        chart=charts.bars(numbers),
        summary=_("A bar for each week. The least is %(least)s, the most %(most)s.")
        % {"least": min(numbers), "most": max(numbers)},
    )


def _hours_a_week(statistics: Statistics) -> Table:
    medians = [None if week.are_few else week.hours_for(50) for week in statistics.weeks]
    known = [rounded_up(median) for median in medians if median is not None]
    return Table(
        name="hours",
        caption=_("Time to first contact, week by week"),
        meaning=_(
            "Within how many clinic hours half of each week’s requests, and nine of ten, had a first "
            "contact. “Fewer than 5”: too few requests; “not yet”: too many still have no contact."
        ),
        columns=(_("Week from"), _("Median, in clinic hours"), _("90th percentile, in clinic hours")),
        rows=tuple(
            (_day(monday), hours_in_words(week, 50), hours_in_words(week, 90))
            for monday, week in zip(statistics.period.mondays, statistics.weeks, strict=True)
        ),
        chart=charts.line(medians),
        summary=_("A line of each week’s median. The least is %(least)s hours, the most %(most)s.")
        % {"least": min(known, key=float), "most": max(known, key=float)}
        if known
        else _("There is no week with enough requests to draw a line."),
    )


def _by_part(
    statistics: Statistics,
    parts: Sequence[Part],
    *,
    name: str,
    column: str,
    caption: str,
    week_by_week: str,
    meaning: str,
) -> Iterator[Table]:
    every, weeks = statistics.waits.requests, statistics.period.days / 7
    names = [_name_of(part) for part in parts]
    yield Table(
        name=name,
        caption=caption,
        meaning=meaning,
        columns=(column, _("Requests"), _("Share"), _("A week, on average")),
        rows=tuple(
            (label, str(part.requests), percent(part.requests, every), f"{part.requests / weeks:.1f}")
            for label, part in zip(names, parts, strict=True)
        ),
        shares=tuple(100 * part.requests // every for part in parts),
    )
    yield Table(
        name=f"{name}-weeks",
        caption=week_by_week,
        meaning=_(
            "How many requests of each were sent in each week, from Monday to Sunday. "
            "The columns are the lines of the table before."
        ),
        columns=(_("Week from"), *names),
        rows=tuple(
            (_day(monday), *(str(part.weeks[week]) for part in parts))
            for week, monday in enumerate(statistics.period.mondays)
        ),
        is_folded=True,
    )


def _outcomes(statistics: Statistics) -> Table:
    closed = {status: statistics.statuses.get(status, 0) for status in Status if status in workflow.CLOSED}
    every = sum(closed.values())
    still_open = sum(statistics.statuses.get(status, 0) for status in workflow.OPEN)
    return Table(
        name="outcomes",
        caption=_("How requests ended"),
        meaning=_(
            "The outcome of closed requests, with its percentage of all closed ones. "
            "A reopened request counts as open until it is closed again."
        ),
        columns=(_("Outcome"), _("Requests"), _("Share")),
        rows=(
            *(
                (_(workflow.NAMES[status]), str(number), percent(number, every))
                for status, number in closed.items()
            ),
            (_("Still open"), str(still_open), NONE),
        ),
        shares=(*(100 * number // max(every, 1) for number in closed.values()), 0),
    )


def _attendance(statistics: Statistics) -> Table:
    attendance = statistics.attendance
    return Table(
        name="attendance",
        caption=_("Appointments"),
        meaning=_(
            "The appointments on the chosen days that took place, and those the patient missed. "
            "Canceled ones, and those without recorded attendance, are not counted."
        ),
        columns=(_("Result"), _("Appointments")),
        rows=(
            (_("Took place"), _count_and_share(attendance.attended, attendance.due)),
            (_("Did not attend"), _count_and_share(attendance.missed, attendance.due)),
        ),
    )


def hours_in_words(waits: Waits, percentile: int) -> str:
    """Return hours like 5.3, rounded up, or the reason why there is no number."""
    if not waits.requests:
        return NONE
    if waits.are_few:
        return _("fewer than %(fewest)s") % {"fewest": MIN_REQUESTS_FOR_MEDIAN}
    hours = waits.hours_for(percentile)
    return _("not yet") if hours is None else rounded_up(hours)


def rounded_up(hours: float) -> str:
    """Round up to tenths of an hour, never in the clinic's favor."""
    return f"{ceil(round(hours * 10, 6)) / 10:.1f}"


def percent(part: int, every: int) -> str:
    """Whole percent, rounded down: 100% means all."""
    return f"{100 * part // every}%" if every else NONE


def _count_and_share(part: int, every: int) -> str:
    return f"{part} ({percent(part, every)})" if every else str(part)


def _name_of(part: Part) -> str:
    return _("All others") if part.name is None else part.name or _("Not known")


def _day(day: date) -> str:
    return date_format(day, "j M Y")
