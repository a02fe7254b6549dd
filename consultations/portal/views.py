"""The private page of one request, and the patient's actions there.

The link is the only credential; there is no account. A GET changes nothing: every action has a page of its
own, and a POST from there performs it. A wrong link, an expired one and the link of an erased request get
the same answer.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.core.form_layout import FORM_ID
from clinic_site.core.http.languages import is_change_of_language
from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import Limit, network_address
from consultations import private_links
from consultations.intake import file_storage
from consultations.intake.attachments import allow_upload
from consultations.intake.upload_handler import takes_files
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.messaging.notify import calendar_entry
from consultations.models import ConsultationRequest
from consultations.models.answers import SEVERAL_CHOICES
from consultations.portal.forms import (
    AcceptTimeForm,
    ActionForm,
    AttachmentsForm,
    ContactDetailsForm,
    NoteForm,
    OtherTimeForm,
    WithdrawForm,
)
from consultations.portal.presenters import REMOVED, Action, RequestStatusPresenter

# A link has 192 random bits and cannot be guessed. The limit stops attempts early, but allows for mistyping.
WRONG_LINKS_PER_NETWORK = Limit(
    "wrong private links from a network", attempts=30, period=timedelta(hours=1), must_count=False
)
# Each change writes a note and a mail to the staff.
CONTACT_CHANGES_PER_REQUEST = Limit("contact changes of a request", attempts=10, period=timedelta(days=1))

require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])

PrivateView = Callable[..., HttpResponseBase]
TokenView = Callable[..., HttpResponseBase]


def private_page_view(view: PrivateView) -> TokenView:
    """Pass the request that the token opens to the view, and add the headers that keep the answer private."""

    @private_no_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str, **parts: Any) -> HttpResponseBase:
        consultation = ConsultationRequest.objects.for_token(token).first()
        response = (
            view(request, RequestStatusPresenter(consultation), **parts)
            if consultation
            else wrong_address(request)
        )
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return opened


def wrong_address(request: HttpRequest) -> HttpResponse:
    """Answer every link that opens nothing. The rate limit is all that a GET ever writes here."""
    if not WRONG_LINKS_PER_NETWORK.allow(network_address(request)):
        return _page(request, "too_many", status=429)
    return _page(request, "unknown", status=404)


@private_page_view
def no_such_action(request: HttpRequest, presenter: RequestStatusPresenter, rest: str) -> HttpResponse:
    """Answer any other address under a token, without revealing whether the token is valid."""
    return wrong_address(request)


@require_safe
@never_cache
def with_slash(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect a private link that lost its last slash."""
    response = HttpResponseRedirect(request.get_full_path(force_append_slash=True))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


# The status must be current when the reader comes back to it; typed text is on the pages of the actions.
@require_safe
@private_page_view
@never_cache
def private(request: HttpRequest, presenter: RequestStatusPresenter) -> HttpResponse:
    done = request.GET.get("done", "")
    confirmation, is_about_files = presenter.confirmation(done), done in (Action.ATTACHMENTS, REMOVED)
    form = AttachmentsForm(presenter)
    response = _page(
        request,
        "page",
        presenter=presenter,
        form=None if presenter.refusal(form.action) else form,
        confirmation="" if is_about_files else confirmation,
        files_confirmation=confirmation if is_about_files else "",
        was_resent=done == "resent",
        address=private_links.address_of(_token(request)),
    )
    return _with_form(response) if presenter.is_open else response


