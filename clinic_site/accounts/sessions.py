"""How long a staff session lasts: 15 minutes after its last request, and 12 hours at most.

Both times are kept in the session itself, so checking them costs no query. The last request is stored at
most every 30 seconds: a session may end that much early, never late.
"""

import time

from django.conf import settings
from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from clinic_site.accounts.models import User

IDLE_SECONDS = 15 * 60
PRECISION_SECONDS = 30

STARTED_AT, LAST_REQUEST_AT = "staff_started_at", "staff_last_request_at"


@receiver(user_logged_in)
def start(request: HttpRequest, **kwargs: object) -> None:
    request.session[STARTED_AT] = request.session[LAST_REQUEST_AT] = int(time.time())


def seconds_left(session: SessionBase) -> int:
    """Return the seconds until the session ends without further requests; zero or less if it has ended."""
    now = int(time.time())
    idle_end = int(session.get(LAST_REQUEST_AT, now)) + IDLE_SECONDS
    return min(idle_end, int(session.get(STARTED_AT, now)) + settings.SESSION_COOKIE_AGE) - now


def record_request(session: SessionBase, *, exact: bool = False) -> None:
    """Restart the idle limit. ``exact``: to the second, for "Stay signed in"."""
    now = int(time.time())
    session.setdefault(STARTED_AT, now)
    if exact or now - int(session.get(LAST_REQUEST_AT, 0)) >= PRECISION_SECONDS:
        session[LAST_REQUEST_AT] = now


def is_background(request: HttpRequest) -> bool:
    """Whether a script sent the request: most browsers say so, our own scripts always do."""
    return "x-background" in request.headers or request.headers.get("sec-fetch-dest") == "empty"


def end_all(user: User) -> None:
    """End every session of a user. Only staff have sessions, so there are few to read."""
    found = [
        session.pk
        for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=found).delete()
