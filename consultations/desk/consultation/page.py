"""The page of one request: the patient's answers, the next steps, and the timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from consultations import phone_numbers, workflow
from consultations.appointments import availability
from consultations.desk.assignees import name_of
from consultations.desk.consultation import presence
from consultations.desk.consultation.callback_times import suggested_callback_times
from consultations.desk.consultation.forms import ContactDetailsForm, ContactForm, typed_moment
from consultations.desk.consultation.timeline import events_of, messages_of, notes_of, timeline
from consultations.desk.queue.rows import DueLabel, appointment_label
from consultations.lifecycle import booking, disclosures
from consultations.lifecycle.contact_details import wrong_since
from consultations.lifecycle.staff_actions import may_have_link
from consultations.lifecycle.status_changes import was_withdrawn
from consultations.models import (
    Appointment,
    Attachment,
    ConsultationRequest,
    Disclosure,
    Event,
    SearchTerm,
)
from consultations.models.search_terms import number_terms
from consultations.staff_pages import VIEW, WORK, member, page, show

VIEW_ATTACHMENT = "consultations.view_attachment"
VIEW_MESSAGE = "mail.view_outgoingmessage"
# Requests from the same number, on the page.
MAX_SHOWN = 10


@page(VIEW)
@require_safe
def one_request(request: HttpRequest, pk: int) -> HttpResponse:
    return render_page(request, find(pk), form=with_moment(request.GET))


def with_moment(sent: Mapping[str, str]) -> ContactForm:
    """An empty form, but for a callback time typed before another button was pressed."""
    return ContactForm({"at": typed_moment(sent)})


def find(pk: int) -> ConsultationRequest:
    """Return a request, annotated with its offered or agreed appointment, or raise 404. One query."""
    requests = ConsultationRequest.objects.select_related("notice", "assignee", "procedure").annotate(
        live=FilteredRelation("appointments", condition=Q(appointments__state__in=Appointment.LIVE)),
        appointment_id=F("live__pk"),
        appointment_at=F("live__starts_at"),
        appointment_state=F("live__state"),
        appointment_ends=F("live__ends_at"),
        appointment_informed=F("live__patient_informed_at"),
        appointment_made=F("live__made_at"),
        appointment_with=F("live__practitioner__name"),
        appointment_with_active=F("live__practitioner__is_active"),
    )
    return get_object_or_404(requests, pk=pk)


def render_page(
    request: HttpRequest,
    consultation: ConsultationRequest,
    *,
    form: ContactForm,
    contact_details: ContactDetailsForm | None = None,
    errors: ErrorDict | None = None,
    problem: str = "",
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page and record who saw what. At most 15 queries.

    ``form`` and ``contact_details`` are shown with what was typed and their ``errors``; ``link`` is a new
    private link.
    """
    me, now, hours = member(request), timezone.now(), business_hours.load()
    may_work = request.user.has_perm(WORK) and consultation.erased_at is None
    people = presence.colleagues(consultation.pk, now)
    presence.record_presence(consultation, me, people, now)
    events, notes, messages = events_of(consultation), notes_of(consultation), messages_of(consultation)
    may_see_attachments = request.user.has_perm(VIEW_ATTACHMENT)
    attachments = list(consultation.attachments.all()) if may_see_attachments else []
    same_number = requests_from_same_number(consultation)
    record_views(me, consultation, attachments, same_number[:MAX_SHOWN])
    context = {
        "consultation": consultation,
        "phone": phone_numbers.for_reading(consultation.phone),
        "whatsapp": phone_numbers.for_reading(consultation.whatsapp),
        "has_whatsapp": bool(whatsapp_number(consultation)),
        "answers": consultation.answers_in_words(),
        "assignee_name": name_of(consultation.assignee) if consultation.assignee else "",
        "attachments": attachments,
        "may_see_attachments": may_see_attachments,
        "same_number": same_number[:MAX_SHOWN],
        "same_number_has_more": len(same_number) > MAX_SHOWN,
        "timeline": timeline(events, notes, messages, may_see_messages=request.user.has_perm(VIEW_MESSAGE)),
        **presence.presence_context(people, me, now),
        "doubts": appointment_doubts(consultation, hours),
        "form": form,
        "contact_details": contact_details or ContactDetailsForm.of(consultation),
        "is_correcting": contact_details is not None,
        "wrong_since": wrong_since(consultation, events),
        "errors": errors or {},
        "problem": problem,
        "link": link,
        "may_work": may_work,
        **(work_context(consultation, events, people, me, hours) if may_work else {}),
    }
    context["announcement"] = presence.announcement(context)
    title = _("Error: %(title)s") % {"title": consultation.reference} if problem else consultation.reference
    return show(request, "consultations/desk/consultation/request.html", context, title=title, status=status)


