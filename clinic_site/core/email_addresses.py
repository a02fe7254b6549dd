"""Email addresses that a mail server accepts."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_LENGTH = 254


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
