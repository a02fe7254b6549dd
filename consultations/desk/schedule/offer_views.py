"""The time picker: offer an appointment, or record an agreed one."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.clinic import business_hours
from clinic_site.core.http.responses import SeeOther
from consultations import workflow
from consultations.appointments import availability, offers
from consultations.appointments.availability import Day, Time
from consultations.desk.consultation import presence
from consultations.desk.schedule.offer_forms import AGREED, OFFERED, OTHER, WAYS, OfferForm, PickerForm
from consultations.lifecycle import booking, disclosures, errors
from consultations.messaging.context import when
from consultations.messaging.notify import has_deliverable_email
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.staff_pages import GET_AND_POST, VIEW, WORK, member, page, show
from consultations.workflow import Status
from procedures.models import Practitioner

DAYS = 7
OFFER_NOT_ANNOUNCED = gettext_lazy("No email: nobody has been told yet. Call, or write on WhatsApp.")
AGREED_BY_PHONE_ONLY = gettext_lazy("No email: the time was only agreed by phone. Confirm it on WhatsApp.")


@page(VIEW, WORK, methods=GET_AND_POST)
def offer_time(request: HttpRequest, pk: int) -> HttpResponse:
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    if request.method != "POST":
        return _page(request, consultation, PickerForm(request.GET))
    form = OfferForm(request.POST)
    if not form.is_valid():
        return _page(request, consultation, form)
    chosen = form.cleaned_data
    starts_at, *alternatives = chosen["times"]
    try:
        appointment = offers.offer_time(
            consultation,
            chosen["practitioner"],
            starts_at,
            timedelta(minutes=chosen["length"]),
            agreed=chosen["way"] == AGREED,
            actor=member(request),
            version=int(chosen["version"] or -1),
            alternatives=alternatives,
        )
    except errors.TimeTakenError:
        problem = _("A time with %(practitioner)s that you chose is already taken. Choose another.") % {
            "practitioner": chosen["practitioner"]
        }
    except errors.NotAllowedError:
        problem = _("This request cannot get an appointment now. Check its status, then try again.")
    except errors.SomeoneElseChangedError:
        problem = _(
            "Someone else has just changed this request. No changes were saved. You see its current state; "
            "what you chose is still below."
        )
    else:
        return _done(request, consultation, appointment)
    consultation.refresh_from_db()
    return _page(request, consultation, form, problem)


def _done(request: HttpRequest, consultation: ConsultationRequest, appointment: Appointment) -> HttpResponse:
    agreed = appointment.state == Appointment.State.AGREED
    words = _("Agreed: %(when)s, with %(name)s.") if agreed else _("Offered: %(when)s, with %(name)s.")
    on_offer = consultation.appointments.filter(state__in=Appointment.ON_OFFER)
    times = [appointment] if agreed else list(on_offer)
    shown = "; ".join(when(each) for each in times)
    messages.success(request, words % {"when": shown, "name": appointment.practitioner})
    # Past appointments send no notification.
    if not has_deliverable_email(consultation) and appointment.starts_at > timezone.now():
        messages.warning(request, AGREED_BY_PHONE_ONLY if agreed else OFFER_NOT_ANNOUNCED)
    hours = business_hours.load()
    if not all(availability.is_open(hours, each.starts_at, each.ends_at) for each in times):
        messages.warning(request, _("The clinic is closed at this time. Make sure that staff will be there."))
    return SeeOther(reverse("desk:request", args=[consultation.pk]))


def _page(
    request: HttpRequest, consultation: ConsultationRequest, form: PickerForm, problem: str = ""
) -> HttpResponse:
    """The picker; after an error with the problem on top and everything that was chosen."""
    disclosures.record(member(request), [consultation], Disclosure.Kind.OPENED)
    pending = consultation.appointments.filter(state__in=Appointment.PENDING).select_related("practitioner")
    held = [each for each in pending if each.state == Appointment.State.HELD]
    live = next((each for each in pending if each not in held), None)
    today = timezone.localdate()
    is_unmarked = booking.has_begun(live, timezone.now())
    ways = _ways(consultation) if consultation.erased_at is None and not is_unmarked else {}
    form.is_valid()
    errors = form.errors if isinstance(form, OfferForm) else {}
    practitioner = (
        form.cleaned_data.get("practitioner")
        or (live.practitioner if live and live.practitioner.is_active else None)
        or Practitioner.objects.active().first()
    )
    minutes = form.cleaned_data.get("length") or availability.DEFAULT_LENGTH
    first_day = min(max(form.cleaned_data.get("day") or today, today), today + offers.BOOKING_HORIZON)
    days = []
    if practitioner and ways:
        in_week = availability.days(first_day, DAYS, practitioner, exclude=pending)
        days = [(day, day.times(minutes)) for day in in_week]
    return show(
        request,
        "consultations/desk/schedule/picker.html",
        {
            **presence.opened(consultation, member(request)),
            "wishes": consultation.answers_in_words(),
            "live": live,
            "live_when": when(live),
            "held": [when(each) for each in held],
            "practitioner": practitioner,
            "minutes": minutes,
            "first_day": first_day,
            "picker": PickerForm(initial={"practitioner": practitioner, "length": minutes, "day": first_day}),
            "previous": first_day - timedelta(days=DAYS) if first_day > today else None,
            "next": first_day + timedelta(days=DAYS),
            "days": days,
            "ways": ways,
            "is_unmarked": is_unmarked,
            "chosen": _chosen(request, form, ways, days),
            "problem": problem,
            "errors": errors,
        },
        title=_("A time for %(reference)s") % {"reference": consultation.reference},
        status=409 if problem else 400 if errors else 200,
    )


def _ways(consultation: ConsultationRequest) -> dict[str, str]:
    """Return the choices "offered" and "agreed" that the status allows."""
    status = consultation.status
    return {
        way: str(words)
        for way, words in WAYS.items()
        if (to := offers.status_after(status, agreed=way == AGREED)) == status
        or workflow.may_follow(status, to)
    }


def _chosen(
    request: HttpRequest, form: PickerForm, ways: dict[str, str], days: list[tuple[Day, list[Time]]]
) -> dict[str, Any]:
    """Return what was sent, or the defaults."""
    usual = AGREED if request.GET.get("to") == Status.CONFIRMED else OFFERED
    sent = {
        "other_day": "",
        "other_time": "",
        "way": usual if usual in ways else next(iter(ways), ""),
    }
    sent |= {name: request.POST[name] for name in sent if name in request.POST}
    free = {time.at.isoformat() for _day, times in days for time in times if not time.taken_by}
    starts = request.POST.getlist("starts")
    times: list[datetime] = form.cleaned_data.get("times", [])
    for starts_at in times:
        if OTHER not in starts and starts_at.isoformat() not in free:
            # It is no longer in the list, so it is put into the field for a typed time and not lost.
            local = timezone.localtime(starts_at)
            sent |= {"other_day": f"{local:%Y-%m-%d}", "other_time": f"{local:%H:%M}"}
            starts.append(OTHER)
    return {**sent, "starts": starts}
