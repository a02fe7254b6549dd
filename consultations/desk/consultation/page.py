"""One request: what the patient said, what may be done next, and everything that happened."""

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
from consultations.desk.consultation import presence, same_number
from consultations.desk.consultation.callback_times import ready_times
from consultations.desk.consultation.forms import ContactForm, ReachForm, typed_moment
from consultations.desk.consultation.timeline import events_of, messages_of, notes_of, timeline
from consultations.desk.queue.rows import Standing, time_standing
from consultations.lifecycle import disclosures
from consultations.lifecycle.contact_details import CORRECTIONS, wrong_since
from consultations.lifecycle.optimistic_locking import Seen, may_have_link
from consultations.lifecycle.status_changes import was_withdrawn
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event, Photograph
from consultations.staff_pages import VIEW, WORK, member, page, show

VIEW_PHOTOGRAPH = "consultations.view_photograph"
VIEW_MESSAGE = "mail.view_outgoingmessage"


@page(VIEW)
@require_safe
def one_request(request: HttpRequest, pk: int) -> HttpResponse:
    return page_of(request, find(pk), form=with_moment(request.GET))


def with_moment(sent: Mapping[str, str]) -> ContactForm:
    """Empty but for a time to call back that was typed before something else was pressed."""
    return ContactForm({"at": typed_moment(sent)})


def find(pk: int) -> ConsultationRequest:
    """A request with the time that is offered or agreed, as it is now. One query."""
    requests = ConsultationRequest.objects.select_related("notice", "assignee", "procedure").annotate(
        live=FilteredRelation("appointments", condition=Q(appointments__state__in=Appointment.LIVE)),
        appointment_id=F("live__pk"),
        appointment_at=F("live__starts_at"),
        appointment_state=F("live__state"),
        appointment_ends=F("live__ends_at"),
        appointment_informed=F("live__patient_informed_at"),
        appointment_with=F("live__practitioner__name"),
        appointment_with_active=F("live__practitioner__is_active"),
    )
    return get_object_or_404(requests, pk=pk)