def work_context(
    consultation: ConsultationRequest,
    events: list[Event],
    people: list[presence.Colleague],
    me: User,
    hours: BusinessHours,
) -> dict[str, Any]:
    """The context of the next steps, for staff who may work on the request."""
    now = timezone.now()
    is_waiting = consultation.status in workflow.WAITING
    waited = hours.clinic_time_between(consultation.created_at, now) if is_waiting else None
    return {
        "steps": next_steps(consultation, events),
        "is_open": consultation.status in workflow.OPEN,
        "appointment_label": live_appointment_label(consultation, now),
        "suggested_times": suggested_callback_times(now, hours),
        "people": [person for person in people if person.pk not in (me.pk, consultation.assignee_id)],
        "may_have_link": may_have_link(consultation),
        "waited_hours": int(waited.total_seconds() // 3600) if waited is not None else None,
        "is_late": is_waiting
        and consultation.first_contact_at is None
        and consultation.promised_by is not None
        and consultation.promised_by < now,
    }


def live_appointment_label(consultation: ConsultationRequest, now: datetime) -> DueLabel | None:
    """What to do about an appointment that is past, or that the patient does not know about."""
    starts_at = getattr(consultation, "appointment_at", None)
    if starts_at is None:
        return None
    state, ends_at, informed_at, made_at = (
        getattr(consultation, f"appointment_{name}") for name in ("state", "ends", "informed", "made")
    )
    is_informed = booking.is_informed(consultation, informed_at, made_at, now)
    if starts_at > now and is_informed:
        return None
    return appointment_label(state, starts_at, ends_at, is_informed=is_informed, now=now)


def appointment_doubts(consultation: ConsultationRequest, hours: BusinessHours) -> list[str]:
    """Reasons why the appointment may not take place, such as a closure."""
    if getattr(consultation, "appointment_at", None) is None:
        return []
    starts_at, ends_at, practitioner, is_active = (
        getattr(consultation, f"appointment_{name}") for name in ("at", "ends", "with", "with_active")
    )
    return availability.appointment_problems(starts_at, ends_at, hours, practitioner, is_active=is_active)


@dataclass(frozen=True)
class NextStep:
    """A button or, where a time must be picked first, a link to the page that does that."""

    button: str
    to: str
    address: str = ""
    is_usual: bool = False


def next_steps(consultation: ConsultationRequest, events: list[Event]) -> list[NextStep]:
    """Return the steps the workflow allows, the usual one first; a change of the appointment is last."""
    usual = consultation.next_steps[0]
    at = getattr(consultation, "appointment_at", None)
    is_agreed = getattr(consultation, "appointment_state", "") == Appointment.State.AGREED
    has_begun = is_agreed and at is not None and at <= timezone.now()
    had_withdrawn = was_withdrawn(events)

    def address(to: str) -> str:
        return f"{reverse('desk:offer_time', args=[consultation.pk])}?{urlencode({'to': to})}"

    found = [
        NextStep(
            _(step.button),
            step.to,
            address(step.to) if workflow.needs_time(consultation.status, step.to) else "",
            is_usual=step is usual,
        )
        for step in consultation.next_steps
        if step.is_possible(has_begun, had_withdrawn)
    ]
    if at is not None and not has_begun:
        found.append(NextStep(_("Change the time"), consultation.status, address(consultation.status)))
    return found


def whatsapp_number(consultation: ConsultationRequest) -> str:
    """Return the number to chat with: the WhatsApp number, otherwise the phone; "" if it is no mobile."""
    number = consultation.whatsapp or consultation.phone
    return number if phone_numbers.is_mobile(number) else ""


def requests_from_same_number(consultation: ConsultationRequest) -> list[ConsultationRequest]:
    """Return the newest other requests with the same number, one more than are shown. One query.

    Families share a number, so such requests are listed and never merged. The search terms are indexed,
    and hold a number once whether it is for calls or for WhatsApp.
    """
    terms = SearchTerm.objects.filter(term__in=number_terms(consultation.phone, consultation.whatsapp))
    others = ConsultationRequest.objects.filter(pk__in=terms.values("request"), erased_at=None)
    return list(others.exclude(pk=consultation.pk).order_by("-created_at", "-pk")[: MAX_SHOWN + 1])


def record_views(
    me: User,
    consultation: ConsultationRequest,
    attachments: list[Attachment],
    same_number: list[ConsultationRequest],
) -> None:
    """Record that the request was opened, and that thumbnails and names from the same number were seen."""
    kinds = Disclosure.Kind
    disclosures.record_each(
        me,
        [
            (kinds.OPENED, consultation),
            *((kinds.ATTACHMENT, consultation) for attachment in attachments if attachment.is_image),
            *((kinds.LISTED, other) for other in same_number),
        ],
    )
