"""The week page: appointments of one practitioner or all, also for printing."""

from datetime import date, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consultations.appointments import availability
from consultations.lifecycle import disclosures
from consultations.models import Disclosure
from consultations.staff_pages import VIEW, member, page, show
from procedures.models import Practitioner

DAYS = 7
# Further away, the page shows the current week.
MAX_DISTANCE = timedelta(days=10 * 366)


class WeekForm(forms.Form):
    """The week of a day, and a practitioner. Invalid values are ignored."""

    day = forms.DateField(
        label=gettext_lazy("Week of"), required=False, widget=forms.DateInput({"type": "date"})
    )
    practitioner = forms.ModelChoiceField(
        Practitioner.objects.all(),
        label=gettext_lazy("Practitioner"),
        required=False,
        empty_label=gettext_lazy("All practitioners"),
    )


@page(VIEW)
def week(request: HttpRequest) -> HttpResponse:
    form = WeekForm(request.GET)
    form.is_valid()
    practitioner: Practitioner | None = form.cleaned_data.get("practitioner")
    monday = monday_of(form.cleaned_data.get("day"))
    days = availability.days(monday, DAYS, practitioner)
    seen = {found.request_id: found.request for day in days for found in day.appointments}
    disclosures.record(member(request), seen.values(), Disclosure.Kind.LISTED)
    return show(
        request,
        "consultations/desk/schedule/week.html",
        {
            "form": WeekForm(initial={"day": monday, "practitioner": practitioner}),
            "days": days,
            "today": timezone.localdate(),
            "practitioner": practitioner,
            "monday": monday,
            "sunday": days[-1].date,
            "previous": monday - timedelta(days=DAYS),
            "next": monday + timedelta(days=DAYS),
        },
        title=_("Week"),
    )


def monday_of(day: date | None) -> date:
    today = timezone.localdate()
    if day is None or abs(day - today) > MAX_DISTANCE:
        day = today
    return day - timedelta(days=day.weekday())
