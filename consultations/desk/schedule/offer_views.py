"""The time picker: offer an appointment, or record an agreed one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.core.http.responses import SeeOther
from consultations.appointments import availability, offers
from consultations.desk.consultation import presence
from consultations.desk.schedule.offer_forms import (
    AGREED,
    LENGTHS,
    OFFERED,
    OTHER,
    OfferForm,
    PickerFilterForm,
    ways,
)
from consultations.desk.schedule.time_picker import picker_day
from consultations.lifecycle import booking, disclosures, errors
from consultations.messaging import context as message_context
from consultations.messaging import notify
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.staff_pages import VIEW, WORK, member, page, show
from consultations.workflow import Status
from procedures.models import Practitioner

DAYS = 7
OFFER_NOT_ANNOUNCED = gettext_lazy("No email: the patient has not been told yet. Call, or write by WhatsApp.")
AGREED_BY_PHONE_ONLY = gettext_lazy("No email: the patient has only heard this time. Confirm it by WhatsApp.")


@page(VIEW, WORK)
@require_http_methods(["GET", "HEAD", "POST"])
def offer_time(request: HttpRequest, pk: int) -> HttpResponse:
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    if request.method != "POST":
        return _page(request, consultation)
    form = OfferForm(request.POST)
    if not form.is_valid():
        return _page(request, consultation, form)
    actor, chosen = member(request), form.cleaned_data
    try:
        appointment = offers.offer_time(
            consultation,
            chosen["practitioner"],
            chosen["starts_at"],
            form.length_as_time,
            agreed=chosen["way"] == AGREED,
            actor=actor,
            expected_status=chosen["expected_status"],
            expected_appointment=chosen["expected_appointment"],
        )
    except errors.TimeTakenError:
        problem = _("This time with %(practitioner)s is already taken. Choose another.")
        return _page(request, consultation, form, problem % {"practitioner": chosen["practitioner"]})
    except errors.NotAllowedError:
        problem = _("This request cannot get an appointment now. Check its status, then try again.")
        return _page(request, consultation, form, problem)
    except errors.SomeoneElseChangedError:
        return _someone_else(request, consultation, form, actor)
    return _done(request, consultation, appointment)


def _done(request: HttpRequest, consultation: ConsultationRequest, appointment: Appointment) -> HttpResponse:
    agreed = appointment.state == Appointment.State.AGREED
    words = (
        _("Agreed: %(when)s, with %(practitioner)s.")
        if agreed
        else _("Offered: %(when)s, with %(practitioner)s.")
    )
    messages.success(
        request, words % {"when": message_context.when(appointment), "practitioner": appointment.practitioner}
    )
    warn_not_informed(request, consultation, appointment)
    if not availability.is_open(business_hours.load(), appointment.starts_at, appointment.ends_at):
        messages.warning(request, _("The clinic is closed at this time. Make sure that staff will be there."))
    return SeeOther(reverse("desk:request", args=[consultation.pk]))


def warn_not_informed(
    request: HttpRequest, consultation: ConsultationRequest, appointment: Appointment
) -> None:
    """Warn staff when the patient has no email. Past appointments send no notification."""
    if notify.has_deliverable_email(consultation) or appointment.starts_at <= timezone.now():
        return
    messages.warning(
        request,
        AGREED_BY_PHONE_ONLY if appointment.state == Appointment.State.AGREED else OFFER_NOT_ANNOUNCED,
    )


def _someone_else(
    request: HttpRequest, consultation: ConsultationRequest, form: OfferForm, actor: User
) -> HttpResponse:
    """Show the picker again with the current state; a repeated press shows its own result."""
    live = booking.live(consultation)
    if live and _is_repeated_press(live, form, actor):
        return _done(request, consultation, live)
    problem = _(
        "Someone else has just changed this request. No changes were saved. You see its current state; "
        "what you chose is still below."
    )
    return _page(request, ConsultationRequest.objects.get(pk=consultation.pk), form, problem)


def _is_repeated_press(live: Appointment, form: OfferForm, actor: User) -> bool:
    chosen = form.cleaned_data
    state = Appointment.State.AGREED if chosen["way"] == AGREED else Appointment.State.OFFERED
    wanted = (actor.pk, chosen["practitioner"].pk, chosen["starts_at"], form.length_as_time, state)
    return wanted == (
        live.made_by_id,
        live.practitioner_id,
        live.starts_at,
        live.ends_at - live.starts_at,
        live.state,
    )


@dataclass(frozen=True)
class OfferDefaults:
    """Initial values of the form: what was sent before, or the defaults."""

    starts: str
    other_day: str
    other_time: str
    way: str


def _page(
    request: HttpRequest, consultation: ConsultationRequest, form: OfferForm | None = None, problem: str = ""
) -> HttpResponse:
    """The picker; after an error with the problem on top and everything that was chosen."""
    disclosures.record(member(request), [consultation], Disclosure.Kind.OPENED)
    live = booking.live(consultation)
    is_unmarked = booking.has_begun(live, timezone.now())
    possible = ways(consultation.status) if consultation.erased_at is None and not is_unmarked else {}
    shown = PickerFilterForm(request.POST if form else request.GET)
    shown.is_valid()
    found = list(Practitioner.objects.filter(is_active=True))
    practitioner = shown.practitioner_of(found, live.practitioner_id if live else None)
    days = []
    if practitioner and possible:
        minutes, now = shown.length_in_minutes, timezone.now()
        in_week = availability.days(shown.first_day, DAYS, practitioner, exclude=live)
        days = [picker_day(day, consultation, minutes, now) for day in in_week]
    free = {value for day in days for value in day.free_values()}
    title = _("A time for %(reference)s") % {"reference": consultation.reference}
    has_error = bool(problem or (form and form.errors))
    return show(
        request,
        "consultations/desk/schedule/picker.html",
        {
            **presence.opened(consultation, member(request)),
            "wishes": consultation.answers_in_words(),
            "live": live,
            "live_when": message_context.when(live),
            "practitioners": found,
            "practitioner": practitioner,
            "lengths": LENGTHS,
            "length": shown.length_in_minutes,
            "first_day": shown.first_day,
            "days": days,
            "ways": possible,
            "is_unmarked": is_unmarked,
            "chosen": _chosen(request, form, possible, free),
            "problem": problem,
            "errors": form.errors if form else {},
            **_around(request, shown, practitioner.pk if practitioner else None),
        },
        title=_("Error: %(title)s") % {"title": title} if has_error else title,
        status=409 if problem else 400 if has_error else 200,
    )


def _chosen(
    request: HttpRequest, form: OfferForm | None, possible: dict[str, str], free: set[str]
) -> OfferDefaults:
    usual = AGREED if request.GET.get("to") == Status.CONFIRMED else OFFERED
    if form is None:
        return OfferDefaults("", "", "", usual if usual in possible else next(iter(possible), ""))
    sent = {name: request.POST.get(name, "") for name in ("starts", "other_day", "other_time", "way")}
    starts_at: datetime | None = getattr(form, "cleaned_data", {}).get("starts_at")
    if starts_at and sent["starts"] != OTHER and sent["starts"] not in free:
        # It is no longer in the list, so it is put into the field for a typed time and not lost.
        local = availability.local(starts_at)
        sent |= {"starts": OTHER, "other_day": f"{local:%Y-%m-%d}", "other_time": f"{local:%H:%M}"}
    return OfferDefaults(**sent)


def _around(request: HttpRequest, shown: PickerFilterForm, practitioner: int | None) -> dict[str, Any]:
    """Return the addresses of the weeks before and after, "" where there is none."""
    to = request.GET.get("to", "")[:20]
    kept = {"to": to, "practitioner": practitioner or "", "length": shown.length_in_minutes}

    def address(days: int) -> str:
        day = shown.first_day + timedelta(days=days)
        return "?" + urlencode(
            {"day": day.isoformat()} | {name: value for name, value in kept.items() if value}
        )

    is_first = shown.first_day <= availability.today()
    return {"previous": "" if is_first else address(-DAYS), "next": address(DAYS), "to": to}
