"""The figures as tables of plain words and numbers: one for the page and for the file alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from consultations import workflow
from consultations.desk.statistics import charts
from consultations.statistics import FEWEST, Figures, Part, Waits
from consultations.workflow import Status

# In place of a number that there is not.
NONE = "–"


@dataclass(frozen=True)
class Table:
    """The first cell of a row names it. ``meaning`` says in two sentences what the numbers are.

    ``shares``: for each row its part of all in percent, drawn as a bar. ``chart``: drawn beside the table,
    and in words as ``summary``. ``is_folded``: shown when somebody opens it.
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
        """The names of the first and the last row, which stand under a chart."""
        return (self.rows[0][0], self.rows[-1][0]) if self.rows else None


def tables_of(figures: Figures) -> list[Table]:
    return [
        _first_contact(figures),
        _promise(figures),
        _requests_a_week(figures),
        _hours_a_week(figures),
        *_by_part(
            figures,
            figures.procedures,
            name="procedures",
            column=_("Procedure"),
            caption=_("What requests were about"),
            week_by_week=_("What requests were about, week by week"),
            meaning=_(
                "What the patient chose in the form. The ten that were chosen most often have a line each."
            ),
        ),
        *_by_part(
            figures,
            figures.pages,
            name="pages",
            column=_("Page"),
            caption=_("Where requests came from"),
            week_by_week=_("Where requests came from, week by week"),
            meaning=_(
                "The page of this site that the patient read before the form. "
                "“Not known” came straight to the form, or their browser does not tell."
            ),
        ),
        _outcomes(figures),
        _attendance(figures),
    ]


def _first_contact(figures: Figures) -> Table:
    waits = figures.waits
    return Table(
        name="first-contact",
        caption=_("Time to first contact"),
        meaning=_(
            "How long the clinic was open between a request and the first call or message to the patient, "
            "also if nobody picked up. Requests that wait without one count as the slowest."
        ),
        columns=(_("Figure"), _("Number")),
        rows=(
            (_("Requests sent"), str(waits.requests)),
            (_("Had a first contact"), _count_and_share(len(waits.answered), waits.requests)),
            (_("Half of all had it within, in clinic hours (median)"), hours_in_words(waits, 50)),
            (_("Nine of ten had it within, in clinic hours (90th percentile)"), hours_in_words(waits, 90)),
        ),
    )


def _promise(figures: Figures) -> Table:
    promise = figures.promise
    return Table(
        name="promise",
        caption=_("Answered within the promise"),
        meaning=_(
            "Each patient is told a day and time by which the clinic answers. The shares are of the requests "
            "that were answered, or whose time has come."
        ),
        columns=(_("What became of it"), _("Requests")),
        rows=(
            (_("Answered in time"), _count_and_share(promise.kept, promise.due)),
            (_("Answered late, or overdue"), _count_and_share(promise.broken, promise.due)),
            (_("Still has time"), str(promise.ahead)),
            (_("Ended before its time came"), str(promise.ended)),
            (
                _("Nothing was promised"),
                str(figures.waits.requests - promise.due - promise.ahead - promise.ended),
            ),
        ),
    )


def _requests_a_week(figures: Figures) -> Table:
    numbers = [week.requests for week in figures.weeks]
    return Table(
        name="weeks",
        caption=_("Requests a week"),
        meaning=_(
            "How many requests were sent in each week, from Monday to Sunday. "
            "The first and the last week may be cut short by the days that are chosen."
        ),
        columns=(_("Week from"), _("Requests")),
        rows=tuple((_day(monday), str(number)) for monday, number in _by_week(figures, numbers)),
        chart=charts.bars(numbers),
        summary=_("A bar for each week. The least is %(least)s, the most %(most)s.")
        % {"least": min(numbers), "most": max(numbers)},
    )


def _hours_a_week(figures: Figures) -> Table:
    medians = [None if week.are_few else week.hours_for(50) for week in figures.weeks]
    known = [rounded_up(median) for median in medians if median is not None]
    return Table(
        name="hours",
        caption=_("Time to first contact, week by week"),
        meaning=_(
            "Within how many clinic hours half of each week’s requests, and nine of ten, had a first "
            "contact. “Fewer than 5”: too few requests to tell; “not yet”: too many wait without a contact."
        ),
        columns=(_("Week from"), _("Median, in clinic hours"), _("90th percentile, in clinic hours")),
        rows=tuple(
            (_day(monday), hours_in_words(week, 50), hours_in_words(week, 90))
            for monday, week in zip(figures.period.mondays, figures.weeks, strict=True)
        ),
        chart=charts.line(medians),
        summary=_("A line of each week’s median. The least is %(least)s hours, the most %(most)s.")
        % {"least": min(known, key=float), "most": max(known, key=float)}
        if known
        else _("There is no week with enough requests to draw a line."),
    )


def _by_part(
    figures: Figures,
    parts: Sequence[Part],
    *,
    name: str,
    column: str,
    caption: str,
    week_by_week: str,
    meaning: str,
) -> Iterator[Table]:
    every, weeks = figures.waits.requests, figures.period.days / 7
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
            for week, monday in enumerate(figures.period.mondays)
        ),
        is_folded=True,
    )


def _outcomes(figures: Figures) -> Table:
    closed = {status: figures.statuses.get(status, 0) for status in Status if status in workflow.CLOSED}
    every = sum(closed.values())
    still_open = sum(figures.statuses.get(status, 0) for status in workflow.OPEN)
    return Table(
        name="outcomes",
        caption=_("How requests ended"),
        meaning=_(
            "Where the requests that are closed ended; the share is that of all closed ones. "
            "One that is opened again counts as open until it ends again."
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


def _attendance(figures: Figures) -> Table:
    attendance = figures.attendance
    return Table(
        name="attendance",
        caption=_("Appointments"),
        meaning=_(
            "The appointments on the chosen days that took place, and those to which the patient did not "
            "come. Canceled ones, and those that nobody has marked yet, are not counted."
        ),
        columns=(_("What became of it"), _("Appointments")),
        rows=(
            (_("Took place"), _count_and_share(attendance.attended, attendance.due)),
            (_("Did not attend"), _count_and_share(attendance.missed, attendance.due)),
        ),
    )


def hours_in_words(waits: Waits, percentile: int) -> str:
    """5.3, rounded up; or why there is no number."""
    if not waits.requests:
        return NONE
    if waits.are_few:
        return _("fewer than %(fewest)s") % {"fewest": FEWEST}
    hours = waits.hours_for(percentile)
    return _("not yet") if hours is None else rounded_up(hours)


def rounded_up(hours: float) -> str:
    """To a tenth of an hour: 0.1 is six minutes. A promise is never rounded in the clinic's favor."""
    return f"{ceil(round(hours * 10, 6)) / 10:.1f}"


def percent(part: int, every: int) -> str:
    """Whole percent, rounded down: 100% is all of them."""
    return f"{100 * part // every}%" if every else NONE


def _count_and_share(part: int, every: int) -> str:
    return f"{part} ({percent(part, every)})" if every else str(part)


def _name_of(part: Part) -> str:
    return _("All others") if part.name is None else part.name or _("Not known")


def _by_week(figures: Figures, numbers: Sequence[int]) -> Iterator[tuple[date, int]]:
    return zip(figures.period.mondays, numbers, strict=True)


def _day(day: date) -> str:
    return date_format(day, "j M Y")
