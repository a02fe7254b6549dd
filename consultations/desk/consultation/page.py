"""The page of one request: the patient's answers, the next steps, and the timeline."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from django.db.models import FilteredRelation, Q
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from consultations import phone_numbers, workflow
from consultations.appointments.availability import appointment_problems
from consultations.desk.consultation import presence
from consultations.desk.consultation.callback_times import suggested_callback_times
from consultations.desk.consultation.forms import AttachmentsForm, ContactDetailsForm, typed_moment
from consultations.desk.consultation.text_panel import text_panel
from consultations.desk.consultation.timeline import mails_to_patient, timeline
from consultations.desk.queue.rows import Row, appointment_label
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.lifecycle import booking, disclosures
from consultations.lifecycle.contact_details import wrong_since
from consultations.lifecycle.patient_texts import may_text_link, task_of
from consultations.lifecycle.staff_actions import may_have_link
from consultations.lifecycle.status_changes import was_withdrawn
from consultations.messaging import templates as message_templates
from consultations.messaging import texts
from consultations.messaging.context import moment_in_words
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event
from consultations.staff_pages import VIEW, WORK, member, page, show
from consultations.workflow import Status

VIEW_ATTACHMENT = "consultations.view_attachment"
VIEW_MESSAGE = "mail.view_outgoingmessage"
# Requests from the same number, on the page.
MAX_SHOWN = 10


@page(VIEW)
def one_request(request: HttpRequest, pk: int) -> HttpResponse:
    return render_page(request, find(pk), typed={"at": typed_moment(request.GET)})


@page(VIEW)
def whatsapp(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to a chat with the patient, with the approved opening message filled in."""
    consultation = find(pk)
    link = phone_numbers.whatsapp_link(consultation.phone)
    if not link:
        raise Http404
    # The address shows the number.
    disclosures.record(member(request), [consultation], Disclosure.Kind.OPENED)
    words = quote(message_templates.whatsapp_opening(consultation), safe="")
    response = HttpResponseRedirect(f"{link}?text={words}")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def find(pk: int) -> ConsultationRequest:
    """Return a request, with its offered or agreed appointment as ``live``, or raise 404. One query."""
    live = FilteredRelation("appointments", condition=Q(appointments__state__in=Appointment.LIVE))
    related = ("notice", "assignee", "taken_by", "procedure", "live__practitioner")
    return get_object_or_404(ConsultationRequest.objects.annotate(live=live).select_related(*related), pk=pk)


