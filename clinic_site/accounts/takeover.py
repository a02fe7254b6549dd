"""No manager takes over another manager's account alone.

With a new email address or a reset of the second step, the manager who makes the change could sign in as a
colleague. For the account of a manager, current or former, the first try mails the account's owner a link
that stops it. The change is possible a day later, for a week.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts import events
from clinic_site.accounts.events import Actor
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.accounts.roles import MANAGER
from clinic_site.core.templatetags.formatting import moment
from clinic_site.mail import queue as mail_queue

DELAY, WINDOW = timedelta(hours=24), timedelta(days=7)
Kind = AccountEvent.Kind
# A change that was made ends the waiting period: the next change needs a new one.
_ENDS = [Kind.TAKEOVER_STOPPED, Kind.EMAIL_CHANGED, Kind.TWO_STEP_RESET]


@transaction.atomic
def start_waiting_period(user: User, *, by: Actor) -> datetime | None:
    """Start the waiting period, unless it has begun, and mail the owner. Return its end.

    Return None, without a mail, if the change is possible now.
    """
    if user == by or not _is_protected(user):
        return None
    asked = _pending(user)
    if asked is None:
        asked = events.record(Kind.TAKEOVER_ASKED, actor=by, subject=user)
        link = settings.SITE_URL + reverse("stop_takeover", args=[signing.dumps(asked.pk, salt=__name__)])
        context = {"user": user, "by": by, "begins": asked.at + DELAY, "link": link}
        text = render_to_string("accounts/email/takeover.txt", context)
        subject = _("Someone wants to change your staff account")
        mail_queue.queue(user.email, subject, text, kind="takeover", about=f"account-{user.pk}")
    begins = asked.at + DELAY
    return begins if begins > timezone.now() else None


def refusal(begins: datetime) -> str:
    return _(
        "This is a manager’s account. We’ve emailed its owner, who can stop the change. "
        "It will be possible from %(when)s. Make the change again then."
    ) % {"when": moment(timezone.localtime(begins), "l j F")}


def _is_protected(user: User) -> bool:
    """Whether the account is a manager's or superuser's, or was one: a demotion opens no way around."""
    if user.is_superuser or user.groups.filter(name=MANAGER).exists():
        return True
    changes = AccountEvent.objects.filter(subject=user, kind=Kind.ROLES_CHANGED)
    return any(MANAGER in change.detail["before"]["roles"] for change in changes)


def _pending(user: User) -> AccountEvent | None:
    """Return the request for a change that is still open: not stopped, made or expired."""
    found = AccountEvent.objects.filter(subject=user, kind__in=[Kind.TAKEOVER_ASKED, *_ENDS])
    last = found.order_by("-pk").first()
    is_pending = last and last.kind == Kind.TAKEOVER_ASKED and timezone.now() - last.at < WINDOW
    return last if is_pending else None


def pending_of(token: str) -> AccountEvent | None:
    """Return the request that the link in the mail stops, or None if it is not open any more."""
    try:
        asked = AccountEvent.objects.filter(pk=signing.loads(token, salt=__name__)).first()
    except signing.BadSignature:
        return None
    return asked if asked and asked.subject and _pending(asked.subject) == asked else None


def stop(asked: AccountEvent) -> None:
    events.record(Kind.TAKEOVER_STOPPED, subject=asked.subject)
