"""The week page: appointments of one practitioner or all, also for printing."""

from datetime import date, timedelta
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clinic_site.core.text import plain_line
from consultations.appointments import availability
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure
from consultations.staff_pages import VIEW, WORK, member, page, show
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
@require_safe
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
            "days": [
                (day, [(found, first_name(found.request)) for found in day.appointments]) for day in days
            ],
            "today": availability.today(),
            "practitioner": practitioner,
            "monday": monday,
            "sunday": days[-1].date,
            "previous": address(monday - timedelta(days=DAYS), practitioner),
            "next": address(monday + timedelta(days=DAYS), practitioner),
            "this_week": address(None, practitioner),
            "may_work": request.user.has_perm(WORK),
        },
        title=_("Week"),
    )


def monday_of(day: date | None) -> date:
    today = availability.today()
    if day is None or abs(day - today) > MAX_DISTANCE:
        day = today
    return day - timedelta(days=day.weekday())


def first_name(request: ConsultationRequest) -> str:
    """Return the patient's first name, "" for an erased request."""
    words = plain_line(request.patient_name).split()
    return words[0] if words else ""


def address(day: date | None, practitioner: Practitioner | None) -> str:
    chosen = {"day": day.isoformat() if day else "", "practitioner": practitioner.pk if practitioner else ""}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return reverse("desk:week") + (f"?{query}" if query else "")
