"""Where django-allauth asks the site: who may come in, how often, and what is written down of it."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sessions, sign_in_limits
from clinic_site.accounts.models import AccessEvent, User
from clinic_site.clinic.models import ClinicProfile

# How long after signing in nobody is asked for the password once more.
FRESH_SECONDS = 10 * 60


class StaffAccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _(
            "This user name and this password do not belong together. Check both, then try again."
        ),
        "incorrect_password": _("This is not your password. Check it, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index")

    def is_safe_url(self, url: str) -> bool:
        # Only pages of this site; and allauth's own fails on an address that cannot be read.
        return url_has_allowed_host_and_scheme(url, allowed_hosts={self.request.get_host()})

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        # In place of allauth's own limit, which counts in a cache: each process would have its own.
        sign_in_limits.allow_sign_in(request, credentials.get("username", ""))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None and not user.is_staff:
            self.authentication_failed(request, **credentials)
            return None
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        known = User.objects.filter(username=credentials.get("username", "")).first()
        events.record(AccessEvent.Kind.SIGN_IN_FAILED, subject=known, step="password")

    def login(self, request: HttpRequest, user: Any) -> None:
        with transaction.atomic():
            super().login(request, user)
            events.record(AccessEvent.Kind.SIGNED_IN, actor=user, subject=user)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        sign_in_limits.remember_browser(request, response, user)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        # Who has just signed in has just typed the password: the first set-up does not ask for it again.
        began = self.request.session.get(sessions.BEGAN, 0)
        return time.time() - began > FRESH_SECONDS

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say themselves where one is; allauth's messages would say it twice."""


class StaffMFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is not right, or was used already. Wait for the next one, then type its six digits."
        ),
    }

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_totp_issuer(self) -> str:
        """What the app on the phone calls the account. A colon would end it."""
        clinic = ClinicProfile.current()
        return (clinic.name if clinic else _t("Clinic staff")).replace(":", " ")
