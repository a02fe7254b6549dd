"""Links to choose a password, checked by Django's token generator: signed, used once, never stored.

A link is void once the password or the email address changes or the person signs in.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode

from clinic_site.accounts.models import User

# PASSWORD_RESET_TIMEOUT, Django's only limit, is as long as the longer of the two.
INVITATION_LIFETIME = timedelta(days=7)
RESET_LIFETIME = timedelta(hours=24)


class PasswordLinkTokenGenerator(PasswordResetTokenGenerator):
    """Tokens of active staff. They expire sooner for accounts that have a password already."""

    def check_token(self, user: AbstractBaseUser | None, token: str | None) -> bool:
        if not (isinstance(user, User) and user.is_active and user.is_staff and token):
            return False
        if not super().check_token(user, token):
            return False
        age = self._num_seconds(self._now()) - base36_to_int(token.partition("-")[0])
        return age <= lifetime(user).total_seconds()


password_link_tokens = PasswordLinkTokenGenerator()


def lifetime(user: User) -> timedelta:
    return RESET_LIFETIME if user.has_usable_password() else INVITATION_LIFETIME


def password_link(user: User) -> str:
    """Return the absolute address of a new link."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = password_link_tokens.make_token(user)
    return settings.SITE_URL + reverse("password_reset_confirm", args=[uid, token])
