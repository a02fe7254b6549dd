"""Sign-in forms, and the admin's forms of an account."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.forms import PasswordResetForm, UserChangeForm
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sign_in_limits
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.roles import MANAGER

OWN_ACCOUNT = _("You cannot take this away from your own account. Another manager can do it.")
OWN_SUPERUSER = _("You cannot take this away from your own account. Another superuser can do it.")
OWN_ROLE = _("You cannot take the role Manager away from yourself. Another manager can do it.")


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


class ForgottenPasswordForm(PasswordResetForm):
    def get_users(self, email: str) -> Iterable[User]:
        """Return also those who have no password yet: their invitation may be lost."""
        return User.objects.filter(email__iexact=email, is_active=True, is_staff=True)


class InviteForm(forms.ModelForm[User]):
    """A new account. Only its owner ever chooses its password."""

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "groups"]
        help_texts = {"email": _("The invitation is sent here. It works once, within seven days.")}

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.is_staff = True
        user.set_unusable_password()
        if commit:
            user.save()
            self._save_m2m()  # type: ignore[attr-defined]
        return user


class AccountForm(UserChangeForm[User]):
    """An account without its password. Managers cannot remove their own access, so one is always left."""

    password = None  # type: ignore[assignment]
    is_own = False  # set by the admin: the account of the person who edits it

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.is_own:
            return cleaned
        error = OWN_SUPERUSER if self.instance.is_superuser else OWN_ACCOUNT
        for name in ("is_active", "is_staff", "is_superuser"):
            if self.initial.get(name) and cleaned.get(name) is False:
                self.add_error(name, error)
        if "groups" in cleaned and not self.instance.is_superuser:
            lost = self.instance.groups.filter(name=MANAGER).exclude(pk__in=cleaned["groups"])
            if lost.exists():
                self.add_error("groups", OWN_ROLE)
        return cleaned
