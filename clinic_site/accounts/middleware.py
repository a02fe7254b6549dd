"""What stands before every page of the staff side: an idle session ends, two-step sign-in is asked for."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic_site.accounts import events, sessions
from clinic_site.accounts.models import AccessEvent
from clinic_site.core.http.responses import SeeOther

# What somebody without the second step may open where it is required: what sets it up, and the way out.
OPEN_BEFORE_SET_UP = frozenset(
    [
        "mfa_activate_totp",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "session_status",
        "session_renew",
        "admin:logout",
    ]
)


class StaffAccessMiddleware:
    """For addresses under ``/staff/`` alone: nothing else may depend on who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/staff/") and request.user.is_authenticated:
            if not request.user.is_staff:
                # To this side they are nobody: led to sign in, and shown not even codes of their own.
                request.user = AnonymousUser()
                return self.get_response(request)
            if sessions.seconds_left(request.session) <= 0:
                return self._ended(request)
            if not sessions.is_background(request):
                sessions.note_request(request.session)
            request.session_seconds_left = sessions.seconds_left(request.session)  # type: ignore[attr-defined]
        return self.get_response(request)

    def _ended(self, request: HttpRequest) -> HttpResponse:
        """Sign the person out, and lead back to the page: what was sent with this request is not done."""
        events.record(AccessEvent.Kind.SIGNED_OUT, actor=request.user, subject=request.user, why="idle")
        logout(request)
        if sessions.is_background(request):
            return self.get_response(request)
        messages.warning(
            request,
            _("You were signed out, because nothing was done for a while. What was not saved is lost."),
        )
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)
        return SeeOther(f"{reverse('admin:login')}?{urlencode({'next': _page_of(request)})}")

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not (settings.STAFF_TWO_STEP and request.path_info.startswith("/staff/")):
            return None
        match = request.resolver_match
        if not request.user.is_staff or (match and match.view_name in OPEN_BEFORE_SET_UP):
            return None
        if has_two_step(request):
            return None
        return redirect("mfa_activate_totp")


def has_two_step(request: HttpRequest) -> bool:
    """Whether the person signed in has the second step. Asked once a session: a reset ends the session."""
    if not request.session.get(sessions.HAS_TWO_STEP):
        if not is_mfa_enabled(request.user):
            return False
        request.session[sessions.HAS_TWO_STEP] = True
    return True


def _page_of(request: HttpRequest) -> str:
    """The page on which a button was pressed, as our own address: a POST's own may have no page."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return reverse("admin:index")
    here = page.netloc == request.get_host() and page.path.startswith("/staff/")
    query = f"?{page.query}" if page.query else ""
    return f"{page.path}{query}" if here else reverse("admin:index")
