"""A row of the outbox as the message that travels."""

import base64
from email.message import EmailMessage
from email.policy import SMTP

from django.conf import settings

from clinic_site.mail.models import OutgoingMessage

# Seven bits: every server takes it, whatever it knows.
POLICY = SMTP.clone(cte_type="7bit")


def letter(message: OutgoingMessage) -> EmailMessage:
    """The message: the same at each try, so that a second copy can be known by its Message-ID.

    A header with a line break raises ``ValueError``: nothing can add a header or an address.
    """
    mail = EmailMessage(policy=POLICY)
    mail["Message-ID"] = message.message_id
    mail["Date"] = message.created_at
    mail["From"] = settings.DEFAULT_FROM_EMAIL
    mail["To"] = message.to
    mail["Subject"] = message.subject
    # No holiday notice comes back to what no person wrote (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    for attachment in message.attachments:
        full_type, *parameters = attachment["type"].split("; ")
        main, _slash, sub = full_type.partition("/")
        mail.add_attachment(
            base64.b64decode(attachment["content"]),
            maintype=main,
            subtype=sub,
            filename=attachment["name"],
            params=dict(parameter.split("=", 1) for parameter in parameters),
        )
    return mail
