"""The buttons of one request. Each is a POST that says how the request stood where it was pressed.

What is done is answered with 303 to the page; what is not, with the page as it is now: a sentence on top,
and what was typed still there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic_site.accounts.models import User
from clinic_site.core.http.responses import SeeOther
from consultations import workflow
from consultations.desk.assignees import name_of
from consultations.desk.consultation import presence
from consultations.desk.consultation.forms import (
    ContactForm,
    HandOverForm,
    NoteForm,
    PressForm,
    ReachForm,
    StatusForm,
    typed_moment,
)
from consultations.desk.consultation.page import find, page_of, with_moment
from consultations.desk.consultation.timeline import moment
from consultations.desk.schedule.offer_views import AGREED_BY_PHONE_ONLY, OFFER_NOT_ANNOUNCED
from consultations.lifecycle import optimistic_locking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.messaging import notify
from consultations.models import ConsultationRequest
from consultations.staff_pages import VIEW, WORK, member, page
from consultations.workflow import Status

F = TypeVar("F", bound=PressForm)


@dataclass(frozen=True)
class Press(Generic[F]):
    """A button that was pressed, with a form that is valid."""

    http: HttpRequest
    consultation: ConsultationRequest
    actor: User
    form: F


Action = Callable[[Press[F]], str]  # does it, and says what was done
View = Callable[[HttpRequest, int], HttpResponseBase]


def back_to_page(press: Press[F], said: str) -> HttpResponse:
    """A time to call back that was typed, and that the button did not take, goes back there with it."""
    messages.success(press.http, said)
    address = reverse("desk:request", args=[press.consultation.pk])
    moment = "" if isinstance(press.form, ContactForm) else typed_moment(press.http.POST)
    return SeeOther(f"{address}?{urlencode({'at': moment})}" if moment else address)


def show_link(press: Press[F], said: str) -> HttpResponse:
    """On the answer itself, and nowhere else: only its hash is stored."""
    return page_of(press.http, find(press.consultation.pk), form=with_moment(press.http.POST), link=said)


def action(
    form_class: type[F], answer: Callable[[Press[F], str], HttpResponse] = back_to_page
) -> Callable[[Action[F]], View]:
    """A view that reads the form, does one thing, and keeps the note that came with it.

    GET leads to the request: whoever signs in again on the page of an answer is led back to its address.
    """

    def make(do: Action[F]) -> View:
        @page(VIEW, WORK)
        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            if request.method != "POST":
                return SeeOther(reverse("desk:request", args=[pk]))
            consultation = find(pk)
            form = form_class(request.POST, consultation=consultation)
            press = Press(request, consultation, member(request), form)
            if not form.is_valid():
                return not_done(press, _("Nothing was done yet. See below what is missing."), 400)
            try:
                said = optimistic_locking.with_note(
                    press.consultation, form.note, actor=press.actor, do=lambda: do(press)
                )
            except SomeoneElseChangedError:
                return not_done(press, someone_else(form), 409)
            except NotAllowedError:
                return not_done(press, _("This cannot be done with the request as it stands."), 409)
            return answer(press, said)

        return view

    return make


def not_done(press: Press[F], problem: str, status: int) -> HttpResponse:
    typed = ContactForm(press.http.POST)
    return page_of(
        press.http,
        find(press.consultation.pk),
        form=typed,
        reach=press.form if isinstance(press.form, ReachForm) else None,
        errors=press.form.errors,
        problem=problem,
        status=status,
    )


def someone_else(form: PressForm) -> str:
    sentences = [
        _("Someone else has just changed this request. Nothing of yours was done. This is how it stands now.")
    ]
    if form.note:
        sentences.append(_("Your note is still below."))
    return " ".join(sentences)


@action(StatusForm)
def status(press: Press[StatusForm]) -> str:
    """``to`` is where the button leads."""
    to = press.form.cleaned_data["to"]
    tells = _tells_the_patient(press.consultation, to)
    optimistic_locking.move_on(press.consultation, to, actor=press.actor, seen=press.form.seen)
    if tells and not notify.has_deliverable_email(press.consultation):
        messages.warning(press.http, AGREED_BY_PHONE_ONLY if to == Status.CONFIRMED else OFFER_NOT_ANNOUNCED)
    words = {"reference": press.consultation.reference, "status": _(workflow.NAMES[Status(to)])}
    press.consultation.refresh_from_db(fields=["call_back_at"])
    at = press.consultation.call_back_at
    if at is None or at <= timezone.now():
        return _("%(reference)s: %(status)s") % words
    return _("%(reference)s: %(status)s. Call back on %(when)s.") % (words | {"when": moment(at)})


def _tells_the_patient(consultation: ConsultationRequest, to: str) -> bool:
    """Whether a mail says so, for whoever has an address. ``consultation`` is as it was before the step."""
    at = getattr(consultation, "appointment_at", None)
    is_ahead = at is not None and at > timezone.now()
    # A time ahead becomes agreed, or, if it was agreed, is canceled; an offered one is just given back.
    about_time = is_ahead and Status.CONFIRMED in (to, consultation.status)
    return to == Status.DECLINED or (about_time and to != Status.WITHDRAWN)


@action(ContactForm)
def contact(press: Press[ContactForm]) -> str:
    call_back_at = optimistic_locking.contact(
        press.consultation,
        press.form.outcome_word,
        actor=press.actor,
        seen=press.form.seen,
        call_back_at=press.form.call_back_at,
    )
    if call_back_at is None:
        return _("Your try to reach the patient is recorded.")
    return _("Your try to reach the patient is recorded. Call back on %(when)s.") % {
        "when": moment(call_back_at)
    }


@action(NoteForm)
def note(press: Press[NoteForm]) -> str:
    """The words go with the form, as with every other button. They overwrite nothing."""
    return _("The note is kept.")


@action(HandOverForm)
def hand_over(press: Press[HandOverForm]) -> str:
    to = receiver(press)
    optimistic_locking.hand_over(press.consultation, to, actor=press.actor, seen=press.form.seen)
    if to is None:
        return _("Nobody has this request now.")
    if to.pk == press.actor.pk:
        return _("This request is yours.")
    return _("%(name)s has this request now.") % {"name": name_of(to)}


def receiver(press: Press[HandOverForm]) -> User | None:
    """Who is to have it. Raises ``NotAllowedError`` for somebody who does not work with requests."""
    give = press.form.cleaned_data["give"]
    if give == "me":
        return press.actor
    if give == "nobody":
        return None
    wanted = press.form.cleaned_data["colleague"]
    for person in presence.colleagues(press.consultation.pk, timezone.now()):
        if str(person.pk) == wanted:
            return person.user
    raise NotAllowedError("not a colleague")


@action(ReachForm)
def reach(press: Press[ReachForm]) -> str:
    form = press.form
    is_other = optimistic_locking.correct_reach(
        press.consultation,
        form.corrected,
        actor=press.actor,
        seen=form.seen,
        is_right=form.cleaned_data["is_right"],
    )
    return _("How to reach them is corrected.") if is_other else _("How to reach them stood so already.")


@action(PressForm)
def read(press: Press[PressForm]) -> str:
    optimistic_locking.read(press.consultation, actor=press.actor, seen=press.form.seen)
    return _("Noted: what the patient wrote was read.")


@action(PressForm, show_link)
def new_link(press: Press[PressForm]) -> str:
    return optimistic_locking.private_link(press.consultation, actor=press.actor, seen=press.form.seen)
