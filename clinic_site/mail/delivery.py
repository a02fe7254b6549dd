"""Where mail goes: to an SMTP server, or in local mode into a folder that a newcomer can open."""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from clinic_site.mail.models import OutgoingMessage

# Seconds that we wait for an answer of the server; for the last one, because it may look at the whole
# message before it gives that; and for its farewell, which nothing depends on.
ANSWER_WITHIN = 20
TAKEN_WITHIN = 60
FAREWELL_WITHIN = 5


class UnreachableError(Exception):
    """The server is not there, or does not let us in: no message can go now. Says why, and nothing secret."""


class RefusedError(Exception):
    """The server answered, and did not take this message: not now, or not at all (``for_good``).

    Says the server's words, which may hold the address: for staff, not for a log.
    """

    def __init__(self, code: int, answer: bytes, *, for_good: bool) -> None:
        super().__init__(f"{code} {' '.join(answer.decode('utf-8', 'replace').split())}")
        self.for_good = for_good


class NoAnswerError(Exception):
    """The connection broke or fell silent over this message."""


class Delivery(Protocol):
    def deliver(self, message: OutgoingMessage, content: bytes, hand_over: Callable[[], None]) -> None:
        """Deliver one message, or raise one of the errors above.

        ``hand_over`` is called at the last moment at which the message has certainly not been taken;
        what it raises stops the delivery.
        """

    def close(self) -> None:
        """Be done with it, whatever happened. Raises nothing."""


def delivery() -> Delivery:
    """The way that the settings name."""
    return Folder(Path(settings.MAIL_DIR)) if settings.MAIL_DELIVERY == "folder" else Smtp()


class Folder:
    """Each message is a file. A second delivery writes the same file again, so it is never there twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(self, message: OutgoingMessage, content: bytes, hand_over: Callable[[], None]) -> None:
        name = f"{message.created_at:%Y-%m-%d-%H%M%S}-{message.kind}-{message.pk}"
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.rename(self.folder / f"{name}.eml")
        except OSError as error:
            raise UnreachableError(f"The mail folder cannot be written: {error.strerror}") from error

    def close(self) -> None:
        pass


class Smtp:
    """A connection for each message: a fifth of a second, and nothing left over from the one before."""

    def __init__(self) -> None:
        self.server: smtplib.SMTP | None = None

    def deliver(self, message: OutgoingMessage, content: bytes, hand_over: Callable[[], None]) -> None:
        try:
            self.server = server = _connect()
        except Exception as error:
            # Whatever it is, it has to do with no message yet.
            # What a server answers to a password may repeat it: the code says enough.
            code = getattr(error, "smtp_code", "")
            raise UnreachableError(f"{type(error).__name__} {code}".strip()) from error
        try:
            sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
            # A sender that is refused is a mistake in the settings, which can be mended within the day.
            _require(server.mail(sender), may_be_for_good=False)
            _require(server.rcpt(message.to))
            _require(server.docmd("DATA"))
            hand_over()
            _wait_at_most(server, TAKEN_WITHIN)
            server.send(_as_data(content))
            _require(server.getreply())
        except RefusedError:
            raise
        except BaseException as error:
            # In the middle of something: a farewell would not be understood.
            server.close()
            if isinstance(error, (OSError, smtplib.SMTPException)):
                raise NoAnswerError(type(error).__name__) from error
            raise

    def close(self) -> None:
        server, self.server = self.server, None
        if server is None:
            return
        with suppress(Exception):
            _wait_at_most(server, FAREWELL_WITHIN)
            server.quit()
        server.close()


def _connect() -> smtplib.SMTP:
    """A server that has let us in, encrypted as the settings say."""
    server: smtplib.SMTP
    where: dict[str, Any] = {
        "host": settings.EMAIL_HOST,
        "port": settings.EMAIL_PORT,
        "timeout": ANSWER_WITHIN,
    }
    if settings.EMAIL_USE_SSL:
        server = smtplib.SMTP_SSL(**where, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(**where)
    try:
        server.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except BaseException:
        server.close()
        raise
    return server


def _require(reply: tuple[int, bytes], *, may_be_for_good: bool = True) -> None:
    """The server says yes (2xx, or 354: go on). 4xx is not now, 5xx not at all."""
    code, answer = reply
    if 200 <= code < 400:
        return
    if not 400 <= code < 600:
        raise smtplib.SMTPServerDisconnected("What came back is no answer.")
    raise RefusedError(code, answer, for_good=code >= 500 and may_be_for_good)


def _wait_at_most(server: smtplib.SMTP, seconds: float) -> None:
    if server.sock is not None:
        server.sock.settimeout(seconds)


def _as_data(content: bytes) -> bytes:
    """A message as DATA sends it (RFC 5321, 4.5.2): a dot beginning a line is doubled, one alone ends it."""
    lines = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
