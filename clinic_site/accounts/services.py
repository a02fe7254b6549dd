"""What changes somebody's access: each writes its event in the same transaction."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_site.accounts import events, sessions, tokens
from clinic_site.accounts.events import Person
from clinic_site.accounts.models import AccessEvent, User
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail import queue as mail_queue

Kind = AccessEvent.Kind
State = dict[str, Any]


@transaction.atomic
def invite(user: User, *, by: Person) -> None:
    """Mail somebody a link to choose the first password. A link that was sent before is void."""
    # An unusable password is random: with a new one, older links name a state that is gone.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    _mail(user, "invitation", _("Your account for the clinic’s staff pages"))
    events.record(Kind.INVITED, actor=by, subject=user)


@transaction.atomic
def send_link(user: User, *, by: Person | None = None) -> None:
    """Mail somebody who has a password a link to choose another. The old one holds until then."""
    _mail(user, "password-link", _("A new password for the clinic’s staff pages"))
    events.record(Kind.LINK_SENT, actor=by, subject=user)


@transaction.atomic
def send_links_to(name: str) -> None:
    """Somebody asked for a link on the sign-in page, by user name or email address.

    Who was invited and has chosen no password gets a link too: the invitation may be lost.
    """
    mine = User.objects.filter(Q(username=name) | Q(email__iexact=name), is_active=True, is_staff=True)
    for user in mine.exclude(email="")[:5]:
        send_link(user)


@transaction.atomic
def choose_password(token: str, password: str) -> bool:
    """Set the password of the link's owner. False when by now the link is used or too old."""
    user = tokens.owner(token, lock=True)
    if user is None:
        return False
    user.set_password(password)
    user.save(update_fields=["password"])
    events.record(Kind.PASSWORD_CHOSEN, actor=user, subject=user)
    return True


@transaction.atomic
def reset_two_step(user: User, *, by: Person) -> None:
    """For somebody who lost the phone and the codes: the next sign-in asks to set it up again."""
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all_of(user)
    events.record(Kind.TWO_STEP_RESET, actor=by, subject=user)


def state_of(user: User) -> State:
    """What an account may do, as it is stored: to be compared with what it may do later."""
    stored = User.objects.get(pk=user.pk)
    return {
        "roles": sorted(stored.groups.values_list("name", flat=True)),
        "is_staff": stored.is_staff,
        "is_superuser": stored.is_superuser,
        "is_active": stored.is_active,
        "email": stored.email,
    }


def record_changes(user: User, before: State, *, by: Person) -> None:
    """Write what has changed since ``before``. Call it in the transaction of the change."""
    after = state_of(user)
    rights = ("roles", "is_staff", "is_superuser")
    if any(before[name] != after[name] for name in rights):
        events.record(
            Kind.ROLES_CHANGED,
            actor=by,
            subject=user,
            before={name: before[name] for name in rights},
            after={name: after[name] for name in rights},
        )
    if before["is_active"] != after["is_active"]:
        kind = Kind.ACTIVATED if after["is_active"] else Kind.DEACTIVATED
        events.record(kind, actor=by, subject=user)
        sessions.end_all_of(user)
    if before["email"] != after["email"]:
        events.record(Kind.EMAIL_CHANGED, actor=by, subject=user)


def _mail(user: User, kind: str, subject: str) -> None:
    valid = tokens.INVITATION if kind == "invitation" else tokens.FORGOTTEN
    clinic = ClinicProfile.current()
    context = {
        "clinic": clinic.name if clinic else "",
        "user": user,
        "link": tokens.make(user, valid),
        "sign_in": settings.SITE_URL + reverse("admin:index"),
        "days": valid.days,
    }
    text = render_to_string(f"accounts/email/{kind.replace('-', '_')}.txt", context)
    mail_queue.queue(user.email, subject, text, kind=kind, about=f"account-{user.pk}")
