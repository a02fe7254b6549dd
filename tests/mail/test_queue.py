"""What may be queued, and that it is stored with what it tells of, or not at all."""

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
from clinic_site.mail.mime import letter
from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import readiness
from tests.factories import staff
from tests.mail.mail_helpers import a_message


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_queues_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        mail_queue.queue("ayesha@example.com", "Subject", "Text", kind="test")
        _ = 1 / 0
    assert not OutgoingMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_queued_outside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError):
        mail_queue.queue("ayesha@example.com", "Subject", "Text", kind="test")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
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
    ],
)
def test_what_would_not_be_one_header_line_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        a_message(**changes)
    assert not OutgoingMessage.objects.exists()


@pytest.mark.parametrize(
    "to",
    [
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
    ],
)
@pytest.mark.django_db
def test_an_address_that_cannot_be_is_stored_as_one_that_could_not_be_told(to: str) -> None:
    message = a_message(to)
    message.refresh_from_db()
    assert message.state == OutgoingMessage.State.FAILED
    assert message.reason
    assert message.phone_for_staff == "+923012345678"


@given(st.text(max_size=300))
def test_an_address_is_one_word_of_ascii_or_refused(text: str) -> None:
    try:
        address = email_addresses.deliverable(text)
    except ValueError:
        return
    assert address.isascii()
    assert not set(address) & set(' \t\r\n<>,;"')
    assert address.count("@") == 1


def test_a_domain_in_another_script_gets_its_international_form() -> None:
    assert email_addresses.deliverable("desk@bücher.example") == "desk@xn--bcher-kva.example"


@pytest.mark.django_db
@given(text=st.text(st.characters(), max_size=200), phone=st.text(st.characters(), max_size=60))
def test_whatever_a_patient_wrote_can_be_stored_and_becomes_a_message(text: str, phone: str) -> None:
    message = a_message(text=text, phone_for_staff=phone, html=f"<p>{text}</p>")
    message.refresh_from_db()
    content = letter(message).as_bytes()
    assert content.isascii()
    assert b"\nBcc" not in content.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


@pytest.mark.django_db
def test_every_message_has_an_id_of_its_own() -> None:
    assert a_message().message_id != a_message().message_id


@pytest.mark.django_db
def test_without_mail_every_message_is_listed_as_one_that_could_not_be_told(settings: Any) -> None:
    settings.MAIL_DELIVERY = "off"
    a_message()
    assert OutgoingMessage.objects.could_not_be_told().get().reason


@pytest.mark.django_db
def test_a_message_cannot_be_both_sent_and_failed() -> None:
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMessage.objects.filter(pk=a_message().pk).update(sent_at=now, failed_at=now)


@pytest.mark.django_db
def test_mail_of_django_itself_is_queued_too(settings: Any) -> None:
    settings.EMAIL_BACKEND = "clinic_site.mail.backend.OutboxBackend"
    send_mail("Your\ncode", "123", None, ["a@example.com", "b@example.com"], html_message="<p>123</p>")
    queued = OutgoingMessage.objects.order_by("to")
    assert [(m.to, m.subject, m.text, m.html) for m in queued] == [
        ("a@example.com", "Your code", "123", "<p>123</p>"),
        ("b@example.com", "Your code", "123", "<p>123</p>"),
    ]


@pytest.mark.django_db
def test_the_site_is_not_ready_when_a_message_has_been_due_for_hours() -> None:
    with time_machine.travel("2026-11-23 10:00:00+05:00", tick=False) as clock:
        a_message()
        assert "mail queue" not in readiness.failed_checks()
        clock.shift(timedelta(hours=2, minutes=1))
        assert "mail queue" in readiness.failed_checks()


@pytest.mark.django_db
def test_a_worker_without_a_server_is_no_reason_not_to_be_ready(settings: Any) -> None:
    settings.MAIL_DELIVERY, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp", "127.0.0.1", 1
    with time_machine.travel("2026-11-23 10:00:00+05:00", tick=False) as clock:
        a_message()
        clock.shift(timedelta(hours=3))
        assert worker.send_due().postponed == 1
        assert "mail queue" not in readiness.failed_checks()


@pytest.mark.django_db
def test_a_corrected_number_is_the_one_that_staff_call() -> None:
    failed, other, to_staff = (
        a_message("no address"),
        a_message(about="MS-OTHER"),
        a_message(phone_for_staff=""),
    )
    settled = a_message("no address")
    mail_queue.settle(settled, actor=staff())
    mail_queue.correct_phone("MS-7K4Q-92XD", "+923017654321")
    numbers = OutgoingMessage.objects.in_bulk()
    assert [numbers[each.pk].phone_for_staff for each in (failed, other, to_staff, settled)] == [
        "+923017654321",
        "+923012345678",
        "",
        "+923012345678",
    ]


@pytest.mark.django_db
def test_what_was_sent_or_settled_is_forgotten_and_what_waits_for_somebody_stays() -> None:
    old = timezone.now() - timedelta(days=40)
    sent, settled, failed, waiting = (a_message() for _ in range(4))
    OutgoingMessage.objects.filter(pk=sent.pk).update(sent_at=old)
    OutgoingMessage.objects.filter(pk=settled.pk).update(failed_at=old, settled_at=old)
    OutgoingMessage.objects.filter(pk=failed.pk).update(failed_at=old)
    assert mail_queue.forget_sent(old) == 0
    assert mail_queue.forget_sent(timezone.now() - timedelta(days=30)) == 2
    assert set(OutgoingMessage.objects.values_list("pk", flat=True)) == {failed.pk, waiting.pk}