@require_safe
@private_page_view
@never_cache
def calendar(request: HttpRequest, presenter: RequestStatusPresenter) -> HttpResponse:
    """The agreed appointment as a calendar entry: the same as that in the mail."""
    if not presenter.appointment or not presenter.is_agreed:
        return wrong_address(request)
    response = HttpResponse(calendar_entry(presenter.appointment, "PUBLISH"), content_type="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


@require_get_or_post
@private_page_view
def contact(request: HttpRequest, presenter: RequestStatusPresenter) -> HttpResponse:
    form = _form(request, ContactDetailsForm, presenter)
    can_be_done = form.is_valid() and not presenter.refusal(form.action)
    if can_be_done and not CONTACT_CHANGES_PER_REQUEST.allow(str(presenter.consultation.pk)):
        refused = _("This has been changed many times in 24 hours. Call us and tell us how to reach you.")
        return _asked(request, form, refused=refused, status=429)
    return _answered(request, form)


@takes_files
@require_get_or_post
@private_page_view
def attachments(request: HttpRequest, presenter: RequestStatusPresenter) -> HttpResponse:
    """Add files, or remove one."""
    form = AttachmentsForm(presenter)
    if request.method != "POST":
        return _asked(request, form)
    network, files = network_address(request), len(request.FILES.getlist("attachments"))
    if "remove" not in request.POST:  # before the work of reading photographs
        if presenter.refusal(form.action):
            return _refused(request, form)
        if not allow_upload(files, network):
            refused = _("Too many files have come from your network. Try again in an hour, or call us.")
            return _asked(request, form, refused=refused, status=429)
    return _answered(request, AttachmentsForm(presenter, request.POST, request.FILES, network=network))


@require_safe
@private_page_view
def thumbnail(request: HttpRequest, presenter: RequestStatusPresenter, attachment: int) -> HttpResponseBase:
    """The thumbnail of a photograph, for as long as the private page shows it."""
    for one in presenter.attachments:
        if one.pk == attachment and presenter.shows_thumbnail(one):
            with suppress(FileNotFoundError):
                return file_storage.file_response(one, one.thumbnail_name, "photo")
    return _page(request, "unknown", status=404)


def _action_view(form: type[ActionForm]) -> TokenView:
    @require_get_or_post
    @private_page_view
    def view(request: HttpRequest, presenter: RequestStatusPresenter) -> HttpResponse:
        return _answered(request, _form(request, form, presenter))

    return view


withdraw = _action_view(WithdrawForm)
note = _action_view(NoteForm)
time = _action_view(AcceptTimeForm)
other_time = _action_view(OtherTimeForm)


def _form(request: HttpRequest, form: type[ActionForm], presenter: RequestStatusPresenter) -> ActionForm:
    """Return the form as sent; unchecked if only the language of the page was changed."""
    if request.method != "POST":
        return form(presenter)
    several = {name: request.POST.getlist(name) for name in SEVERAL_CHOICES if name in request.POST}
    sent = request.POST.dict() | several
    return form(presenter, initial=sent) if is_change_of_language(request) else form(presenter, sent)


def _answered(request: HttpRequest, form: ActionForm) -> HttpResponse:
    """Show an action's form, or perform the action and redirect to the private page, which confirms it."""
    try:
        if not form.is_bound or not form.send():
            return _asked(request, form)
    except (NotAllowedError, SomeoneElseChangedError):
        return _refused(request, form)
    return SeeOther(f"{reverse('consultations:private', args=[_token(request)])}?done={form.done}")


def _token(request: HttpRequest) -> str:
    return request.resolver_match.kwargs["token"] if request.resolver_match else ""


def _refused(request: HttpRequest, form: ActionForm) -> HttpResponse:
    """Show that the request has changed, with its current state, and keep what was typed."""
    now = form.presenter.again()
    return _asked(request, form.again(now), refused=now.refused(form.action), status=409)


def _asked(request: HttpRequest, form: ActionForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Render the page of an action, or why it is refused; then the form only keeps what was typed."""
    presenter = form.presenter.again() if form.is_bound else form.presenter
    why_not = presenter.refusal(form.action)
    has_form = not why_not or (request.method == "POST" and (form.is_filled_in or not refused))
    response = _page(
        request,
        form.page,
        status=status,
        presenter=presenter,
        form=form if has_form else None,
        refused=refused,
        why_not="" if refused else why_not,
        typed_in=FORM_ID if has_form and form.is_filled_in else "",
    )
    return _with_form(response) if has_form else response


def _with_form(response: HttpResponse) -> HttpResponse:
    # Under "no-referrer" browsers send the form with "Origin: null", which the CSRF check refuses.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _page(request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
    # Wrong links all get the same page, so it cannot lead to itself in another language.
    lost_link = reverse("consultations:lost_link")
    context["path_here"] = request.get_full_path() if "presenter" in context else lost_link
    return render(request, f"consultations/portal/{template}.html", context, status=status)
