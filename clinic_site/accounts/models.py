"""Staff accounts and the log of their events."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.core.append_only import AppendOnlyModel


class UserManager(DjangoUserManager["User"]):
    """Accounts by email address, in upper or lower case."""

    use_in_migrations = False

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        user: User = self.model(email=email.strip(), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """A member of staff, who signs in with an email address. Patients have no accounts."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"))

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="staff_account_email_is_unique",
                violation_error_message=_("There is already an account with this email address."),
            )
        ]
        verbose_name = _("staff account")
        verbose_name_plural = _("staff accounts")

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class AccountEvent(AppendOnlyModel):
    """A sign-in, or a change of an account. No mistyped address is stored.

    ``detail`` depends on the kind: roles before and after, codes left, why a session ended.
    """

    retention = settings.AUDIT_RETENTION

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
        SIGNED_OUT = "signed_out", _("Signed out")
        TWO_STEP_SET_UP = "two_step_set_up", _("Two-step sign-in set up")
        TWO_STEP_REMOVED = "two_step_removed", _("Two-step sign-in removed")
        TWO_STEP_RESET = "two_step_reset", _("Two-step sign-in reset by a manager")
        RECOVERY_CODE_USED = "recovery_code_used", _("Recovery code used")
        RECOVERY_CODES_RENEWED = "recovery_codes_renewed", _("New recovery codes made")
        ROLES_CHANGED = "roles_changed", _("Roles changed")
        INVITED = "invited", _("Invited")
        LINK_SENT = "link_sent", _("Link to choose a password sent")
        PASSWORD_CHOSEN = "password_chosen", _("Password chosen")
        EMAIL_CHANGED = "email_changed", _("Email address changed")
        TAKEOVER_ASKED = "takeover_asked", _("Change of a manager’s address or second step asked for")
        TAKEOVER_STOPPED = "takeover_stopped", _("That change stopped by the owner of the account")
        ACTIVATED = "activated", _("Account activated")
        DEACTIVATED = "deactivated", _("Account deactivated")

    kind = models.CharField(_("what happened"), max_length=30, choices=Kind)
    # Null if nobody was signed in: a failed sign-in, a link asked for on the sign-in page.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    # Null if there is no account with the email address that was tried.
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.get_kind_display())

    def summary(self) -> str:
        """Return ``detail`` as text."""
        detail = self.detail
        if "before" in detail:
            return f"{_rights_text(detail['before'])} → {_rights_text(detail['after'])}"
        if "codes_left" in detail:
            return gettext("%(count)s codes left") % {"count": detail["codes_left"]}
        return {
            "password": gettext("Wrong email address or password"),
            "code": gettext("Wrong code"),
            "idle": gettext("After inactivity"),
            "totp": gettext("Authenticator app"),
            "webauthn": gettext("Passkey"),
        }.get(detail.get("step") or detail.get("reason") or detail.get("method", ""), "")


def _rights_text(rights: dict[str, Any]) -> str:
    names = [*rights["roles"]]
    names += [gettext("Superuser")] if rights["is_superuser"] else []
    names += [] if rights["is_staff"] else [gettext("not staff")]
    return ", ".join(names) or gettext("no role")
