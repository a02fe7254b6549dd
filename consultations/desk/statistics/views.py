"""The statistics: how soon requests are answered, what they are about and how they end. For managers.

No personal detail is in them, so nothing is written down about who looked.
"""

import csv
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from clinic_site.core.form_fields import says
from consultations.data_rights.csv_export import BYTE_ORDER_MARK, as_cell
from consultations.desk.statistics.tables import Table, tables_of
from consultations.staff_pages import VIEW, page, show
from consultations.statistics import Period, statistics_of

VIEW_STATISTICS = "consultations.view_statistics"
PRESET_DAYS = (30, 90, 365)
# Two years, with a leap day.
MAX_DAYS = 731
EARLIEST = date(2000, 1, 1)


class PeriodForm(forms.Form):
    """``?days=90``, or ``?first=2026-01-01&last=2026-03-31``; by default the last 30 days."""

    use_required_attribute = False

    days = forms.TypedChoiceField(
        choices=[(number, number) for number in PRESET_DAYS],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.HiddenInput,
        error_messages=says(_("Choose the last 30, 90 or 365 days.")),
    )
    first = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages=says(_("Enter the first day, like 2026-11-01.")),
    )
    last = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages=says(_("Enter the last day, like 2026-11-30.")),
    )

    def clean_first(self) -> date | None:
        first: date | None = self.cleaned_data["first"]
        if first and first < EARLIEST:
            raise ValidationError(_("Choose a first day after 1999."))
        return first

    def clean_last(self) -> date | None:
        last: date | None = self.cleaned_data["last"]
        if last and last > _today():
            raise ValidationError(_("Choose a last day that is not after today."))
        return last

    def clean(self) -> dict[str, Any]:
        answered = super().clean() or self.cleaned_data
        first, last = answered.get("first"), answered.get("last")
        if first and last and last < first:
            self.add_error("last", _t("The last day cannot be before the first."))
        elif first and last and (last - first).days >= MAX_DAYS:
            self.add_error("last", _t("Choose two years at most."))
        elif self.errors or answered.get("days") or not (first or last):
            return answered
        elif not first:
            self.add_error("first", _t("Enter the first day, like 2026-11-01."))
        elif not last:
            self.add_error("last", _t("Enter the last day, like 2026-11-30."))
        return answered

    @property
    def preset_days(self) -> int | None:
        """The number of last days; None where first and last day are given."""
        answered = self.cleaned_data
        days: int | None = answered["days"]
        return days or (None if answered["first"] else PRESET_DAYS[0])

    @property
    def period(self) -> Period:
        if days := self.preset_days:
            today = _today()
            return Period(today - timedelta(days=days - 1), today)
        return Period(self.cleaned_data["first"], self.cleaned_data["last"])


@require_safe
@page(VIEW, VIEW_STATISTICS)
def statistics(request: HttpRequest) -> HttpResponse:
    """The page, or with ``?format=csv`` the file."""
    return _file(request) if request.GET.get("format") == "csv" else _page(request)


@require_safe
@page(VIEW, VIEW_STATISTICS)
def statistics_csv(request: HttpRequest) -> HttpResponse:
    return _file(request)


def _file(request: HttpRequest) -> HttpResponse:
    """The tables one below the other; the page with its errors for an invalid period."""
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return _page(request)
    period = form.period
    name = f"statistics-{period.first:%Y-%m-%d}-{period.last:%Y-%m-%d}.csv"
    response = HttpResponse(
        BYTE_ORDER_MARK,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    write = csv.writer(response).writerow
    write([_t("Requests sent from"), f"{period.first:%Y-%m-%d}", _t("to"), f"{period.last:%Y-%m-%d}"])
    for table in _tables(period):
        write([])
        write([table.caption])
        for row in (table.columns, *table.rows):
            write([as_cell(cell) for cell in row])
    return response


def _page(request: HttpRequest) -> HttpResponse:
    asked = PeriodForm(request.GET)
    period = asked.period if asked.is_valid() else None
    return show(
        request,
        "consultations/desk/statistics/statistics.html",
        {
            "form": PeriodForm(initial={"first": period.first, "last": period.last}) if period else asked,
            "period": period,
            "tables": _tables(period) if period else [],
            "presets": [(days, asked.is_valid() and asked.preset_days == days) for days in PRESET_DAYS],
            "subtitle": "" if period else _t("Error"),
        },
        title=_t("Statistics"),
    )


def _tables(period: Period) -> list[Table]:
    return tables_of(statistics_of(period, timezone.now()))


def _today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())
