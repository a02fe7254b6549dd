"""The pages of signing in. allauth's own, with our record, our answers and fewer of them."""

from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.account.views import LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.base.views import ReauthenticateView as CodeAgainView
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic_site.accounts import events, services, sessions, sign_in_limits, tokens
from clinic_site.accounts.forms import (
    CodeForm,
    ConfirmCodeForm,
    ConfirmPasswordForm,
    ForgottenForm,
    SetUpForm,
    SignInForm,
)
from clinic_site.accounts.models import AccessEvent
from clinic_site.core.http.responses import SeeOther
from clinic_site.core.rate_limits import network_address


class StaffPage:
    """What our template of these pages asks for; a form that is done is answered with 303."""

    title: Any = ""
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | page_of(self.request, self.title)

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "POST" and response.status_code == 302:
            response.status_code = 303
        return response


def page_of(request: HttpRequest, title: Any) -> dict[str, Any]:
    return {
        "title": title,
        "has_permission": request.user.is_authenticated,
        "is_required": settings.STAFF_TWO_STEP,
    }


# Signing in


class SignInView(StaffPage, LoginView):
    form_class = SignInForm
    title = gettext_lazy("Sign in")


class CodeView(StaffPage, AuthenticateView):
    form_class = CodeForm
    title = gettext_lazy("The second step")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = self.stage.login.user
        if not (user.is_active and user.is_staff):
            # Since the password was given, the account was closed.
            return start_again(request)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def _build_forms(self) -> Any:
        # allauth's own takes a POST without a code for a passkey, which nobody has here.
        data = self.request.POST if self.request.method == "POST" else None
        self.auth_form = CodeForm(user=self.stage.login.user, data=data)
        self.webauthn_form = None
        return self.auth_form


@require_POST
def start_again(request: HttpRequest) -> HttpResponse:
    """Between the two steps: it is somebody else who wants to sign in."""
    clear_login(request)
    return SeeOther(reverse("account_login"))


class ConfirmPasswordView(StaffPage, ReauthenticateView):
    form_class = ConfirmPasswordForm
    title = gettext_lazy("Your password once more")


class ConfirmCodeView(StaffPage, CodeAgainView):
    form_class = ConfirmCodeForm
    title = gettext_lazy("A code once more")


# The second step


class TwoStepView(StaffPage, IndexView):
    title = gettext_lazy("Two-step sign-in")


class SetUpView(StaffPage, ActivateTOTPView):
    form_class = SetUpForm
    title = gettext_lazy("Set up two-step sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.request.user
        try:
            with transaction.atomic():
                response: HttpResponse = super().form_valid(form)
                events.record(AccessEvent.Kind.TWO_STEP_SET_UP, actor=user, subject=user)
        except IntegrityError:
            # Sent twice at the same moment: it is set up.
            return redirect("mfa_view_recovery_codes")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
        return context | {"secret_groups": groups}


class RemoveView(StaffPage, DeactivateTOTPView):
    title = gettext_lazy("Use another phone")

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.request.user
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            events.record(AccessEvent.Kind.TWO_STEP_REMOVED, actor=user, subject=user)
        self.request.session.pop(sessions.HAS_TWO_STEP, None)
        return response

    def get_success_url(self) -> str:
        return reverse("mfa_activate_totp")


class RecoveryCodesView(StaffPage, ViewRecoveryCodesView):
    title = gettext_lazy("Your recovery codes")


class NewRecoveryCodesView(StaffPage, GenerateRecoveryCodesView):
    title = gettext_lazy("New recovery codes")

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.request.user
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            events.record(AccessEvent.Kind.RECOVERY_CODES_RENEWED, actor=user, subject=user)
        return response


# Anything else would be refused only after the codes count as shown.
download_recovery_codes = require_safe(DownloadRecoveryCodesView.as_view())


# The session


@never_cache
@require_safe
def session_status(request: HttpRequest) -> HttpResponse:
    """For the page's script, which asks without counting as somebody at work."""
    return _time_left(request)


@never_cache
@require_POST
def session_renew(request: HttpRequest) -> HttpResponse:
    """Somebody pressed "Stay signed in"."""
    if request.user.is_authenticated:
        sessions.note_request(request.session, at_once=True)
    return _time_left(request)


def _time_left(request: HttpRequest) -> HttpResponse:
    left = sessions.seconds_left(request.session) if request.user.is_authenticated else 0
    return JsonResponse({"seconds_left": max(left, 0)})


# Passwords


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. The answer is the same whether or not there is such an account."""
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name = form.cleaned_data["name"]
        if not sign_in_limits.LINK_BY_ADDRESS.allow(network_address(request)):
            form.add_error(None, _("There were too many tries. Wait an hour, then try again."))
        else:
            # Over the limit of an account nothing is sent, and nothing else is said.
            if sign_in_limits.LINK_BY_ACCOUNT.allow(sign_in_limits.account(name)):
                services.send_links_to(name)
            return SeeOther(reverse("password_link_sent"))
    context = {"form": form} | page_of(request, _("Forgot your password?"))
    return render(request, "account/forgotten.html", context)


@never_cache
@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "account/link_sent.html", page_of(request, _("Look into your mail")))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest, token: str) -> HttpResponse:
    """The page that a mailed link opens. Opening it changes nothing; a mail scanner does no harm."""
    user = tokens.owner(token)
    if user is None:
        return _used_link(request)
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not services.choose_password(token, form.cleaned_data["new_password1"]):
            return _used_link(request)
        messages.success(request, _("Your password is set. Sign in with it now."))
        return SeeOther(reverse("account_login"))
    context = {"form": form, "owner": user} | page_of(request, _("Choose your password"))
    return render(request, "account/choose_password.html", context)


def _used_link(request: HttpRequest) -> HttpResponse:
    context = page_of(request, _("This link opens nothing any more"))
    return render(request, "account/used_link.html", context, status=410)