def render_page(
    request: HttpRequest,
    consultation: ConsultationRequest,
    *,
    typed: Mapping[str, str],
    contact_details: ContactDetailsForm | None = None,
    files: AttachmentsForm | None = None,
    errors: ErrorDict | None = None,
    problem: str = "",
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page and record who saw what. At most 15 queries.

    ``typed`` is shown in the fields ``text`` and ``at``, and ``contact_details`` in theirs, with the
    ``errors``; ``link`` is a new private link.
    """
    me, now = member(request), timezone.now()
    may_work = request.user.has_perm(WORK) and consultation.erased_at is None
    events = list(consultation.events.select_related("actor"))
    mails, task = mails_to_patient(consultation), task_of(consultation, events, now)
    # A text names the clinic. Both are cached together, which keeps the page within its queries.
    clinic, hours = business_hours.recent() if task.kind else (None, business_hours.load())
    appointment: Appointment | None = getattr(consultation, "live", None)
    may_see_attachments = request.user.has_perm(VIEW_ATTACHMENT)
    attachments = list(consultation.attachments.select_related("added_by")) if may_see_attachments else []
    same_number = requests_from_number(consultation.phone, exclude=consultation.pk)
    kinds = Disclosure.Kind
    seen = [
        (kinds.OPENED, consultation),
        *((kinds.ATTACHMENT, consultation) for attachment in attachments if attachment.is_image),
        *((kinds.LISTED, other) for other in same_number[:MAX_SHOWN]),
    ]
    disclosures.record_each(me, seen)
    context = {
        **presence.opened(consultation, me),
        "row": Row(consultation, hours, now, appointment),
        "has_whatsapp": phone_numbers.is_mobile(consultation.phone),
        "answers": consultation.answers_in_words(),
        "attachments": attachments,
        "same_number": same_number[:MAX_SHOWN],
        "same_number_has_more": len(same_number) > MAX_SHOWN,
        "timeline": timeline(
            consultation, events, mails, may_see_messages=request.user.has_perm(VIEW_MESSAGE)
        ),
        "held": held_times(events, appointment),
        "doubts": appointment_problems(appointment, hours) if appointment else [],
        "typed": typed,
        "contact_details": contact_details or ContactDetailsForm(consultation=consultation),
        "is_correcting": contact_details is not None,
        "wrong_since": wrong_since(consultation, events),
        "errors": errors or {},
        "files": files or AttachmentsForm(),
        "max_attachments": MAX_ATTACHMENTS_PER_REQUEST,
        "problem": problem,
        "link": link,
        "may_work": may_work,
        "panel": text_panel(consultation, task, mails, clinic),
    }
    if may_work:
        label = None
        if appointment:
            is_informed = booking.is_informed(consultation, appointment, now)
            if appointment.starts_at <= now or not is_informed:
                label = appointment_label(appointment, now, is_informed=is_informed)
        context |= {
            "people": [
                user for user in context["colleagues"] if user.pk not in (me.pk, consultation.assignee_id)
            ],
            "steps": next_steps(consultation, events, appointment),
            "is_open": consultation.status in workflow.OPEN,
            "appointment_label": label,
            "suggested_times": suggested_callback_times(now, hours),
            "may_have_link": may_have_link(consultation),
            "link_channels": may_text_link(consultation) and texts.channels(consultation),
        }
    template = "consultations/desk/consultation/request.html"
    return show(request, template, context, title=consultation.reference, status=status)


def held_times(events: Iterable[Event], appointment: Appointment | None) -> list[str]:
    """Return the times that are held beside the offered or agreed appointment, in words."""
    held: dict[int, str] = {}
    for event in events:
        if event.kind == Event.Kind.TIME_OFFERED:
            held[event.detail["appointment"]] = event.detail["starts_at"]
        elif event.kind in (Event.Kind.TIME_AGREED, Event.Kind.TIME_CANCELED):
            held.pop(event.detail["appointment"], None)
    live = appointment.pk if appointment else None
    return [moment_in_words(datetime.fromisoformat(at)) for pk, at in held.items() if pk != live]


class NextStep(NamedTuple):
    """A button or, where a time must be picked first, a link to the page that does that."""

    button: str
    to: str
    needs_time: bool
    is_usual: bool = False


def next_steps(
    consultation: ConsultationRequest, events: Iterable[Event], appointment: Appointment | None
) -> list[NextStep]:
    """Return the steps the workflow allows, the usual one first; a change of the appointment is last."""
    usual = consultation.next_steps[0]
    has_begun, had_withdrawn = booking.has_begun(appointment, timezone.now()), was_withdrawn(events)
    found = [
        NextStep(
            _(step.button),
            step.to,
            workflow.needs_time(consultation.status, step.to)
            or (step is workflow.AGREE and booking.has_alternatives(appointment)),
            is_usual=step is usual,
        )
        for step in consultation.next_steps
        if step.is_possible(has_begun, had_withdrawn)
    ]
    if appointment and not has_begun:
        is_agreed = consultation.status == Status.CONFIRMED
        label = _("Offer other times, or change the time") if is_agreed else _("Change the time")
        found.append(NextStep(label, consultation.status, needs_time=True))
    return found


def requests_from_number(phone: str, *, exclude: int = 0) -> list[ConsultationRequest]:
    """Return the newest requests with this number, one more than are shown. One query.

    Families share a number, so such requests are listed and never merged.
    """
    found = ConsultationRequest.objects.filter(phone=phone, erased_at=None).exclude(pk=exclude)
    return list(found.order_by("-created_at", "-pk")[: MAX_SHOWN + 1])
