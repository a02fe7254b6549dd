"""Builds the email of a queued message."""

import base64
import re
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core import email_addresses
from clinic_site.core.text import is_one_line, plain_line
from clinic_site.mail.models import OutgoingMessage

# Seven-bit bodies, which every server accepts.
CHARSET = Charset("utf-8")
CHARSET.body_encoding = QP
# What needs no encoding: words of ASCII with single spaces between them, on one line.
_PLAIN_TEXT = re.compile(r"(?!.*=\?)(?=.{1,60}$)[!-~]+( [!-~]+)*")
# An encoded word of 64 characters, which fits into a line behind the longest name of a header.
_ENCODED_WORD_BYTES = 39


class QueuedEmail(EmailMultiAlternatives):
    encoding: Any = CHARSET


def email_for(row: OutgoingMessage) -> QueuedEmail:
    """Return the email of a row: the same on each attempt, so that its Message-ID identifies a duplicate."""
    sender_name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    email = QueuedEmail(
        header_text(row.subject),
        row.text,
        sender,
        to=[row.to],
        reply_to=[mailbox(*reply_address())],
        headers={
            "From": mailbox(sender_name, sender),
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


def reply_address() -> tuple[str, str]:
    """Return the name and address that answers go to, also the organizer of calendar entries.

    It is the clinic's public address, else the first address in ``STAFF_MAIL``, else the sender.
    """
    clinic = ClinicProfile.current()
    name = clinic.name if clinic else ""
    name = name if is_one_line(name) else plain_line(name)
    for address in (clinic.email if clinic else "", *settings.STAFF_MAIL[:1]):
        try:
            return name, email_addresses.deliverable(address)
        except ValueError:
            continue
    return parseaddr(settings.DEFAULT_FROM_EMAIL)


def header_text(text: str) -> str:
    """Return a text in ASCII that readers of a subject decode to exactly this text.

    What is not plain becomes one run of encoded words, between which readers remove the line breaks and
    spaces (RFC 2047, section 6.2). Django and Python lose or add spaces in a text of several scripts, or a
    long one (cpython#92081). Raises ``ValueError`` for a text of several lines.
    """
    _require_one_line(text)
    if _PLAIN_TEXT.fullmatch(text):
        return text
    words = [""]
    for letter in text:
        if len((words[-1] + letter).encode()) > _ENCODED_WORD_BYTES:
            words.append("")
        words[-1] += letter
    return " ".join(map(_encoded_word, words))


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as a header holds them. Raises ``ValueError`` for a name of several lines.

    A name is one encoded word, however long: Python 3.11 reads a space between two.
    """
    _require_one_line(name)
    if not name:
        return address
    if name.isascii() and "=?" not in name:
        return formataddr((name, address))
    return f"{_encoded_word(name)} <{address}>"


def _require_one_line(text: str) -> None:
    if not is_one_line(text):
        raise ValueError("A header is one line.")


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
