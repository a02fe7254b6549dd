"""Sign-in addresses under ``/staff/``: the views of allauth that this site uses, by allauth's names.

There is no sign-up and no management of email addresses.
"""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.views import LogoutView, PasswordResetDoneView
from django.urls import URLPattern, path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.accounts import views


def page(route: str, view: Any, name: str, title: Any, **options: Any) -> URLPattern:
    """An allauth page with our heading, which no browser stores."""
    shown = never_cache(view.as_view(extra_context={"title": title}, **options))
    pattern: URLPattern = path(route, shown, name=name)
    return pattern


urlpatterns = [
    # Takes the place of the admin's own sign-in page.
    page("login/", account.LoginView, "account_login", _("Sign in")),
    page("login/code/", mfa.AuthenticateView, "mfa_authenticate", _("Second step")),
    path("login/start-again/", LogoutView.as_view(next_page="account_login"), name="start_again"),
    page(
        "confirm/password/", account.ReauthenticateView, "account_reauthenticate", _("Confirm your password")
    ),
    page("confirm/code/", mfa.ReauthenticateView, "mfa_reauthenticate", _("Confirm with a code")),
    page(
        "confirm/passkey/",
        webauthn.ReauthenticateWebAuthnView,
        "mfa_reauthenticate_webauthn",
        _("Confirm with a passkey"),
    ),
    page("two-step/", mfa.IndexView, "mfa_index", _("Two-step sign-in")),
    page("two-step/set-up/", totp.ActivateTOTPView, "mfa_activate_totp", _("Set up two-step sign-in")),
    page(
        "two-step/another-phone/",
        totp.DeactivateTOTPView,
        "mfa_deactivate_totp",
        _("Use another phone"),
        success_url=reverse_lazy("mfa_activate_totp"),
    ),
    page("two-step/passkeys/add/", webauthn.AddWebAuthnView, "mfa_add_webauthn", _("Add a passkey")),
    page(
        "two-step/passkeys/<int:pk>/remove/",
        webauthn.RemoveWebAuthnView,
        "mfa_remove_webauthn",
        _("Remove a passkey"),
        success_url=reverse_lazy("mfa_index"),
    ),
    page(
        "two-step/recovery-codes/",
        recovery_codes.ViewRecoveryCodesView,
        "mfa_view_recovery_codes",
        _("Your recovery codes"),
    ),
    page(
        "two-step/recovery-codes/new/",
        recovery_codes.GenerateRecoveryCodesView,
        "mfa_generate_recovery_codes",
        _("New recovery codes"),
    ),
    path(
        "two-step/recovery-codes/download/",
        # allauth marks the codes as seen before it looks at the method.
        require_safe(recovery_codes.DownloadRecoveryCodesView.as_view()),
        name="mfa_download_recovery_codes",
    ),
    path("password/forgotten/", never_cache(views.ForgottenPasswordView.as_view()), name="password_reset"),
    path(
        "password/sent/",
        PasswordResetDoneView.as_view(template_name="account/link_sent.html", title=_("Check your email")),
        name="password_reset_done",
    ),
    path(
        "password/choose/<uidb64>/<token>/", views.ChoosePasswordView.as_view(), name="password_reset_confirm"
    ),
    path("stop-change/<str:token>/", views.stop_takeover, name="stop_takeover"),
    path("session/", views.session_status, name="session_status"),
]
