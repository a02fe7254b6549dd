"""How often somebody may try to come in. The counts are rows, so they hold across all processes.

A browser in which an account has signed in before is counted by itself. Whoever tries that account's
password from elsewhere, again and again, locks nobody out at the front desk.
"""

import unicodedata
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.core.rate_limits import Limit, network_address

QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)

SIGN_IN_BY_ACCOUNT = Limit("sign-in account", attempts=10, period=QUARTER)
# A whole clinic may share one address.
SIGN_IN_BY_ADDRESS = Limit("sign-in address", attempts=60, period=QUARTER)
# Of a million codes three are right at any moment: a day of guessing has one chance in 570.
CODE_BY_ACCOUNT = Limit("second step", attempts=6, period=QUARTER)
# A code that was seen over a shoulder is of no use. It is right for 90 seconds at most.
CODE_ONCE = Limit("second step code", attempts=1, period=timedelta(minutes=3))
LINK_BY_ACCOUNT = Limit("password link account", attempts=3, period=HOUR)
LINK_BY_ADDRESS = Limit("password link address", attempts=20, period=HOUR)

KNOWN_BROWSER, KNOWN_FOR = "staff_browser", timedelta(days=90)
# A front desk's computer has several. The cookie stays small.
ACCOUNTS_OF_A_BROWSER = 10


def allow_sign_in(request: HttpRequest, name: str) -> None:
    """Count one try. Raises ``ValidationError`` over a limit, whether or not the account exists."""
    by_address = SIGN_IN_BY_ADDRESS.allow(network_address(request))
    if not (by_address and SIGN_IN_BY_ACCOUNT.allow(_counted(request, name))):
        raise ValidationError(
            _("There were too many tries to sign in. Wait 15 minutes, then try again."), code="limit"
        )


def allow_code(user_pk: int) -> None:
    """Count one code of the second step. Raises ``ValidationError`` over the limit."""
    if not CODE_BY_ACCOUNT.allow(str(user_pk)):
        raise ValidationError(_("There were too many codes. Wait 15 minutes, then try again."), code="limit")


def account(name: str) -> str:
    """An account's name as it is counted: however it is written, it is one account."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def remember_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """The account has signed in here: from now on this browser has a count of its own for it."""
    browser, accounts = _known(request)
    name = account(user.get_username())
    accounts = [name, *(other for other in accounts if other != name)][:ACCOUNTS_OF_A_BROWSER]
    response.set_cookie(
        KNOWN_BROWSER,
        signing.dumps([browser or get_random_string(22), accounts], salt=KNOWN_BROWSER),
        max_age=KNOWN_FOR,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _counted(request: HttpRequest, name: str) -> str:
    browser, accounts = _known(request)
    name = account(name)
    return f"{name}\n{browser}" if name in accounts else name


def _known(request: HttpRequest) -> tuple[str, list[str]]:
    """What this browser is called, and the accounts that have signed in with it; "" and none if unknown."""
    try:
        browser, accounts = signing.loads(
            request.COOKIES.get(KNOWN_BROWSER, ""), salt=KNOWN_BROWSER, max_age=KNOWN_FOR
        )
    except signing.BadSignature:
        return "", []
    return browser, accounts