def page_of(
    request: HttpRequest,
    consultation: ConsultationRequest,
    *,
    form: ContactForm,
    reach: ReachForm | None = None,
    errors: ErrorDict | None = None,
    problem: str = "",
    link: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed into ``form`` or ``reach`` and what is wrong with it, or a private
    address to be told.

    Takes 15 queries, whatever there is to show, and writes who saw what.
    """
    me, now, hours = member(request), timezone.now(), business_hours.load()
    may_work = request.user.has_perm(WORK) and consultation.erased_at is None
    people = presence.colleagues(consultation.pk, now)
    presence.note(consultation, me, people, now)
    events, notes, messages = events_of(consultation), notes_of(consultation), messages_of(consultation)
    may_see_photographs = request.user.has_perm(VIEW_PHOTOGRAPH)
    photographs = list(consultation.photographs.all()) if may_see_photographs else []
    from_number = same_number.from_same_number(consultation)
    record_views(me, consultation, photographs, from_number)
    shown = {
        "consultation": consultation,
        "phone": phone_numbers.for_reading(consultation.phone),
        "whatsapp": phone_numbers.for_reading(consultation.whatsapp),
        "has_whatsapp": bool(whatsapp_number(consultation)),
        "answers": consultation.answers_in_words(),
        "assignee_name": name_of(consultation.assignee) if consultation.assignee else "",
        "photographs": photographs,
        "may_see_photographs": may_see_photographs,
        "from_number": from_number[: same_number.MOST],
        "are_more_from_number": len(from_number) > same_number.MOST,
        "timeline": timeline(events, notes, messages, may_see_messages=request.user.has_perm(VIEW_MESSAGE)),
        "newest": max((event.pk for event in events), default=0),
        **presence.present(people, me, now),
        "seen": seen_on(consultation, events),
        "doubts": doubts_about_time(consultation, hours),
        "form": form,
        "reach": reach or ReachForm.of(consultation),
        "is_reach_open": reach is not None,
        "wrong_since": wrong_since(consultation, events),
        "errors": errors or {},
        "problem": problem,
        "link": link,
        "may_work": may_work,
        **(work(consultation, events, people, me, hours) if may_work else {}),
    }
    shown["said"] = presence.said(shown)
    title = _("Error: %(title)s") % {"title": consultation.reference} if problem else consultation.reference
    return show(request, "consultations/desk/consultation/request.html", shown, title=title, status=status)


def work(
    consultation: ConsultationRequest,
    events: list[Event],
    people: list[presence.Colleague],
    me: User,
    hours: BusinessHours,
) -> dict[str, Any]:
    """What may be done next, for somebody who may do it."""
    now = timezone.now()
    is_waiting = consultation.status in workflow.WAITING
    waited = hours.clinic_time_between(consultation.created_at, now) if is_waiting else None
    return {
        "steps": steps(consultation, events),
        "is_open": consultation.status in workflow.OPEN,
        "time": time_of(consultation, now),
        "ready_times": ready_times(now, hours),
        "people": [person for person in people if person.pk not in (me.pk, consultation.assignee_id)],
        "may_have_link": may_have_link(consultation),
        "waited_hours": int(waited.total_seconds() // 3600) if waited is not None else None,
        "is_late": is_waiting
        and consultation.first_contact_at is None
        and consultation.promised_by is not None
        and consultation.promised_by < now,
    }


def time_of(consultation: ConsultationRequest, now: datetime) -> Standing | None:
    """What is to be done about a time that is past, or that nobody has told the patient of."""
    starts_at = getattr(consultation, "appointment_at", None)
    if starts_at is None:
        return None
    state, ends_at, informed_at = (
        getattr(consultation, f"appointment_{name}") for name in ("state", "ends", "informed")
    )
    was_told = informed_at is not None
    if starts_at > now and was_told:
        return None
    return time_standing(state, starts_at, ends_at, was_told=was_told, now=now)


def doubts_about_time(consultation: ConsultationRequest, hours: BusinessHours) -> list[str]:
    """Why the time of a request, as ``find`` gave it, may not be kept."""
    if getattr(consultation, "appointment_at", None) is None:
        return []
    starts_at, ends_at, practitioner, is_active = (
        getattr(consultation, f"appointment_{name}") for name in ("at", "ends", "with", "with_active")
    )
    return availability.appointment_problems(starts_at, ends_at, hours, practitioner, is_active=is_active)


@dataclass(frozen=True)
class NextStep:
    """A button, or, where a time has to be named first, a link to where that is done."""

    button: str
    to: str
    address: str = ""
    is_usual: bool = False


def steps(consultation: ConsultationRequest, events: list[Event]) -> list[NextStep]:
    """What the workflow allows from here, the usual first; last of all, another time in place of this one."""
    found, usual, has_begun = [], consultation.next_steps[0], has_begun_time(consultation)
    had_withdrawn = was_withdrawn(events)
    for step in consultation.next_steps:
        if not step.is_possible(has_begun, had_withdrawn):
            continue
        needs_time = workflow.needs_time(consultation.status, step.to)
        address = time_address(consultation, step.to) if needs_time else ""
        found.append(NextStep(_(step.button), step.to, address, is_usual=step is usual))
    if getattr(consultation, "appointment_id", None) is not None and not has_begun:
        address = time_address(consultation, consultation.status)
        found.append(NextStep(_("Another time in place of this one"), consultation.status, address))
    return found


def has_begun_time(consultation: ConsultationRequest) -> bool:
    """Whether an agreed time has begun, and nobody has marked what became of it. Of what ``find`` gave."""
    at = getattr(consultation, "appointment_at", None)
    is_agreed = getattr(consultation, "appointment_state", "") == Appointment.State.AGREED
    return is_agreed and at is not None and at <= timezone.now()


def time_address(consultation: ConsultationRequest, to: str) -> str:
    """Where a time is picked for this step."""
    return f"{reverse('desk:offer_time', args=[consultation.pk])}?{urlencode({'to': to})}"


def seen_on(consultation: ConsultationRequest, events: list[Event]) -> Seen:
    """How the request stands on this page: what its form carries."""
    return Seen(
        status=consultation.status,
        appointment=getattr(consultation, "appointment_id", None) or 0,
        contact=max((event.pk for event in events if event.kind == Event.Kind.CONTACTED), default=0),
        patient=max((event.pk for event in events if event.is_of_patient), default=0),
        reach=max((event.pk for event in events if event.kind in CORRECTIONS), default=0),
        assignee=consultation.assignee_id or 0,
    )


def whatsapp_number(consultation: ConsultationRequest) -> str:
    """The number to open a chat with: the one named for it, otherwise the phone. "" where it is no mobile."""
    number = consultation.whatsapp or consultation.phone
    return number if phone_numbers.is_mobile(number) else ""


def record_views(
    me: User,
    consultation: ConsultationRequest,
    photographs: list[Photograph],
    from_number: list[same_number.FromSameNumber],
) -> None:
    """The request was opened; each thumbnail, and each name from the same number, was seen with it."""
    kinds = Disclosure.Kind
    disclosures.record_each(
        me,
        [
            (kinds.OPENED, consultation),
            *((kinds.PHOTOGRAPH, consultation) for photograph in photographs if photograph.is_image),
            *((kinds.LISTED, other.request) for other in from_number[: same_number.MOST]),
        ],
    )
