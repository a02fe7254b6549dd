"""Ends idle staff sessions and requires two-step sign-in."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic_site.accounts import sessions
from clinic_site.core.http import error_pages
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
        if error_pages.is_staff_side(request) and request.user.is_authenticated:
            if sessions.seconds_left(request.session) <= 0:
                return self._end_session(request)
            if not sessions.is_background(request):
                sessions.record_request(request.session)
            request.session_seconds_left = sessions.seconds_left(request.session)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if not error_pages.is_staff_side(request):
            return response
        if request.method == "POST" and _asks_to_sign_in(response) and not sessions.is_background(request):
            response.headers["Location"] = self._sign_in_address(request)
        if response.status_code == 405 and not response.content:
            response.content = error_pages.staff_page(request, 405).content
        return response

    def _end_session(self, request: HttpRequest) -> HttpResponse:
        """Sign out. A form sent with this request is not processed: its page opens again after sign-in."""
        logout(request)
        if sessions.is_background(request):
            return self.get_response(request)
        messages.warning(request, _("You were signed out because you were inactive."))
        if request.method in ("GET", "HEAD"):
            return self.get_response(request)
        return SeeOther(self._sign_in_address(request))

    def _sign_in_address(self, request: HttpRequest) -> str:
        """Warn that a form was not saved, and return the sign-in address that leads back to it."""
        messages.warning(
            request,
            _("What you sent was not saved. Sign in, and it will be back in its form for you to send again."),
        )
        # The address of a POST may have no page.
        page = error_pages.staff_page_before(request) or reverse("admin:index")
        return f"{reverse('admin:login')}?{urlencode({'next': page})}"

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not (settings.STAFF_TWO_STEP and error_pages.is_staff_side(request)):
            return None
        match = request.resolver_match
        if request.user.is_anonymous or (match and match.view_name in OPEN_BEFORE_SET_UP):
            return None
        return None if is_mfa_enabled(request.user) else redirect("mfa_activate_totp")


def _asks_to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").startswith(f"{reverse('admin:login')}?")
