"""Ends idle staff sessions and requires two-step sign-in."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from clinic_site.accounts import sessions
from clinic_site.core.http.responses import SeeOther

# The pages that work before two-step sign-in is set up: those that set it up, and signing out.
OPEN_BEFORE_SET_UP = frozenset(
    [
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "session_status",
        "admin:logout",
    ]
)


class StaffAccessMiddleware:
    """Applies to addresses under ``/staff/`` only: no other page may depend on who is signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/staff/") and request.user.is_authenticated:
            if sessions.seconds_left(request.session) <= 0:
                return self._end_session(request)
            if not sessions.is_background(request):
                sessions.record_request(request.session)
            request.session_seconds_left = sessions.seconds_left(request.session)  # type: ignore[attr-defined]
        return self.get_response(request)

    def _end_session(self, request: HttpRequest) -> HttpResponse:
        """Sign out. A form sent with this request is not processed: its page opens again after sign-in."""
        logout(request)
        if sessions.is_background(request):
            return self.get_response(request)
        messages.warning(
            request, _("You were signed out because you were inactive. Changes that were not saved are lost.")
        )
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)
        return SeeOther(f"{reverse('admin:login')}?{urlencode({'next': _page_of_form(request)})}")

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not (settings.STAFF_TWO_STEP and request.path_info.startswith("/staff/")):
            return None
        match = request.resolver_match
        if request.user.is_anonymous or (match and match.view_name in OPEN_BEFORE_SET_UP):
            return None
        return None if is_mfa_enabled(request.user) else redirect("mfa_activate_totp")


def _page_of_form(request: HttpRequest) -> str:
    """Return the path of the page that a form was sent from: the address of a POST may have no page."""
    referer = request.headers.get("referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        page = urlsplit(referer)
        if page.path.startswith("/staff/"):
            return f"{page.path}?{page.query}" if page.query else page.path
    return reverse("admin:index")
