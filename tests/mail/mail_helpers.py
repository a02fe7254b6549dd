"""Helpers of the mail tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from tests.mail.smtp_server import MailServer


def a_message(to: str = "ayesha@example.com", **changes: Any) -> OutgoingMessage:
    values = {
        "subject": "Your request",
        "text": "We have your request.",
        "html": "<p>We have your request.</p>",
        "kind": "acknowledgement",
        "about": "MS-7K4Q-92XD",
        "phone_for_staff": "+923012345678",
    } | changes
    with transaction.atomic():
        return mail_queue.queue(to, values.pop("subject"), values.pop("text"), values.pop("html"), **values)


def messages(count: int) -> list[OutgoingMessage]:
    return [a_message(f"patient-{number}@example.com") for number in range(count)]


def stored(message: OutgoingMessage) -> OutgoingMessage:
    return OutgoingMessage.objects.get(pk=message.pk)


def use_server(settings: Any, port: int) -> None:
    settings.MAIL_DELIVERY, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp", "127.0.0.1", port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""


@contextmanager
def running(settings: Any) -> Iterator[MailServer]:
    """A running SMTP server, and the settings that use it."""
    server = MailServer()
    use_server(settings, server.port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
