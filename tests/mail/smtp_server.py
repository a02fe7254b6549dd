"""A real SMTP server on the loopback interface that can be down, refuse, and stop answering."""

import asyncio
import logging
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port

OK = "250 OK"

# A process forked while the server's thread writes a log line would wait for the lock forever.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class MailServer:
    """Takes mail at ``port``. Set its fields at any moment:

    ``replies`` maps "MAIL", "RCPT" or "DATA" to an answer instead of "250 OK". At the command ``silent_at``
    it stops answering; with ``takes_before_silence`` it stores the message first. ``slowness`` is the
    seconds before and after it takes each message.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.replies: dict[str, str] = {}
        self.silent_at = ""
        self.takes_before_silence = False
        self.slowness = (0.0, 0.0)
        self.received: list[tuple[list[str], bytes]] = []
        self.connections = 0
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=policy.default) for _to, content in self.received]  # type: ignore[misc]

    @property
    def copies(self) -> dict[str, int]:
        """The number of copies by Message-ID."""
        counted: dict[str, int] = {}
        for mail in self.mails:
            counted[mail["Message-ID"]] = counted.get(mail["Message-ID"], 0) + 1
        return counted

    # The hooks of aiosmtpd

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: Any
    ) -> Any:
        self.connections += 1
        await self._maybe_silent("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        await self._maybe_silent("MAIL")
        envelope.mail_from = address
        return self.replies.get("MAIL", OK)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        await self._maybe_silent("RCPT")
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", OK)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.takes_before_silence:
            await self._maybe_silent("DATA")
        if "DATA" in self.replies:
            return self.replies["DATA"]
        await asyncio.sleep(self.slowness[0])
        assert isinstance(envelope.content, bytes)
        self.received.append((list(map(str, envelope.rcpt_tos)), envelope.content))
        await self._maybe_silent("DATA")
        await asyncio.sleep(self.slowness[1])
        return OK

    async def _maybe_silent(self, command: str) -> None:
        if self.silent_at == command:
            await asyncio.sleep(60)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, enable_SMTPUTF8=False, hostname="mail.example")
