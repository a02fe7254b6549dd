"""The forms of signing in, with our words, our limits and our record."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.forms import ReauthenticateForm as PasswordAgainForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import validate_totp_code
from django import forms
from django.contrib.auth.forms import UserChangeForm, UsernameField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sign_in_limits
from clinic_site.accounts.models import AccessEvent, User
from clinic_site.accounts.roles import MANAGER

CODE_LENGTH = 40
OWN_ACCOUNT = _("You cannot take this away from your own account. Another manager can do it.")
OWN_SUPERUSER = _("You cannot take this away from your own account. Another superuser can do it.")
OWN_ROLE = _("You cannot take the role Manager away from yourself. Another manager can do it.")


def plain_digits(code: str) -> str:
    """A code as typed: Urdu and other digits made ASCII, spaces and dashes left out."""
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in code
        if not character.isspace() and character != "-"
    )


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, password = self.fields["login"], self.fields["password"]
        name.label = _("User name")
        name.widget.attrs |= {"autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        password.max_length = 4096
        password.help_text = ""
        for field in (name, password):
            field.widget.attrs.pop("placeholder", None)


class ConfirmPasswordForm(PasswordAgainForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs["autofocus"] = True


class CodeField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        attributes = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autofocus": True,
            "spellcheck": "false",
        }
        super().__init__(
            max_length=CODE_LENGTH,
            widget=forms.TextInput(attrs=attributes),
            **({"label": _("Code")} | kwargs),
        )

    def to_python(self, value: Any) -> str:
        return plain_digits(super().to_python(value) or "")


class _CheckedCode(BaseAuthenticateForm):
    """A code of the app, or one of the recovery codes, of the person who gave the password."""

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        sign_in_limits.allow_code(self.user.pk)
        for authenticator in Authenticator.objects.filter(user=self.user).order_by("-type"):
            if authenticator.wrap().validate_code(code) and self._is_first_use(authenticator, code):
                authenticator.user = self.user
                self.authenticator = authenticator
                return code
        events.record(AccessEvent.Kind.SIGN_IN_FAILED, subject=self.user, step="code")
        raise get_adapter().validation_error("incorrect_code")

    def _is_first_use(self, authenticator: Authenticator, code: str) -> bool:
        # allauth remembers used codes in a cache, which is another one in each process.
        if authenticator.type != Authenticator.Type.TOTP:
            return True
        return sign_in_limits.CODE_ONCE.allow(f"{self.user.pk} {code}")

    def save(self) -> None:
        super().save()
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            # Another copy of this row was locked and changed when the code was looked at.
            self.authenticator.refresh_from_db()
            left = len(self.authenticator.wrap().get_unused_codes())
            events.record(
                AccessEvent.Kind.RECOVERY_CODE_USED, actor=self.user, subject=self.user, codes_left=left
            )


class CodeForm(_CheckedCode, AuthenticateForm):
    code = CodeField()


class ConfirmCodeForm(_CheckedCode, ReauthenticateForm):
    code = CodeField()


class SetUpForm(ActivateTOTPForm):
    code = CodeField(label=_("The six digits that the app shows"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page begins with what comes before; after a mistake the field is what matters.
        self.fields["code"].widget.attrs["autofocus"] = self.is_bound

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        sign_in_limits.allow_code(self.user.pk)
        if not validate_totp_code(self.secret, code):
            raise ValidationError(
                _(
                    "These are not the digits that the app should show. Wait for the next six, then type "
                    "them. If it happens again, set the phone’s clock to be set automatically."
                )
            )
        return code


class ForgottenForm(forms.Form):
    name = forms.CharField(
        label=_("Your user name or email address"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )


# The account in the admin


class InviteForm(forms.ModelForm):
    """A new account. Nobody but its owner ever chooses its password."""

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "groups"]
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A colleague's page for adding has all of them; a window opened for one field may have fewer.
        if "email" in self.fields:
            self.fields["email"].required = True
            self.fields["email"].help_text = _("The invitation is sent here. It works for seven days, once.")

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("There is an account of this name. Choose another."))
        return name

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.is_staff = True
        user.set_unusable_password()
        if commit:
            user.save()
            self._save_m2m()  # type: ignore[attr-defined]
        return user


class AccountForm(UserChangeForm):
    """An account as a manager changes it: without its password.

    Nobody takes away from themselves what lets them in here: the last one would lock everybody out.
    """

    password = None  # type: ignore[assignment]
    is_own = False  # whether it is the account of whoever changes it

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.is_own:
            return cleaned
        own = OWN_SUPERUSER if self.instance.is_superuser else OWN_ACCOUNT
        for name in ("is_active", "is_staff", "is_superuser"):
            if self.initial.get(name) and cleaned.get(name) is False:
                self.add_error(name, own)
        if "groups" in cleaned and not self.instance.is_superuser:
            lost = self.instance.groups.filter(name=MANAGER).exclude(pk__in=cleaned["groups"])
            if lost.exists():
                self.add_error("groups", OWN_ROLE)
        return cleaned
