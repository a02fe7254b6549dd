"""The account pages that allauth does not have: password links, and the time left of a session."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from clinic_site.accounts import events, services, sessions, sign_in_limits
from clinic_site.accounts.forms import ForgottenPasswordForm
from clinic_site.accounts.models import AccountEvent
from clinic_site.accounts.tokens import password_link_tokens
from clinic_site.core.rate_limits import network_address


class ForgottenPasswordView(PasswordResetView):
    """Mail a link. The response is the same whether or not there is such an account."""

    form_class = ForgottenPasswordForm
    template_name = "account/forgotten.html"
    title = _("Forgot your password?")

    def form_valid(self, form: Any) -> HttpResponse:
        if not sign_in_limits.LINK_BY_ADDRESS.allow(network_address(self.request)):
            form.add_error(None, _t("There were too many tries. Wait an hour, then try again."))
            return self.form_invalid(form)
        email = form.cleaned_data["email"]
        if sign_in_limits.LINK_BY_ACCOUNT.allow(sign_in_limits.normalized_account(email)):
            for user in form.get_users(email):
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
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context if self.validlink else context | {"title": _("This link no longer works")}


@never_cache
@require_safe
def session_status(request: HttpRequest) -> HttpResponse:
    """Tell the page's script how much time is left. Asking does not count as activity."""
    return _time_left(request)


@never_cache
@require_POST
def session_renew(request: HttpRequest) -> HttpResponse:
    """The button "Stay signed in"."""
    if request.user.is_authenticated:
        sessions.record_request(request.session, exact=True)
    return _time_left(request)


def _time_left(request: HttpRequest) -> HttpResponse:
    left = sessions.seconds_left(request.session) if request.user.is_authenticated else 0
    return JsonResponse({"seconds_left": max(left, 0)})
