"""The link with which somebody of the staff chooses a password. Nothing of it is stored.

It is signed, has an end, and names the state of the account: once a password was chosen with it, or the
account's address changed, or the person signed in, it opens nothing any more.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from clinic_site.accounts.models import User

INVITATION = timedelta(days=7)
FORGOTTEN = timedelta(days=1)

SALT = "clinic_site.accounts.tokens"
LONGEST = 500


def make(user: User, valid: timedelta) -> str:
    """The whole address of a new link."""
    token = signing.dumps(
        {"user": user.pk, "state": _state(user), "ends": int(time.time() + valid.total_seconds())}, salt=SALT
    )
    return settings.SITE_URL + reverse("choose_password", args=[token])


def owner(token: str, *, lock: bool = False) -> User | None:
    """Whose link this is; None when it is used, too old, or none of ours. ``lock``: in a transaction."""
    try:
        found = signing.loads(token, salt=SALT) if len(token) <= LONGEST else {}
    except signing.BadSignature:
        return None
    if not found or found["ends"] <= time.time():
        return None
    people = User.objects.select_for_update() if lock else User.objects.all()
    user = people.filter(pk=found["user"], is_active=True, is_staff=True).first()
    if user is None:
        return None
    return user if constant_time_compare(found["state"], _state(user)) else None


def _state(user: User) -> str:
    signed_in = user.last_login.isoformat(timespec="seconds") if user.last_login else ""
    told = f"{user.pk}|{user.password}|{signed_in}|{user.email}"
    return salted_hmac(SALT, told, algorithm="sha256").hexdigest()
