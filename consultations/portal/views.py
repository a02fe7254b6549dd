"""The private page of one request: where it stands, and what its patient may do there.

Whoever has the address is the patient; there is no account. A GET changes nothing of a request: every
action has a page of its own that asks, and a POST from there that does it. A wrong address, an expired
one and one of an erased request cannot be told apart, whatever is asked of them.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.core.http.responses import SeeOther
from clinic_site.core.rate_limits import Limit, network_address
from consultations import private_links
from consultations.intake.upload_handler import takes_files
from consultations.intake.views import UPLOADS
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest
from consultations.portal.forms import (
    AcceptTimeForm,
    ActionForm,
    MorePhotographsForm,
    NewPhoneForm,
    NoteForm,
    OtherTimeForm,
    WithdrawForm,
)
from consultations.portal.presenters import Standing

# An address has 192 random bits: nobody guesses one. Whoever tries all the same is stopped early, and
# somebody who lost a letter of theirs is not.
WRONG_ADDRESSES = Limit("wrong private addresses", attempts=30, period=timedelta(hours=1))
# Each leaves a note and a mail to the staff. Nobody has more numbers than this in a day.
CORRECTIONS = Limit("phone corrections of a request", attempts=10, period=timedelta(days=1))

require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])

PrivateView = Callable[[HttpRequest, Standing], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


def for_patient(view: PrivateView) -> TokenView:
    """For a view of one request: finds the request that the token opens, and keeps the answer private."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        consultation = ConsultationRequest.objects.for_token(token).first()
        response = view(request, Standing(consultation)) if consultation else wrong_address(request)
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return opened


def wrong_address(request: HttpRequest) -> HttpResponse:
    """The one answer to every address that opens nothing. The count is all that a GET ever writes here."""
    if not WRONG_ADDRESSES.allow(network_address(request)):
        return _page(request, "too_many", status=429)
    return _page(request, "unknown", status=404)


@never_cache
def no_such_action(request: HttpRequest, token: str, rest: str) -> HttpResponse:
    """Any other address under a token, right or wrong: no page for it may show the token or tell of it."""
    response = wrong_address(request)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
@never_cache
def with_slash(request: HttpRequest, address: str) -> HttpResponse:
    """An address that lost its last character, which is all that is missing."""
    response = HttpResponseRedirect(request.get_full_path(force_append_slash=True))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@for_patient
def private(request: HttpRequest, standing: Standing) -> HttpResponse:
    done = standing.confirmation(request.GET.get("done", ""))
    return _page(
        request, "", standing=standing, confirmation=done, address=private_links.address_of(_token(request))
    )


@require_get_or_post
@for_patient
def withdraw(request: HttpRequest, standing: Standing) -> HttpResponse:
    return _answered(request, WithdrawForm(standing, _sent(request)))


@require_get_or_post
@for_patient
def phone(request: HttpRequest, standing: Standing) -> HttpResponse:
    form = NewPhoneForm(standing, _sent(request))
    can_be_done = form.is_valid() and not standing.refusal(form.action)
    if can_be_done and not CORRECTIONS.allow(str(standing.request.pk)):
        refused = _("The number was changed many times today. Call us, and tell us the right one.")
        return _asked(request, form, refused=refused, status=429)
    return _answered(request, form)


@require_get_or_post
@for_patient
def note(request: HttpRequest, standing: Standing) -> HttpResponse:
    return _answered(request, NoteForm(standing, _sent(request)))


@takes_files
@require_get_or_post
@for_patient
def photographs(request: HttpRequest, standing: Standing) -> HttpResponse:
    form = MorePhotographsForm(standing)
    if request.method != "POST":
        return _answered(request, form)
    if standing.refusal(form.action):
        return _refused(request, form)  # before the work of reading photographs
    if not UPLOADS.allow(network_address(request)):
        refused = _("Too many files have come from your network. Try again in an hour, or call us.")
        return _asked(request, form, refused=refused, status=429)
    return _answered(request, MorePhotographsForm(standing, request.POST, request.FILES))


@require_get_or_post
@for_patient
def time(request: HttpRequest, standing: Standing) -> HttpResponse:
    return _answered(request, AcceptTimeForm(standing, _sent(request)))


@require_get_or_post
@for_patient
def other_time(request: HttpRequest, standing: Standing) -> HttpResponse:
    return _answered(request, OtherTimeForm(standing, _sent(request)))


def _sent(request: HttpRequest) -> dict[str, str] | None:
    return request.POST.dict() if request.method == "POST" else None


def _answered(request: HttpRequest, form: ActionForm) -> HttpResponse:
    """Show an action's form; or do what was sent, and lead back to the private page, which confirms it."""
    if not form.is_bound:
        return _asked(request, form)
    try:
        is_done = form.send()
    except (NotAllowedError, SomeoneElseChangedError):
        return _refused(request, form)
    if not is_done:
        return _asked(request, form)
    return SeeOther(f"{reverse('consultations:private', args=[_token(request)])}?done={form.action}")


def _token(request: HttpRequest) -> str:
    return request.resolver_match.kwargs["token"] if request.resolver_match else ""


def _refused(request: HttpRequest, form: ActionForm) -> HttpResponse:
    """The request stands otherwise by now: say so, show how, and lose nothing that was typed."""
    now = form.standing.again()
    return _asked(request, form.again(now), refused=now.refused(form.action), status=409)


def _asked(request: HttpRequest, form: ActionForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    """The page of an action. Where it cannot be done it says why; then a form only keeps what was typed."""
    standing = form.standing.again() if form.is_bound else form.standing
    why_not = standing.refusal(form.action)
    has_form = not why_not or (form.is_bound and form.is_filled_in)
    response = _page(
        request,
        form.action.replace("-", "_"),
        status=status,
        standing=standing,
        form=form if has_form else None,
        refused=refused,
        why_not="" if refused else why_not,
    )
    if has_form:
        # Under "no-referrer" browsers send the form with "Origin: null", which the CSRF check refuses.
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def _page(request: HttpRequest, name: str, *, status: int = 200, **context: object) -> HttpResponse:
    template = f"consultations/portal/{name or 'page'}.html"
    return render(request, template, context, status=status)
