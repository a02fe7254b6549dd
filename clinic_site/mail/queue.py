"""The mail queue: messages are stored with the change they report, and sent later by ``worker``.

``queue`` inserts the row in the caller's transaction, so that a message exists exactly when its change does.
A message that cannot be sent is listed for staff as undelivered, with a phone number.
"""

import base64
import re
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Coalesce
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.core import email_addresses
from clinic_site.core.text import is_one_line
from clinic_site.mail.models import ERROR_LENGTH, PHONE_LENGTH, SUBJECT_LENGTH, MessageStep, OutgoingMessage
from clinic_site.mail.signals import reader_informed

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from clinic_site.accounts.models import User

RETRY_PERIOD = timedelta(hours=24)
WORKER_LATE_AFTER = timedelta(hours=2)

# Names that go into a header or a file name.
_TOKEN = re.compile(r"[A-Za-z0-9][\w.-]{0,39}", re.ASCII)
_MIME_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[A-Za-z0-9-]+)*")

# The content of a row, once it is sent or resolved.
NO_CONTENT: dict[str, Any] = {"text": "", "html": "", "attachments": []}

Attachment = tuple[str, str, bytes]


class ResendRefusedError(Exception):
    """A failed message must not, or cannot, be sent again. Says why, in a sentence for staff."""


def queue(
    to: str,
    subject: str,
    text: str,
    html: str = "",
    *,
    kind: str,
    about: str = "",
    attachments: Sequence[Attachment] = (),
    phone_for_staff: str = "",
    send_at: datetime | None = None,
) -> OutgoingMessage:
    """Store a message to one address. Call it in the transaction of the change it reports.

    It is sent at once, or at ``send_at``.

    ``kind`` names the message ("acknowledgement"), ``about`` what it concerns (a reference); neither, nor
    the subject, may say anything about a person. ``attachments`` are (name, MIME type, content). Staff call
    ``phone_for_staff`` when the mail cannot be delivered.

    An impossible address never raises: its message is stored as undelivered. Raises ``ValueError`` for a
    subject, kind, about or attachment that would not be one header line, and
    ``TransactionManagementError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Queue a message in the transaction of the change it reports.")
    if not subject or not is_one_line(subject):
        raise ValueError("A subject is one line.")
    if not _TOKEN.fullmatch(kind) or (about and not _TOKEN.fullmatch(about)):
        raise ValueError("kind and about are at most 40 letters, digits, dots and dashes.")
    for name, mime_type, _content in attachments:
        if not _TOKEN.fullmatch(name) or not _MIME_TYPE.fullmatch(mime_type):
            raise ValueError("An attachment has a plain name, and a type like text/plain; charset=utf-8.")
    now = timezone.now()
    address, problem = _checked(to)
    sender_domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return OutgoingMessage.objects.create(
        message_id=f"<{uuid.uuid4().hex}@{sender_domain}>",
        kind=kind,
        about=about,
        to=storable(address)[: email_addresses.MAX_LENGTH],
        phone_for_staff=storable(phone_for_staff)[:PHONE_LENGTH],
        subject=subject[:SUBJECT_LENGTH],
        text=storable(text),
        html=storable(html),
        attachments=[
            {"name": name, "type": mime_type, "content": base64.b64encode(content).decode("ascii")}
            for name, mime_type, content in attachments
        ],
        created_at=now,
        next_attempt_at=send_at or now,
        give_up_at=(send_at or now) + RETRY_PERIOD,
        failed_at=now if problem else None,
        last_error=problem[:ERROR_LENGTH],
    )


def supersede(about: str, kinds: Collection[str]) -> int:
    """Cancel the unsent messages of these kinds, and return how many.

    Call it in the transaction that makes them obsolete. They leave the staff's list and cannot be sent
    again. One that a worker is sending at this moment may still arrive; then it counts as sent.
    """
    older = OutgoingMessage.objects.filter(about=about, kind__in=kinds, sent_at=None, resolved_at=None)
    return mark_superseded(older)


def mark_superseded(messages: "QuerySet[OutgoingMessage]") -> int:
    """Cancel these unsent messages, and return how many."""
    now = timezone.now()
    return messages.update(
        failed_at=Coalesce("failed_at", now), resolved_at=now, is_superseded=True, **NO_CONTENT
    )


def correct_phone(about: str, phone: str) -> None:
    """Replace the number that staff call in the unresolved messages about one thing."""
    unresolved = OutgoingMessage.objects.filter(about=about, resolved_at=None).exclude(phone_for_staff="")
    unresolved.update(phone_for_staff=storable(phone)[:PHONE_LENGTH])


def resend(message: OutgoingMessage, *, actor: "User") -> bool:
    """Attempt an undelivered message for another day. Return False if it is not undelivered any more.

    Raises ``ResendRefusedError`` if a later message has replaced it, or it could only fail again: one that
    bounced has no text anymore.
    """
    _address, problem = _checked(message.to)
    if problem:
        raise ResendRefusedError(problem)
    if not message.text and message.state == OutgoingMessage.State.FAILED:
        raise ResendRefusedError(_("This mail came back from that address. Call, and correct the address."))
    now = timezone.now()
    is_resent = _record_step(
        message,
        MessageStep.Kind.RESENT,
        actor,
        failed_at=None,
        last_error="",
        attempts=0,
        unconfirmed_attempts=0,
        next_attempt_at=now,
        give_up_at=now + RETRY_PERIOD,
    )
    if not is_resent and OutgoingMessage.objects.filter(pk=message.pk, is_superseded=True).exists():
        raise ResendRefusedError(_("A later message has replaced this one. It will not be sent."))
    return is_resent


def mark_resolved(message: OutgoingMessage, *, actor: "User") -> bool:
    """Record that staff informed the patient another way. Return False if it was not undelivered."""
    with transaction.atomic():
        is_resolved = _record_step(
            message, MessageStep.Kind.RESOLVED, actor, resolved_at=timezone.now(), **NO_CONTENT
        )
        if is_resolved:
            reader_informed.send(OutgoingMessage, message=message)
    return is_resolved


def _record_step(message: OutgoingMessage, kind: MessageStep.Kind, actor: "User", **changes: Any) -> bool:
    """Compare and set: if two people act at once, one of them gets False."""
    with transaction.atomic():
        if not OutgoingMessage.objects.undelivered().filter(pk=message.pk).update(**changes):
            return False
        MessageStep.objects.create(
            kind=kind,
            message_id=message.message_id,
            message_kind=message.kind,
            about=message.about,
            actor=actor,
        )
    return True


def require_worker() -> None:
    """Raise ``TimeoutError`` if a message has been due for hours: then no worker is running."""
    if OutgoingMessage.objects.due(timezone.now() - WORKER_LATE_AFTER).exists():
        raise TimeoutError("Mail is waiting and nothing sends it: is `manage.py send_mail` running?")


def storable(text: str) -> str:
    """Drop NUL and lone surrogates, which databases and messages cannot hold."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _checked(to: str) -> tuple[str, str]:
    """Return the address as mail servers accept it, and for staff why no mail can go there ("" if it can)."""
    try:
        address = email_addresses.deliverable(to)
    except ValueError:
        return to, _("This email address is not valid.")
    is_off = settings.MAIL_DELIVERY == "off"
    return address, _("The site is set up to send no mail (EMAIL_URL=off).") if is_off else ""
