"""Limits of sign-in attempts, counted in database rows that all processes share.

A browser where an account has signed in before, or where its password was chosen with a mailed link, has a
count of its own for that account. Repeated attempts from elsewhere therefore lock nobody out.
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

# Three networks have to guess before an account is closed to browsers that are new to it.
SIGN_IN_BY_ACCOUNT = Limit("sign-ins to an account", attempts=30, period=QUARTER)
SIGN_IN_BY_ACCOUNT_AND_ADDRESS = Limit("sign-ins to an account from a network", attempts=10, period=QUARTER)
# A whole clinic may share one address.
SIGN_IN_BY_ADDRESS = Limit("sign-ins from a network", attempts=60, period=QUARTER)
# Three of a million codes are valid at any moment, so a day of guessing succeeds once in 570.
CODE_BY_ACCOUNT = Limit("sign-in codes of an account", attempts=6, period=QUARTER)
# A code is valid for at most 90 seconds.
CODE_ONCE = Limit("second step code", attempts=1, period=timedelta(minutes=3), is_reported=False)
LINK_BY_ACCOUNT = Limit("password links of an account", attempts=3, period=HOUR)
LINK_BY_ADDRESS = Limit("password links from a network", attempts=20, period=HOUR)

KNOWN_BROWSER_COOKIE, KNOWN_BROWSER_AGE = "staff_browser", timedelta(days=90)
# A front desk's computer has several accounts. The cookie stays small.
MAX_ACCOUNTS_PER_BROWSER = 10


def allow_sign_in(request: HttpRequest, email: str) -> None:
    """Count an attempt. Raises ``ValidationError`` over a limit, whether or not the account exists."""
    browser, accounts = _known_browser(request)
    account = normalized_account(email)
    is_known, network = account in accounts, network_address(request)
    if not SIGN_IN_BY_ADDRESS.allow(network):
        raise ValidationError(
            _("There were too many tries to sign in from your network. Wait 15 minutes, then try again."),
            code="limit",
        )
    if not (
        SIGN_IN_BY_ACCOUNT_AND_ADDRESS.allow(f"{account}\n{browser if is_known else network}")
        and (is_known or SIGN_IN_BY_ACCOUNT.allow(account))
    ):
        raise ValidationError(
            _(
                "There were too many tries to sign in. Wait 15 minutes, or use “Forgot your password?” on "
                "the sign-in page: with the link that we’ll email you, you can sign in at once."
            ),
            code="limit",
        )


def allow_code(user_pk: int) -> None:
    """Count a code of the second step. Raises ``ValidationError`` over the limit."""
    if not CODE_BY_ACCOUNT.allow(str(user_pk)):
        raise ValidationError(_("There were too many codes. Wait 15 minutes, then try again."), code="limit")


def normalized_account(email: str) -> str:
    """Return the one spelling under which an account is counted."""
    return unicodedata.normalize("NFKC", email).casefold().strip()


def remember_browser(
    request: HttpRequest, response: HttpResponse, user: User, *, from_zero: bool = False
) -> None:
    """Give this browser a count of its own for an account whose owner has just proved who they are.

    ``from_zero``: forget the attempts made in this browser so far.
    """
    browser, accounts = _known_browser(request)
    if from_zero:
        browser = ""
    account = normalized_account(user.email)
    accounts = [account, *(other for other in accounts if other != account)][:MAX_ACCOUNTS_PER_BROWSER]
    response.set_cookie(
        KNOWN_BROWSER_COOKIE,
        signing.dumps([browser or get_random_string(22), accounts], salt=KNOWN_BROWSER_COOKIE),
        max_age=KNOWN_BROWSER_AGE,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known_browser(request: HttpRequest) -> tuple[str, list[str]]:
    """Return the name of this browser and the accounts that signed in with it; "" and none if unknown."""
    try:
        browser, accounts = signing.loads(
            request.COOKIES.get(KNOWN_BROWSER_COOKIE, ""),
            salt=KNOWN_BROWSER_COOKIE,
            max_age=KNOWN_BROWSER_AGE,
        )
    except signing.BadSignature:
        return "", []
    return browser, accounts
