"""Email addresses that a mail server accepts."""

import re
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_LENGTH = 254
# A domain that differs slightly from one of these is probably a typo.
COMMON_DOMAINS = (
    *("gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "hotmail.com", "hotmail.co.uk"),
    *("outlook.com", "live.com", "icloud.com", "msn.com", "mail.com", "gmx.com", "gmx.net", "proton.me"),
)


def deliverable(to: str) -> str:
    """Return the address in ASCII, with an internationalized domain encoded.

    Raises ``ValueError`` for anything that is not one plain address. Quoted local parts are refused too:
    they may contain characters that end an address.
    """
    name, _at, domain = to.strip().rpartition("@")
    try:
        address = f"{name}@{domain.encode('idna').decode('ascii')}"
        validate_email(address)
    except (ValidationError, UnicodeError):
        raise ValueError("not an address") from None
    if len(address) > MAX_LENGTH or not re.fullmatch(r"[!#-;=?-~]+", address):
        raise ValueError("not an address")
    return address


def suggestion(address: str) -> str:
    """Return the address that was probably meant, at gmail.com for gmial.com; "" if it looks right."""
    name, _at, domain = address.rpartition("@")
    near = get_close_matches(domain.lower(), COMMON_DOMAINS, n=1, cutoff=0.85)
    return f"{name}@{near[0]}" if near and near[0] != domain.lower() else ""
