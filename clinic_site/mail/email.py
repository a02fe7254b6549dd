"""Builds the email of a queued message."""

import base64
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.utils import format_datetime
from typing import Any

from django.core.mail import EmailMultiAlternatives

from clinic_site.mail.models import OutgoingMessage

# Seven-bit bodies, which every server accepts.
CHARSET = Charset("utf-8")
CHARSET.body_encoding = QP
# A subject up to this length is never folded.
SHORT_SUBJECT_CHARS = 60


class QueuedEmail(EmailMultiAlternatives):
    """An email whose subject reads back exactly as it was written.

    Django folds a subject of several scripts, or a long one, in a way that loses or adds spaces. Here such
    a subject is one run of encoded words, whose line breaks every reader removes (RFC 2047, section 6.2).
    """

    encoding: Any = CHARSET

    def message(self) -> Any:
        message = super().message()
        subject = str(self.subject)
        is_plain = subject.isascii() and len(subject) <= SHORT_SUBJECT_CHARS and "=?" not in subject
        if not is_plain or subject != subject.strip():
            del message["Subject"]
            Message.__setitem__(message, "Subject", Header(subject, "utf-8", header_name="Subject"))
        return message


def email_for(row: OutgoingMessage) -> QueuedEmail:
    """Return the email of a row: the same on each attempt, so that its Message-ID identifies a duplicate."""
    email = QueuedEmail(
        row.subject,
        row.text,
        to=[row.to],
        headers={
            "Message-ID": row.message_id,
            "Date": format_datetime(row.created_at),
            "Auto-Submitted": "auto-generated",  # no vacation notice in reply (RFC 3834)
        },
    )
    if row.html:
        email.attach_alternative(row.html, "text/html")
    for attachment in row.attachments:
        full_type, *parameters = attachment["type"].split("; ")
        part = MIMEBase(*full_type.split("/"), **dict(parameter.split("=", 1) for parameter in parameters))
        part.set_payload(base64.b64decode(attachment["content"]))
        encode_base64(part)
        part.add_header("Content-Disposition", "attachment", filename=attachment["name"])
        email.attach(part)
    return email
