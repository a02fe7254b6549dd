"""How long a session of the staff lasts: fifteen minutes after its last request, and twelve hours at most.

Both moments stand in the session itself, so a page asks the database for nothing more. The last request
is written down at most every thirty seconds: a session may end that much early, never late.
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

BEGAN, LAST_REQUEST, HAS_TWO_STEP = "access_began", "access_last_request", "access_has_two_step"


@receiver(user_logged_in, dispatch_uid="clinic_site.accounts.sessions")
def begin(request: HttpRequest, **kwargs: object) -> None:
    """A session begins. The fact of a former one about two-step sign-in does not carry over."""
    request.session[BEGAN] = request.session[LAST_REQUEST] = int(time.time())
    request.session.pop(HAS_TWO_STEP, None)


def seconds_left(session: SessionBase) -> int:
    """Until the session ends, if nothing more is asked for. Zero or less: it has ended."""
    now = int(time.time())
    idle_ends = int(session.get(LAST_REQUEST, now)) + IDLE_SECONDS
    return min(idle_ends, _ends(session, now)) - now


def may_be_renewed(session: SessionBase) -> bool:
    """Whether the twelve hours leave more than the session has now."""
    now = int(time.time())
    return _ends(session, now) - now > seconds_left(session)


def note_request(session: SessionBase, *, at_once: bool = False) -> None:
    """Count the time from now. ``at_once``: to the second, for somebody who asked to stay."""
    now = int(time.time())
    session.setdefault(BEGAN, now)
    if at_once or now - int(session.get(LAST_REQUEST, 0)) >= PRECISION_SECONDS:
        session[LAST_REQUEST] = now


def is_background(request: HttpRequest) -> bool:
    """Whether a script asked, and not a person: browsers say so, and our scripts do for those that do not."""
    return "x-background" in request.headers or request.headers.get("sec-fetch-dest") == "empty"


def end_all_of(user: User) -> int:
    """End every session of a person, and give their number. Only staff have sessions, so there are few."""
    mine = [
        session.pk
        for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]


def _ends(session: SessionBase, now: int) -> int:
    return int(session.get(BEGAN, now)) + settings.SESSION_COOKIE_AGE
