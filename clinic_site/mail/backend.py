"""Django's mail backend: queues the mail of Django and of libraries, such as sign-in codes."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from clinic_site.mail import queue as mail_queue


class QueueBackend(BaseEmailBackend):
    """Queues instead of sending, so that no request waits for a mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with transaction.atomic():
            for message in email_messages:
                html = [
                    content
                    for content, mime_type in getattr(message, "alternatives", ())
                    if mime_type == "text/html"
                ]
                for address in message.recipients():
                    mail_queue.queue(
                        address,
                        " ".join(str(message.subject).split()),
                        str(message.body),
                        str(html[0]) if html else "",
                        kind="other",
                    )
        return len(email_messages)
