"""The mail server, from one address in the environment, as Django's mail framework wants it."""

from typing import Any
from urllib.parse import unquote, urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
HOW = "use smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465"


def mail_server(url: str) -> dict[str, Any]:
    """The ``EMAIL_…`` settings for an address.

    ``smtp://`` turns the connection into an encrypted one before anything is said (STARTTLS);
    ``smtps://`` is encrypted from the first byte. Only a server on this machine is spoken to in clear:
    ``smtp://127.0.0.1:25``. Raises ``ValueError``, whose message never holds the address: that may
    hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"cannot be read; {HOW}") from None
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError(f"must begin with smtp:// or smtps://; {HOW}")
    if not host or port == 0:
        raise ValueError(f"names no server; {HOW}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            f"has something after the server; write /, ? and # in a password as %2F, %3F, %23; {HOW}"
        )
    if bool(parts.username) != bool(parts.password):
        raise ValueError(f"has a user without a password, or a password without a user; {HOW}")
    is_encrypted, is_here = parts.scheme == "smtps", host in LOOPBACK
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or (465 if is_encrypted else 25 if is_here else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": is_encrypted,
        "EMAIL_USE_TLS": not is_encrypted and not is_here,
    }
