"""Changes of staff accounts. Each records its event in the same transaction."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.accounts import events, sessions, tokens
from clinic_site.accounts.events import Actor
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail import queue as mail_queue

Kind = AccountEvent.Kind
AccessState = dict[str, Any]


@transaction.atomic
def invite(user: User, *, by: Actor) -> None:
    """Mail a link to choose the first password. Links sent earlier become void."""
    # An unusable password is random, and the tokens depend on it.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    send_password_link(user, by=by)


@transaction.atomic
def send_password_link(user: User, *, by: Actor | None = None) -> None:
    """Mail a link to choose a password; to those who have none it is an invitation."""
    lifetime = tokens.lifetime(user)
    if user.has_usable_password():
        mail_kind, subject = "password-link", _("A new password for the clinic’s staff pages")
    else:
        mail_kind, subject = "invitation", _("Your account for the clinic’s staff pages")
    clinic = ClinicProfile.current()
    context = {
        "clinic": clinic.name if clinic else "",
        "user": user,
        "link": tokens.password_link(user),
        "sign_in": settings.SITE_URL + reverse("admin:index"),
        "days": lifetime.days,
        "hours": int(lifetime.total_seconds()) // 3600,
    }
    text = render_to_string(f"accounts/email/{mail_kind.replace('-', '_')}.txt", context)
    mail_queue.queue(user.email, subject, text, kind=mail_kind, about=f"account-{user.pk}")
    kind = Kind.LINK_SENT if user.has_usable_password() else Kind.INVITED
    events.record(kind, actor=by, subject=user)


@transaction.atomic
def reset_two_step(user: User, *, by: Actor) -> None:
    """For someone who lost the phone and the recovery codes: the next sign-in asks to set it up again."""
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all(user)
    events.record(Kind.TWO_STEP_RESET, actor=by, subject=user)


def access_state(user: User) -> AccessState:
    """Return the stored rights and address of an account, for ``record_access_changes``."""
    stored = User.objects.get(pk=user.pk)
    rights = {
        "roles": sorted(stored.groups.values_list("name", flat=True)),
        "is_staff": stored.is_staff,
        "is_superuser": stored.is_superuser,
    }
    return {"rights": rights, "is_active": stored.is_active, "email": stored.email}


def record_access_changes(user: User, before: AccessState, *, by: Actor) -> None:
    """Record what changed since ``before``, in the transaction of the change."""
    after = access_state(user)
    if before["rights"] != after["rights"]:
        rights = {"before": before["rights"], "after": after["rights"]}
        events.record(Kind.ROLES_CHANGED, actor=by, subject=user, **rights)
    if before["is_active"] != after["is_active"]:
        kind = Kind.ACTIVATED if after["is_active"] else Kind.DEACTIVATED
        events.record(kind, actor=by, subject=user)
        sessions.end_all(user)
    if before["email"] != after["email"]:
        events.record(Kind.EMAIL_CHANGED, actor=by, subject=user)
