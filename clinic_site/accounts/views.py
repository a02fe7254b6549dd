"""The account pages that allauth does not have: password links, and the time left of a session."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clinic_site.accounts import events, services, sessions, sign_in_limits, takeover
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.tokens import password_link_tokens
from clinic_site.core.rate_limits import network_address


class ForgottenPasswordView(PasswordResetView):
    """Mail a link. The response is the same whether or not there is such an account."""

    template_name = "account/forgotten.html"
    title = _("Forgot your password?")

    def form_valid(self, form: Any) -> HttpResponse:
        if not sign_in_limits.LINK_BY_ADDRESS.allow(network_address(self.request)):
            form.add_error(
                None,
                _t("Too many links have been asked for from your network. Wait an hour, then try again."),
            )
            return self.form_invalid(form)
        email = form.cleaned_data["email"]
        if sign_in_limits.LINK_BY_ACCOUNT.allow(sign_in_limits.normalized_account(email)):
            # Also those who have no password yet: their invitation may be lost.
            for user in User.objects.filter(email__iexact=email, is_active=True, is_staff=True):
                services.send_password_link(user)
        return HttpResponseRedirect(self.get_success_url())


class ChoosePasswordView(PasswordResetConfirmView):
    """The page that a mailed link opens. Opening it changes nothing, so mail scanners do no harm."""

    success_url = reverse_lazy("account_login")
    template_name = "account/choose_password.html"
    title = _("Choose your password")
    token_generator = password_link_tokens

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        events.record(AccountEvent.Kind.PASSWORD_CHOSEN, actor=self.user, subject=self.user)
        messages.success(self.request, _t("Your password is set. Sign in with it now."))
        response = super().form_valid(form)
        # The link proves who this is: no earlier attempt, here or elsewhere, keeps this browser out.
        sign_in_limits.remember_browser(self.request, response, self.user, from_zero=True)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context if self.validlink else context | {"title": _("This link no longer works")}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_takeover(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the link that stops a change of a manager's account. Opening it changes nothing."""
    asked = takeover.pending_of(token)
    is_stopped = bool(asked) and request.method == "POST"
    if asked and is_stopped:
        takeover.stop(asked)
    context = {"title": _t("Stop a change"), "is_pending": asked is not None, "is_stopped": is_stopped}
    return render(request, "account/stop_takeover.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session_status(request: HttpRequest) -> HttpResponse:
    """Return the seconds until the session ends. POST, the button "Stay signed in", renews it.

    The page's script asks in the background, which does not count as activity.
    """
    left = 0
    if request.user.is_authenticated:
        if request.method == "POST":
            sessions.record_request(request.session, exact=True)
        left = max(sessions.seconds_left(request.session), 0)
    return JsonResponse({"seconds_left": left})
