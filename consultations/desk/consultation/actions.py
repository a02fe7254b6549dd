"""The buttons of the page of one request. Each is a POST with the version of the request on the screen.

Success redirects to the page with 303. Otherwise the answer is the page as it is now, with a message on top
and everything typed still in its fields.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.core.http.responses import SeeOther
from consultations import workflow
from consultations.desk.assignees import colleagues
from consultations.desk.consultation.forms import (
    ActionForm,
    AssignForm,
    ContactDetailsForm,
    ContactForm,
    NoteForm,
    StatusForm,
    typed_moment,
)
from consultations.desk.consultation.page import find, render_page
from consultations.desk.consultation.timeline import event_entry, moment
from consultations.desk.schedule.offer_views import AGREED_BY_PHONE_ONLY, OFFER_NOT_ANNOUNCED
from consultations.lifecycle import booking, staff_actions
from consultations.lifecycle.contact_details import correct_by_staff
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.optimistic_locking import changes_since
from consultations.messaging import notify
from consultations.models import ConsultationRequest
from consultations.staff_pages import GET_AND_POST, VIEW, WORK, member, page
from consultations.workflow import Status

F = TypeVar("F", bound=ActionForm)


@dataclass(frozen=True)
class Action(Generic[F]):
    """A button pressed by ``actor``, with its valid form and the version on the screen."""

    request: HttpRequest
    consultation: ConsultationRequest
    actor: User
    form: F

    @property
    def version(self) -> int:
        return self.form.shown_version


Perform = Callable[[Action[F]], str]  # performs the action and returns what to say about it
View = Callable[[HttpRequest, int], HttpResponseBase]


def redirect_to_page(action: Action[F], message: str) -> HttpResponse:
    """Redirect to the page, with the typed callback time if the button did not use it.

    Buttons of the first staff page lead back there.
    """
    messages.success(action.request, message)
    if action.request.POST.get("back") == "today":
        return SeeOther(reverse("admin:index"))
    at = "" if isinstance(action.form, ContactForm) else typed_moment(action.request.POST)
    return SeeOther(reverse("desk:request", args=[action.consultation.pk], query={"at": at} if at else None))


def show_link(action: Action[F], link: str) -> HttpResponse:
    """Show the new link in this response only: just its hash is stored."""
    typed = {"at": typed_moment(action.request.POST)}
    return render_page(action.request, find(action.consultation.pk), typed=typed, link=link)


def action_view(
    form_class: type[F], respond: Callable[[Action[F], str], HttpResponse] = redirect_to_page
) -> Callable[[Perform[F]], View]:
    """Make a view that validates the form, performs one action, and saves the note sent with it.

    GET redirects to the request: after signing in again, staff are sent to the address they came from.
    """

    def decorate(perform: Perform[F]) -> View:
        @page(VIEW, WORK, methods=GET_AND_POST)
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            if request.method != "POST":
                return SeeOther(reverse("desk:request", args=[pk]))
            consultation = find(pk)
            form = form_class(request.POST, consultation=consultation)
            action = Action(request, consultation, member(request), form)
            if not form.is_valid():
                return show_problem(action, _("No changes were saved. Correct the fields marked below."), 400)
            try:
                with transaction.atomic():
                    result = perform(action)
                    if note := form.cleaned_data["text"]:
                        staff_actions.add_note(consultation, note, actor=action.actor)
            except SomeoneElseChangedError:
                return show_problem(action, conflict_message(action), 409)
            except NotAllowedError:
                return show_problem(action, _("This is not possible in the current status."), 409)
            return respond(action, result)

        return view

    return decorate


def show_problem(action: Action[F], problem: str, status: int) -> HttpResponse:
    return render_page(
        action.request,
        find(action.consultation.pk),
        typed=action.request.POST,
        contact_details=action.form if isinstance(action.form, ContactDetailsForm) else None,
        errors=action.form.errors,
        problem=problem,
        status=status,
    )


def conflict_message(action: Action[F]) -> str:
    sentences = [_("Someone else has just changed this request. No changes were saved.")]
    current = ConsultationRequest.objects.get(pk=action.consultation.pk)
    if changes := changes_since(current, action.version):
        sender = current.sender or _("the patient")
        entry = event_entry(changes[0], sender)
        change = f"{entry.what} {entry.more}".strip()
        who = entry.who or sender
        sentences.append(_("Latest change: %(change)s (%(name)s).") % {"change": change, "name": who})
    if action.form.cleaned_data["text"]:
        sentences.append(_("Your note is still below."))
    return " ".join(sentences)


@action_view(StatusForm)
def status(action: Action[StatusForm]) -> str:
    consultation, to = action.consultation, action.form.cleaned_data["to"]
    notifies = _notifies_patient(consultation, to)
    staff_actions.change_status(consultation, to, actor=action.actor, version=action.version)
    if notifies and not notify.has_deliverable_email(consultation):
        messages.warning(
            action.request, AGREED_BY_PHONE_ONLY if to == Status.CONFIRMED else OFFER_NOT_ANNOUNCED
        )
    words = {"reference": consultation.reference, "status": _(workflow.NAMES[Status(to)])}
    consultation.refresh_from_db(fields=["call_back_at"])
    at = consultation.call_back_at
    if at is None or at <= timezone.now():
        return _("%(reference)s: %(status)s") % words
    return _("%(reference)s: %(status)s. Call back on %(when)s.") % (words | {"when": moment(at)})


def _notifies_patient(consultation: ConsultationRequest, to: str) -> bool:
    """Return whether the step emails a patient who has an address."""
    if to == Status.DECLINED:
        return True
    # A future appointment becomes agreed, or an agreed one is canceled. An offer is withdrawn silently.
    appointment = booking.live(consultation)
    is_future = appointment is not None and appointment.starts_at > timezone.now()
    return is_future and Status.CONFIRMED in (to, consultation.status) and to != Status.WITHDRAWN


@action_view(ContactForm)
def contact(action: Action[ContactForm]) -> str:
    call_back_at = staff_actions.record_contact(
        action.consultation,
        action.form.cleaned_data["outcome"],
        actor=action.actor,
        version=action.version,
        call_back_at=action.form.cleaned_data["call_back_at"],
    )
    if call_back_at is None:
        return _("Contact attempt recorded.")
    return _("Contact attempt recorded. Call back on %(when)s.") % {"when": moment(call_back_at)}


@action_view(NoteForm)
def note(action: Action[NoteForm]) -> str:
    """The note is saved with the form, as for every other button; it overwrites nothing."""
    return _("Note saved.")


@action_view(AssignForm)
def assign(action: Action[AssignForm]) -> str:
    chosen = action.form.cleaned_data
    to = action.actor if chosen["assignee"] == "me" else None
    if chosen["assignee"] == "colleague":
        to = next((person for person in colleagues() if str(person.pk) == chosen["colleague"]), None)
        if to is None:
            raise NotAllowedError("not a colleague")
    staff_actions.assign(action.consultation, to, actor=action.actor, version=action.version)
    return _("Assigned to %(name)s.") % {"name": to} if to else _("This request is unassigned.")


@action_view(ContactDetailsForm)
def contact_details(action: Action[ContactDetailsForm]) -> str:
    is_changed = correct_by_staff(
        action.consultation,
        action.form.corrected,
        actor=action.actor,
        version=action.version,
        is_right=action.form.cleaned_data["is_right"],
    )
    return _("Contact details corrected.") if is_changed else _("The contact details were already the same.")


@action_view(ActionForm)
def acknowledge(action: Action[ActionForm]) -> str:
    staff_actions.acknowledge(action.consultation, actor=action.actor, version=action.version)
    return _("Marked as read.")


@action_view(ActionForm, show_link)
def new_link(action: Action[ActionForm]) -> str:
    return staff_actions.new_private_link(action.consultation, actor=action.actor, version=action.version)
