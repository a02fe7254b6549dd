"""Who can sign in, and the hooks of django-allauth: sign-in limits, error messages, redirects."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import sessions, sign_in_limits
from clinic_site.clinic.models import ClinicProfile


class StaffBackend(ModelBackend):
    """Only active staff can sign in. A session of anyone else is anonymous."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and user.is_staff


class StaffAccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The email address or the password is wrong. Check both and try again."),
        "incorrect_password": _("The password is wrong. Check it and try again."),
    }

    def is_safe_url(self, url: str) -> bool:
        # Only pages of this site. allauth's own check raises ValueError on a malformed address.
        return url_has_allowed_host_and_scheme(url, allowed_hosts={self.request.get_host()})

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        # Instead of allauth's own limit: this one counts across processes and spares known browsers.
        sign_in_limits.allow_sign_in(request, credentials.get("email", ""))

    def login(self, request: HttpRequest, user: Any) -> None:
        if not (user.is_active and user.is_staff):
            # The account was closed between the password and the second step.
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        # The password that has just signed in counts, too.
        started_at: float = self.request.session.get(sessions.STARTED_AT, 0)
        return time.time() - started_at > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Show none of allauth's messages: the pages themselves say what happened."""


class StaffMFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is wrong or was already used. Wait for the next one and type its digits."
        ),
    }

    def get_totp_issuer(self) -> str:
        """Return the name of the account in the authenticator app. A colon would end it."""
        clinic = ClinicProfile.current()
        return (clinic.name if clinic else _t("Clinic staff")).replace(":", " ")
