"""Parsers for the mail settings of the environment. Each raises ``ValueError`` without repeating the value:
it may hold a password."""

from email.headerregistry import Address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic_site.core.text import is_one_line

LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
HOW = (
    "must be smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465, "
    "with /, ? and # in the password written as %2F, %3F, %23"
)


class MailServer(NamedTuple):
    """The values of Django's ``EMAIL_…`` settings."""

    host: str
    port: int
    user: str
    password: str
    use_ssl: bool
    use_tls: bool


def mail_server(url: str) -> MailServer:
    """Parse EMAIL_URL.

    ``smtp://`` upgrades the connection with STARTTLS before anything is said; ``smtps://`` is encrypted
    from the first byte. Only a server on this machine is used without encryption: ``smtp://127.0.0.1:25``.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(HOW) from None
    is_server = parts.scheme in ("smtp", "smtps") and host and port != 0
    is_more = parts.path.strip("/") or parts.query or parts.fragment
    if not is_server or is_more or bool(parts.username) != bool(parts.password):
        raise ValueError(HOW)
    use_ssl, is_local = parts.scheme == "smtps", host in LOOPBACK_HOSTS
    return MailServer(
        host or "",
        port or (465 if use_ssl else 25 if is_local else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        use_ssl,
        use_tls=not use_ssl and not is_local,
    )


def sender(text: str) -> str:
    """Parse ``desk@clinic.example`` or ``The clinic <desk@clinic.example>`` into a From header."""
    if not is_one_line(text):
        raise ValueError("must be one line")
    name, bracket, rest = text.rpartition("<")
    address = rest.removesuffix(">") if bracket else text
    _require_address(address)
    return str(Address(display_name=name.strip(' "'), addr_spec=address)) if bracket else address


def addresses(text: str) -> tuple[str, ...]:
    """Parse addresses separated by spaces or commas."""
    found = tuple(text.replace(",", " ").split())
    for address in found:
        _require_address(address)
    return found


def _require_address(address: str) -> None:
    try:
        validate_email(address.encode("ascii").decode("ascii"))
    except (ValidationError, UnicodeError):
        raise ValueError("must be an address like desk@clinic.example") from None
