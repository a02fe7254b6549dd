"""Staff accounts, and the log of what happened to each person's access."""

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.core.append_only import AppendOnlyModel


class User(AbstractUser):
    """A member of staff. Patients have no accounts."""

    class Meta:
        verbose_name = _("staff account")
        verbose_name_plural = _("staff accounts")


class AccessEventQuerySet(models.QuerySet["AccessEvent"]):
    def of_person(self, pk: int) -> Self:
        """What a person did, and what was done to the person's account."""
        return self.filter(Q(subject_id=pk) | Q(actor_id=pk))

    def newest_first(self) -> Self:
        return self.order_by("-at", "-pk")


class AccessEvent(AppendOnlyModel):
    """Something that happened to somebody's access. Neither an address nor a mistyped name is kept.

    ``detail`` says more where a kind needs it: roles before and after, why a session ended.
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
        ACTIVATED = "activated", _("Account activated")
        DEACTIVATED = "deactivated", _("Account deactivated")

    kind = models.CharField(_("what happened"), max_length=30, choices=Kind)
    # Nobody where nobody was signed in: a failure, a link asked for on the sign-in page.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    # Nobody where the account name that was tried does not exist.
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("whose account"),
    )
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    objects = AccessEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in and role event")
        verbose_name_plural = _("sign-ins and changes of roles")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.get_kind_display())

    def words(self) -> str:
        """What ``detail`` says, for people."""
        detail = self.detail
        if "before" in detail:
            return f"{_rights(detail['before'])} → {_rights(detail['after'])}"
        if "codes_left" in detail:
            return gettext("%(count)s codes left") % {"count": detail["codes_left"]}
        return {
            "password": gettext("Wrong name or password"),
            "code": gettext("Wrong code"),
            "idle": gettext("After a while without a request"),
        }.get(detail.get("step") or detail.get("why", ""), "")


def _rights(state: dict[str, Any]) -> str:
    names = [*state["roles"]]
    names += [gettext("Superuser")] if state["is_superuser"] else []
    names += [] if state["is_staff"] else [gettext("not staff")]
    return ", ".join(names) or gettext("no role")
