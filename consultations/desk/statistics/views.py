"""The statistics: how soon requests are answered, what they are about and how they end. For managers.

They contain no personal details, so views are not recorded.
"""

import csv
from datetime import date, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import says
from consultations.data_rights.csv_export import BYTE_ORDER_MARK, as_cell
from consultations.desk.statistics.tables import Period, Table, tables_of
from consultations.staff_pages import VIEW, page, show

PRESET_DAYS = (30, 90, 365)
# Two years, with a leap day.
MAX_DAYS = 731
FIRST_DAY, LAST_DAY = _("Enter the first day, like 2026-11-01."), _("Enter the last day, like 2026-11-30.")


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
        validators=[MinValueValidator(date(2000, 1, 1), _("Choose a first day after 1999."))],
        error_messages=says(FIRST_DAY),
    )
    last = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MaxValueValidator(timezone.localdate, _("Choose a last day that is not after today."))],
        error_messages=says(LAST_DAY),
    )

    def clean(self) -> None:
        days, first, last = (self.cleaned_data.get(name) for name in ("days", "first", "last"))
        if self.errors or days or not (first or last):
            return
        if not first:
            self.add_error("first", FIRST_DAY)
        elif not last:
            self.add_error("last", LAST_DAY)
        elif last < first:
            self.add_error("last", _("The last day cannot be before the first."))
        elif (last - first).days >= MAX_DAYS:
            self.add_error("last", _("Choose two years at most."))

    @property
    def preset_days(self) -> int | None:
        """The number of last days; None where first and last day are given."""
        if self.cleaned_data["first"] and not self.cleaned_data["days"]:
            return None
        return self.cleaned_data["days"] or PRESET_DAYS[0]

    @property
    def period(self) -> Period:
        if days := self.preset_days:
            today = timezone.localdate()
            return Period(today - timedelta(days=days - 1), today)
        return Period(self.cleaned_data["first"], self.cleaned_data["last"])


@page(VIEW, "consultations.view_statistics")
def statistics(request: HttpRequest) -> HttpResponse:
    """The page, or with ``?format=csv`` the file. An invalid period shows the page with its errors."""
    form = PeriodForm(request.GET)
    period = form.period if form.is_valid() else None
    tables = tables_of(period, timezone.now()) if period else []
    if period and request.GET.get("format") == "csv":
        return _file(period, tables)
    return show(
        request,
        "consultations/desk/statistics/statistics.html",
        {
            "form": PeriodForm(initial={"first": period.first, "last": period.last}) if period else form,
            "period": period,
            "tables": tables,
            "presets": PRESET_DAYS,
            "shown_preset": form.preset_days if period else None,
            "subtitle": "" if period else _t("Error"),
        },
        title=_t("Statistics"),
    )


def _file(period: Period, tables: list[Table]) -> HttpResponse:
    """The tables one below the other."""
    response = HttpResponse(
        BYTE_ORDER_MARK,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="statistics-{period.first}-{period.last}.csv"'
        },
    )
    write = csv.writer(response).writerow
    write([_t("Requests sent from"), period.first, _t("to"), period.last])
    for table in tables:
        write([])
        write([table.caption])
        for row in (table.columns, *table.rows):
            write([as_cell(cell) for cell in row])
    return response
