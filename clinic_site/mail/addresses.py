"""Mail addresses that stand in the settings."""

from email.headerregistry import Address

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def sender(text: str) -> str:
    """``desk@clinic.example``, or ``The clinic <desk@clinic.example>``, as ``From`` holds it.

    Raises ``ValueError`` for anything else.
    """
    if not text.isprintable():
        raise ValueError("must be one line")
    name, bracket, rest = text.rpartition("<")
    address = rest.removesuffix(">") if bracket else text
    _require_address(address)
    if not bracket:
        return address
    return str(Address(display_name=name.strip(' "'), addr_spec=address))


def several(text: str) -> tuple[str, ...]:
    """Addresses with spaces or commas between them. Raises ``ValueError``."""
    found = tuple(text.replace(",", " ").split())
    for address in found:
        _require_address(address)
    return found


def _require_address(address: str) -> None:
    try:
        validate_email(address.encode("ascii").decode("ascii"))
    except (ValidationError, UnicodeError):
        raise ValueError("must be an address like desk@clinic.example") from None
