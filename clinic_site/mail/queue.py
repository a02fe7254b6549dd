"""The outbox: what is to be told by mail is a row, stored with what it tells of, and sent by a worker.

``queue`` writes the row in the caller's transaction: rolled back, there is no message; committed, none
can be lost. ``manage.py send_mail`` sends (``worker``). What cannot be sent within a day, or never, is
listed for staff as "could not be told", with a phone number. What a message is about, the app knows that
queues it (``subjects``).
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
from clinic_site.core.batch_delete import delete_in_batches
from clinic_site.mail.models import (
    PHONE_LENGTH,
    REASON_LENGTH,
    SUBJECT_LENGTH,
    MessageStep,
    OutgoingMessage,
)

if TYPE_CHECKING:
    from clinic_site.accounts.models import User

# How long a message is tried, and when it is too late to say that the worker runs.
TRIED_FOR = timedelta(hours=24)
WORKER_IS_LATE_AFTER = timedelta(hours=2)

# What a name of ours may hold: it goes into a header, or into the name of a file.
_TOKEN = re.compile(r"[A-Za-z0-9][\w.-]{0,39}", re.ASCII)
_MIME_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[A-Za-z0-9-]+)*")

Attachment = tuple[str, str, bytes]


class NotSentAgainError(Exception):
    """A message that failed must not, or cannot, be sent again. Says why, in a sentence for staff."""


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
) -> OutgoingMessage:
    """Store a message to one address. Call it in the transaction that stores what the message tells of.

    ``kind`` names the sort of message ("acknowledgement"), ``about`` what it concerns (a reference);
    neither, and no subject, may say anything about a person. ``attachments`` are (name, MIME type,
    content); ``phone_for_staff`` is what staff call when the mail cannot be delivered.

    What a patient typed can never make this fail: a message to an impossible address is stored as one
    that could not be told. Raises ``ValueError`` for a subject, kind, about or attachment that would not
    be one header line, and ``TransactionManagementError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A message is queued in the transaction of what it tells of.")
    _require_one_line(subject, kind, about, attachments)
    now = timezone.now()
    problem = _obstacle(to)
    return OutgoingMessage.objects.create(
        message_id=f"<{uuid.uuid4().hex}@{_our_domain()}>",
        kind=kind,
        about=about,
        to=_address(to) or storable(to)[: email_addresses.MAX_LENGTH],
        phone_for_staff=storable(phone_for_staff)[:PHONE_LENGTH],
        subject=subject[:SUBJECT_LENGTH],
        text=storable(text),
        html=storable(html),
        attachments=[
            {"name": name, "type": mime_type, "content": base64.b64encode(content).decode("ascii")}
            for name, mime_type, content in attachments
        ],
        created_at=now,
        next_attempt_at=now,
        give_up_at=now + TRIED_FOR,
        failed_at=now if problem else None,
        reason=problem[:REASON_LENGTH],
    )


def supersede(about: str, kinds: Collection[str]) -> int:
    """What is told from now on makes older messages of these kinds moot: none of them is sent any more.

    Call it in the transaction that queues what takes their place, or that stores why nothing does. They
    leave the staff's list, and cannot be sent again. What a worker is handing over at this very moment
    may still arrive; then it counts as sent. Gives their number.
    """
    now = timezone.now()
    older = OutgoingMessage.objects.filter(about=about, kind__in=kinds, sent_at=None, settled_at=None)
    return older.update(
        failed_at=Coalesce("failed_at", now), settled_at=now, is_superseded=True, **NOTHING_WRITTEN
    )


def correct_phone(about: str, phone: str) -> None:
    """Whoever these messages are about has another number: staff must not call the former one."""
    open_ones = OutgoingMessage.objects.filter(about=about, settled_at=None).exclude(phone_for_staff="")
    open_ones.update(phone_for_staff=storable(phone)[:PHONE_LENGTH])


def resend(message: OutgoingMessage, *, actor: "User") -> bool:
    """Try a failed message again, for another day. False if by now it is not a failed one any more.

    Raises ``NotSentAgainError`` when a later message has taken its place, or it could only fail again.
    """
    if problem := _obstacle(message.to):
        raise NotSentAgainError(problem)
    now = timezone.now()
    is_resent = _step(
        message,
        MessageStep.Kind.RESENT,
        actor,
        failed_at=None,
        reason="",
        attempts=0,
        unanswered=0,
        next_attempt_at=now,
        give_up_at=now + TRIED_FOR,
    )
    if not is_resent and OutgoingMessage.objects.filter(pk=message.pk, is_superseded=True).exists():
        raise NotSentAgainError(_("A later message has taken its place. It is not sent any more."))
    return is_resent


def settle(message: OutgoingMessage, *, actor: "User") -> bool:
    """Staff have told it another way: its text goes, and it leaves their list. False if it was not on it."""
    return _step(message, MessageStep.Kind.SETTLED, actor, settled_at=timezone.now(), **NOTHING_WRITTEN)


def _step(message: OutgoingMessage, kind: MessageStep.Kind, actor: "User", **changes: Any) -> bool:
    """Do something with a message that could not be told, and record who did. Of two, one does it."""
    with transaction.atomic():
        if not OutgoingMessage.objects.could_not_be_told().filter(pk=message.pk).update(**changes):
            return False
        MessageStep.objects.create(
            kind=kind,
            message_id=message.message_id,
            message_kind=message.kind,
            about=message.about,
            actor=actor,
        )
    return True


# What a row holds of what was written, once nobody needs it any more.
NOTHING_WRITTEN: dict[str, Any] = {"text": "", "html": "", "attachments": []}


def forget_sent(before: datetime) -> int:
    """Remove what was sent, told another way, or replaced, before a moment. Gives their number.

    Those that could not be told stay, however old: somebody still has to deal with them.
    """
    return delete_in_batches(OutgoingMessage.objects.done_with(before))


def require_worker() -> None:
    """Raises ``TimeoutError`` when a message has been due for hours: then no worker runs."""
    late = OutgoingMessage.objects.due(timezone.now() - WORKER_IS_LATE_AFTER)
    if late.exists():
        raise TimeoutError("Mail is waiting and nothing sends it: is `manage.py send_mail` running?")


def _address(to: str) -> str:
    """``deliverable``; "" for what is no address."""
    try:
        return email_addresses.deliverable(to)
    except ValueError:
        return ""


def _obstacle(to: str) -> str:
    """Why no mail can go to an address, for staff; "" where it can."""
    if settings.MAIL_DELIVERY == "off":
        return _("The site is set up to send no mail (EMAIL_URL=off).")
    return "" if _address(to) else _("This is not a possible email address.")


def _require_one_line(subject: str, kind: str, about: str, attachments: Sequence[Attachment]) -> None:
    if not subject or not subject.isprintable():
        raise ValueError("A subject is one line of printable characters.")
    if not _TOKEN.fullmatch(kind) or (about and not _TOKEN.fullmatch(about)):
        raise ValueError("kind and about are at most 40 letters, digits, dots and dashes.")
    for name, mime_type, _content in attachments:
        if not _TOKEN.fullmatch(name) or not _MIME_TYPE.fullmatch(mime_type):
            raise ValueError("An attachment has a plain name, and a type like text/plain; charset=utf-8.")


def storable(text: str) -> str:
    """Text as every database keeps it and every message can carry it: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _our_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
