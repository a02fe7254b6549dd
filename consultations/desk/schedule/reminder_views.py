"""The page of today's manual reminders."""

from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.core.http.responses import SeeOther
from consultations.appointments import reminders as reminding
from consultations.appointments.availability import appointment_problems
from consultations.lifecycle import disclosures
from consultations.models import Appointment, Disclosure
from consultations.models.appointments import midnight
from consultations.staff_pages import POST, VIEW, WORK, member, page, show


@page(VIEW)
def reminders(request: HttpRequest) -> HttpResponse:
    now, hours = timezone.now(), business_hours.load()
    due, by_mail = list(reminding.due_manually(now, hours)), list(reminding.waiting_for_mail(now))
    disclosures.record(member(request), [found.request for found in due], Disclosure.Kind.LISTED)
    return show(
        request,
        "consultations/desk/schedule/reminders.html",
        {
            "calls": reminding.manual_reminders(due, hours),
            "reminded": reminding.reminded_since(midnight(timezone.localdate()), now),
            "by_mail": len(by_mail),
            "by_mail_with_problems": [
                (time, found) for time in by_mail if (found := appointment_problems(time, hours))
            ],
            "may_work": request.user.has_perm(WORK),
        },
        title=_("Reminders for today"),
    )


@page(VIEW, WORK, methods=POST)
def done(request: HttpRequest, pk: int) -> HttpResponse:
    appointment = get_object_or_404(Appointment.objects.select_related("request"), pk=pk)
    reference = {"reference": appointment.request.reference}
    if reminding.mark_reminded(appointment, actor=member(request)):
        messages.success(request, _("%(reference)s: reminded.") % reference)
    else:
        words = _("%(reference)s: already reminded, or the appointment has changed.")
        messages.warning(request, words % reference)
    return SeeOther(reverse("desk:reminders"))


class UndoForm(forms.Form):
    # The mark that was on the screen. Outside these limits, times cannot be converted between time zones.
    reminded_at = forms.DateTimeField(
        validators=[
            MinValueValidator(datetime(2000, 1, 1, tzinfo=UTC)),
            MaxValueValidator(datetime(2100, 1, 1, tzinfo=UTC)),
        ]
    )


@page(VIEW, WORK, methods=POST)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    appointment = get_object_or_404(Appointment.objects.select_related("request"), pk=pk)
    form, reference = UndoForm(request.POST), {"reference": appointment.request.reference}
    if form.is_valid() and reminding.unmark_reminded(
        appointment, reminded_at=form.cleaned_data["reminded_at"], actor=member(request)
    ):
        messages.success(request, _("%(reference)s: back on the list.") % reference)
    else:
        messages.warning(request, _("%(reference)s: nothing was changed.") % reference)
    return SeeOther(reverse("desk:reminders"))
