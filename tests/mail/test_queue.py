"""Queueing: validation, and storage in the caller's transaction."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from clinic_site.core import email_addresses
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.email import email_for
from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import readiness
from tests.factories import staff
from tests.mail.mail_helpers import a_message


@pytest.mark.django_db(transaction=True)
def test_queue_needs_a_transaction_and_is_rolled_back_with_it() -> None:
    with pytest.raises(TransactionManagementError):
        mail_queue.queue("ayesha@example.com", "Subject", "Text", kind="test")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        mail_queue.queue("ayesha@example.com", "Subject", "Text", kind="test")
        _ = 1 / 0
    assert not OutgoingMessage.objects.exists()


@pytest.mark.django_db
def test_queue_refuses_text_that_is_not_one_header_line() -> None:
    refused: list[dict[str, Any]] = [
        {"subject": "Hello\nBcc: everyone@example.com"},
        {"subject": "Hello\rBcc: everyone@example.com"},
        {"subject": "Hello\u2028there"},
        {"subject": ""},
        {"kind": "two words"},
        {"kind": "../../etc/passwd"},
        {"kind": ""},
        {"about": "a\nb"},
        {"attachments": [("a.ics\r\nX: y", "text/calendar", b"")]},
        {"attachments": [("../a.ics", "text/calendar", b"")]},
        {"attachments": [("a.ics", "text/calendar\r\nX: y", b"")]},
    ]
    for changes in refused:
        with pytest.raises(ValueError):
            a_message(**changes)
    assert not OutgoingMessage.objects.exists()


IMPOSSIBLE_ADDRESSES = [
    "",
    "ayesha",
    "ayesha@",
    "@example.com",
    "a@b@example.com",
    "ayesha@example.com, everyone@example.com",
    "ayesha@example.com\nBcc: everyone@example.com",
    "ayesha@example.com\r\nRCPT TO:<everyone@example.com>",
    "<ayesha@example.com>",
    "Ayesha <ayesha@example.com>",
    '"a b"@example.com',
    '"a>b"@example.com',
    "عائشہ@example.com",
    "ayesha@exa mple.com",
    "a" * 250 + "@example.com",
    "ayesha@example.com\0",
]


@pytest.mark.django_db
def test_message_to_impossible_address_is_stored_as_undelivered(settings: Any) -> None:
    for to in IMPOSSIBLE_ADDRESSES:
        message = a_message(to)
        message.refresh_from_db()
        assert message.state == OutgoingMessage.State.FAILED, to
        assert message.last_error
        assert message.phone_for_staff == "+923012345678"
    settings.MAIL_DELIVERY = "off"
    assert a_message().last_error == "The site is set up to send no mail (EMAIL_URL=off)."
    assert OutgoingMessage.objects.undelivered().count() == len(IMPOSSIBLE_ADDRESSES) + 1


@given(st.text(max_size=300))
def test_deliverable_address_is_one_word_of_ascii(text: str) -> None:
    try:
        address = email_addresses.deliverable(text)
    except ValueError:
        return
    assert address.isascii()
    assert not set(address) & set(' \t\r\n<>,;"')
    assert address.count("@") == 1


def test_deliverable_converts_international_domains() -> None:
    assert email_addresses.deliverable("desk@bücher.example") == "desk@xn--bcher-kva.example"


@pytest.mark.django_db
@given(text=st.text(st.characters(), max_size=200), phone=st.text(st.characters(), max_size=60))
def test_any_text_of_a_patient_can_be_stored_and_sent(text: str, phone: str) -> None:
    message = a_message(text=text, phone_for_staff=phone, html=f"<p>{text}</p>")
    message.refresh_from_db()
    content = email_for(message).message().as_bytes(linesep="\r\n")
    assert content.isascii()
    assert b"\nBcc" not in content.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


@pytest.mark.django_db
def test_message_cannot_be_both_sent_and_failed() -> None:
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMessage.objects.filter(pk=a_message().pk).update(sent_at=now, failed_at=now)


@pytest.mark.django_db
def test_mail_of_django_is_queued(settings: Any) -> None:
    settings.EMAIL_BACKEND = "clinic_site.mail.backend.QueueBackend"
    send_mail("Your\ncode", "123", None, ["a@example.com", "b@example.com"], html_message="<p>123</p>")
    queued = OutgoingMessage.objects.order_by("to")
    assert [(m.to, m.subject, m.text, m.html) for m in queued] == [
        ("a@example.com", "Your code", "123", "<p>123</p>"),
        ("b@example.com", "Your code", "123", "<p>123</p>"),
    ]


@pytest.mark.django_db
def test_readiness_fails_without_a_worker_but_not_without_a_server(settings: Any) -> None:
    settings.MAIL_DELIVERY, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp", "127.0.0.1", 1
    with time_machine.travel("2026-11-23 10:00:00+05:00", tick=False) as clock:
        a_message()
        assert "mail queue" not in readiness.failed_checks()
        clock.shift(timedelta(hours=2, minutes=1))
        assert "mail queue" in readiness.failed_checks()
        assert worker.send_due().postponed == 1
        assert "mail queue" not in readiness.failed_checks()


@pytest.mark.django_db
def test_correct_phone_changes_unresolved_messages() -> None:
    failed, other, to_staff = (
        a_message("no address"),
        a_message(about="MS-OTHER"),
        a_message(phone_for_staff=""),
    )
    resolved = a_message("no address")
    mail_queue.mark_resolved(resolved, actor=staff())
    mail_queue.correct_phone("MS-7K4Q-92XD", "+923017654321")
    numbers = OutgoingMessage.objects.in_bulk()
    assert [numbers[each.pk].phone_for_staff for each in (failed, other, to_staff, resolved)] == [
        "+923017654321",
        "+923012345678",
        "",
        "+923012345678",
    ]


@pytest.mark.django_db
def test_delete_completed_keeps_waiting_and_undelivered_messages() -> None:
    old = timezone.now() - timedelta(days=40)
    sent, resolved, failed, waiting = (a_message() for _ in range(4))
    OutgoingMessage.objects.filter(pk=sent.pk).update(sent_at=old)
    OutgoingMessage.objects.filter(pk=resolved.pk).update(failed_at=old, resolved_at=old)
    OutgoingMessage.objects.filter(pk=failed.pk).update(failed_at=old)
    assert mail_queue.delete_completed(old) == 0
    assert mail_queue.delete_completed(timezone.now() - timedelta(days=30)) == 2
    assert set(OutgoingMessage.objects.values_list("pk", flat=True)) == {failed.pk, waiting.pk}
