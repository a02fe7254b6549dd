"""How often somebody may try to come in. The counts are rows, so they hold across all processes."""

import unicodedata
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from clinic_site.limits import Limit, network_address

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


def allow_sign_in(request: HttpRequest, name: str) -> None:
    """Count one try. Raises ``ValidationError`` over a limit, whether or not the account exists."""
    by_address = SIGN_IN_BY_ADDRESS.lets_through(network_address(request))
    if not (by_address and SIGN_IN_BY_ACCOUNT.lets_through(account(name))):
        raise ValidationError(
            _("There were too many tries to sign in. Wait 15 minutes, then try again."), code="limit"
        )


def allow_code(user_pk: int) -> None:
    """Count one code of the second step. Raises ``ValidationError`` over the limit."""
    if not CODE_BY_ACCOUNT.lets_through(str(user_pk)):
        raise ValidationError(_("There were too many codes. Wait 15 minutes, then try again."), code="limit")


def account(name: str) -> str:
    """An account's name as it is counted: however it is written, it is one account."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
