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
from django.utils.translation import gettext_lazy

from clinic_site.clinic import business_hours
from clinic_site.core.form_fields import HiddenPattern
from clinic_site.core.http.responses import SeeOther
from consultations.appointments import reminders as reminding
from consultations.appointments.availability import appointment_problems
from consultations.appointments.reminder_answers import Answer, record_answer
from consultations.desk.consultation.text_views import answer_with_text
from consultations.lifecycle import disclosures, patient_texts
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.messaging.catalogue import REMINDER
from consultations.models import Appointment, Disclosure
from consultations.models.appointments import midnight
from consultations.staff_pages import POST, VIEW, WORK, member, page, show

CHANGED = gettext_lazy("%(reference)s: the request has changed. See the list as it is now.")
ANSWERED = {
    Answer.NO_ANSWER: gettext_lazy("%(reference)s: no answer. It stays on the list."),
    Answer.WILL_COME: gettext_lazy("%(reference)s: reminded, and will come."),
    Answer.WILL_NOT_COME: gettext_lazy(
        "%(reference)s: will not come. The appointment is canceled, and the request is to be contacted again."
    ),
    Answer.ANOTHER_TIME: gettext_lazy(
        "%(reference)s: wants another time. The appointment is kept until another is agreed."
    ),
}


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
    if request.POST.get("sent") == "no":
        consultation, version = appointment.request, appointment.request.version
        try:
            patient_texts.record_not_sent(consultation, REMINDER, actor=member(request), version=version)
        except (SomeoneElseChangedError, NotAllowedError):  # in this moment, or erased
            messages.warning(request, CHANGED % reference)
        else:
            messages.success(request, _("%(reference)s: not sent.") % reference)
        return SeeOther(reverse("desk:reminders"))
    if reminding.mark_reminded(appointment, actor=member(request)):
        messages.success(request, _("%(reference)s: reminded.") % reference)
    else:
        words = _("%(reference)s: already reminded, or the appointment has changed.")
        messages.warning(request, words % reference)
    return SeeOther(reverse("desk:reminders"))


class AnswerForm(forms.Form):
    version = HiddenPattern(r"[0-9]{1,9}")
    answer = forms.ChoiceField(choices=Answer)


@page(VIEW, WORK, methods=POST)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    appointment = get_object_or_404(Appointment.objects.select_related("request"), pk=pk)
    form, words = AnswerForm(request.POST), {"reference": appointment.request.reference}
    if not form.is_valid():
        messages.warning(request, _("%(reference)s: nothing was changed.") % words)
        return SeeOther(reverse("desk:reminders"))
    chosen = form.cleaned_data["answer"]
    try:
        record_answer(
            appointment, chosen, actor=member(request), version=int(form.cleaned_data["version"] or -1)
        )
    except SomeoneElseChangedError:
        problem = _("%(reference)s: someone else has just changed this request. Nothing was changed.")
        messages.warning(request, problem % words)
    except NotAllowedError:
        already = _("%(reference)s: already reminded, or the appointment has changed.")
        messages.warning(request, already % words)
    else:
        messages.success(request, ANSWERED[chosen] % words)
    return SeeOther(reverse("desk:reminders"))


@page(VIEW, WORK, methods=POST)
def open_text(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a chat with the reminder. *Sent* is the button of the list."""
    appointment = get_object_or_404(Appointment.objects.select_related("request"), pk=pk)
    consultation, channel = appointment.request, request.POST.get("channel", "")
    version = HiddenPattern(r"[0-9]{1,9}").clean(request.POST.get("version"))
    try:
        text = patient_texts.open_text(
            consultation, REMINDER, channel, actor=member(request), version=int(version or -1)
        )
    except (SomeoneElseChangedError, NotAllowedError):
        messages.warning(request, CHANGED % {"reference": consultation.reference})
        return SeeOther(reverse("desk:reminders"))
    return answer_with_text(
        request,
        consultation,
        kind=REMINDER,
        channel=channel,
        text=text,
        sent=reverse("desk:reminder_done", args=[pk]),
        back=reverse("desk:reminders"),
    )


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
