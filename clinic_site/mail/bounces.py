"""Reads delivery status notifications (RFC 3464) and marks the messages that came back as undelivered."""

import logging
import re
from collections.abc import Iterator
from email import message_from_bytes, message_from_string
from email.message import Message
from email.policy import compat32

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.text import plain_line
from clinic_site.mail.models import ERROR_LENGTH, OutgoingMessage
from clinic_site.mail.queue import NO_CONTENT
from clinic_site.mail.signals import message_bounced

logger = logging.getLogger(__name__)

# What follows in a larger report is the returned text.
MAX_REPORT_BYTES = 256 * 1024
MAX_IDS = 20
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,198}>")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")

# The subject of a status code, or subject and detail, in words for staff (RFC 3463).
REASONS = {
    "1": gettext_lazy("This email address does not exist"),
    "1.7": gettext_lazy("The mail server of this address rejected the sender"),
    "1.8": gettext_lazy("The mail server of this address rejected the sender"),
    "2.2": gettext_lazy("The mailbox is full"),
    "2": gettext_lazy("The mailbox does not accept mail"),
    "3": gettext_lazy("The mail server of this address could not accept the mail"),
    "4": gettext_lazy("The mail server of this address could not be reached"),
    "7": gettext_lazy("The mail server of this address rejected the mail, perhaps as spam"),
}


def record_bounce(report: bytes) -> OutgoingMessage | None:
    """Mark the message that a report says has failed for good, and return it.

    Anything else changes nothing: a delay, an automatic reply, a message that is not ours, or one that staff
    have already dealt with. May raise ``DatabaseError``.
    """
    try:
        # This policy parses any bytes; the newer ones raise errors for some broken headers.
        mail = message_from_bytes(report[:MAX_REPORT_BYTES], policy=compat32)
        reason, ids = _reason(mail), _message_ids(mail)
    except Exception as error:  # broken MIME, or thousands of nested parts
        logger.warning("bounce could not be read", extra={"data": {"error": type(error).__name__}})
        return None
    if not reason:
        return None
    with transaction.atomic():
        rows = OutgoingMessage.objects.filter(message_id__in=ids, resolved_at=None)
        found = {message.message_id: message for message in rows.select_for_update()}
        message = next((found[message_id] for message_id in ids if message_id in found), None)
        if message is None:
            return None
        rows.filter(pk=message.pk).update(
            sent_at=None, failed_at=Coalesce("failed_at", timezone.now()), last_error=reason, **NO_CONTENT
        )
        message_bounced.send(OutgoingMessage, message=message)
    logger.warning("mail bounced", extra={"data": {"mail": message.pk, "kind": message.kind}})
    return message


def _reason(mail: Message) -> str:
    """Return why the delivery failed for good, in words for staff; "" if it did not."""
    for recipient in _recipients(mail):
        status = _STATUS.search(_text(recipient["Status"]))
        action = _text(recipient["Action"]).lower()
        # A server that gives up after days of trying reports "failed" with the status of the last delay.
        if action == "failed" or (not action and status and status[1] == "5"):
            _class, subject, detail = status.groups() if status else ("5", "0", "0")
            words = REASONS.get(f"{subject}.{detail}") or REASONS.get(subject) or _("The mail came back")
            answer = _text(recipient["Diagnostic-Code"]).partition(";")[2].strip()
            answer = answer or (status[0] if status else "")
            reason = f"{words} ({answer})." if answer else f"{words}."
            return reason if len(reason) <= ERROR_LENGTH else f"{reason[: ERROR_LENGTH - 1]}…"
    return ""


def _recipients(mail: Message) -> Iterator[Message]:
    """Yield the fields of each recipient in a report; nothing for other kinds of mail."""
    if mail.get_content_type() != "multipart/report":
        return
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            # The first block is about the message, each other one about a recipient.
            yield from part.walk()


def _message_ids(mail: Message) -> list[str]:
    """Return every Message-ID that the report may be about, the most reliable first."""
    parts = list(mail.walk())[1:]
    texts = [_text(part["Message-ID"]) for part in parts]
    texts += [
        _text(message_from_string(str(part.get_payload()))["Message-ID"])
        for part in parts
        if part.get_content_type() == "text/rfc822-headers"
    ]
    texts += [_text(part["X-Original-Message-ID"]) for part in parts]
    texts += [_text(mail["In-Reply-To"]), _text(mail["References"])]
    return list(dict.fromkeys(_MESSAGE_ID.findall(" ".join(texts))))[:MAX_IDS]


def _text(header: object) -> str:
    """A header as one line that can be stored."""
    return plain_line(str(header or ""))
