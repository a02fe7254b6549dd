"""Sign-in forms, and the admin's forms of an account."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.forms import UserChangeForm
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sign_in_limits, takeover
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.roles import MANAGER
from clinic_site.core.editing.conflicts import ConflictDetectingForm

OWN_ACCESS = _("You cannot take this away from your own account. A colleague with the same rights can do it.")


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email address")
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocomplete": "username"}


class CodeField(forms.CharField):
    """Digits of any script, such as Urdu. Spaces and dashes between them are ignored."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        errors = {"required": _("Type the digits of the code.")}
        super().__init__(
            label=_("Code"), widget=forms.TextInput(attrs=attributes), error_messages=errors, **kwargs
        )

    def to_python(self, value: Any) -> str:
        typed = super().to_python(value) or ""
        return "".join(str(unicodedata.decimal(character)) for character in typed if character.isdecimal())


class OneTimeCodeMixin:
    """Limit the attempts, and accept each code once across all processes."""

    user: User

    def clean_code(self) -> str:
        sign_in_limits.allow_code(self.user.pk)
        code: str = super().clean_code()  # type: ignore[misc]
        # allauth remembers used codes for 30 seconds, in the cache of one process. They work for 90 seconds,
        # and the code of the set-up page is not remembered at all.
        if not sign_in_limits.CODE_ONCE.allow(f"{self.user.pk} {code}"):
            events.record(AccountEvent.Kind.SIGN_IN_FAILED, subject=self.user, step="code")
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(OneTimeCodeMixin, AuthenticateForm):
    code = CodeField()


class ConfirmCodeForm(OneTimeCodeMixin, ReauthenticateForm):
    code = CodeField()


class SetUpForm(OneTimeCodeMixin, ActivateTOTPForm):
    code = CodeField()

    def secret_groups(self) -> list[str]:
        """Return the key in groups of four, easier to type."""
        return [self.secret[start : start + 4] for start in range(0, len(self.secret), 4)]


class AccountForm(ConflictDetectingForm, UserChangeForm[User]):
    """An account without its password. Managers cannot remove their own access, so one is always left."""

    password = None  # type: ignore[assignment]
    editor: User  # set by the admin

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance != self.editor:
            email = cleaned.get("email")
            # Until the form is saved, the instance has the former address.
            is_new = bool(email) and email != self.instance.email
            if is_new and (begins := takeover.start_waiting_period(self.instance, by=self.editor)):
                self.add_error("email", takeover.refusal(begins))
            return cleaned
        removed = [
            name
            for name in ("is_active", "is_staff", "is_superuser")
            if self.initial.get(name) and cleaned.get(name) is False
        ]
        if not self.instance.is_superuser and "groups" in cleaned:
            manages = self.instance.groups.filter(name=MANAGER)
            if manages.exclude(pk__in=cleaned["groups"]).exists():
                removed.append("groups")
        for name in removed:
            self.add_error(name, OWN_ACCESS)
        return cleaned
