"""Queueing: validation, storage in the caller's transaction, and superseding."""

from datetime import timedelta
from typing import Any

import hypothesis
import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from clinic_site.core import email_addresses
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.email import email_for
from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import readiness
from tests.factories import staff
from tests.mail.mail_helpers import a_message, stored, use_server
from tests.mail.smtp_server import MailServer

State = OutgoingMessage.State


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
    subjects = (
        "Hello\nBcc: everyone@example.com",
        "Hello\rBcc: everyone@example.com",
        "Hello\u2028there",
        "",
    )
    refused: list[dict[str, Any]] = [{"subject": subject} for subject in subjects]
    refused += [{"kind": kind} for kind in ("two words", "../../etc/passwd", "")]
    refused += [{"about": "a\nb"}]
    for name, mime_type in (
        ("a.ics\r\nX: y", "text/calendar"),
        ("../a.ics", "text/calendar"),
        ("a.ics", "text/calendar\r\nX: y"),
    ):
        refused += [{"attachments": [(name, mime_type, b"")]}]
    for changes in refused:
        with pytest.raises(ValueError):
            a_message(**changes)
    assert not OutgoingMessage.objects.exists()


IMPOSSIBLE_ADDRESSES = [
    *("", "ayesha", "ayesha@", "@example.com", "a@b@example.com", "عائشہ@example.com"),
    *('"a b"@example.com', '"a>b"@example.com', "ayesha@exa mple.com", "ayesha@example.com\0"),
    *("<ayesha@example.com>", "Ayesha <ayesha@example.com>", "a" * 250 + "@example.com"),
    "ayesha@example.com, everyone@example.com",
    "ayesha@example.com\nBcc: everyone@example.com",
    "ayesha@example.com\r\nRCPT TO:<everyone@example.com>",
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
@example("desk@bücher.example")
def test_deliverable_address_is_one_word_of_ascii(text: str) -> None:
    try:
        address = email_addresses.deliverable(text)
    except ValueError:
        return
    assert address.isascii()
    assert not set(address) & set(' \t\r\n<>,;"')
    assert address.count("@") == 1
    assert (text != "desk@bücher.example") or address == "desk@xn--bcher-kva.example"


@pytest.mark.django_db
@hypothesis.settings(max_examples=40)
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
def test_readiness_fails_without_a_worker_but_not_without_a_server(settings: Any) -> None:
    use_server(settings, 1)
    with time_machine.travel("2026-11-23 10:00:00+05:00", tick=False) as clock:
        a_message()
        assert "mail queue" not in readiness.failed_checks(settings.STATUS_CHECKS)
        clock.shift(timedelta(hours=2, minutes=1))
        assert "mail queue" in readiness.failed_checks(settings.STATUS_CHECKS)
        assert worker.send_due().postponed == 1
        assert "mail queue" not in readiness.failed_checks(settings.STATUS_CHECKS)


@pytest.mark.django_db
def test_correct_phone_changes_unresolved_messages() -> None:
    failed, other, to_staff = a_message("-"), a_message(about="MS-OTHER"), a_message(phone_for_staff="")
    resolved = a_message("-")
    mail_queue.mark_resolved(resolved, actor=staff())
    mail_queue.correct_phone("MS-7K4Q-92XD", "+923017654321")
    numbers = [stored(message).phone_for_staff for message in (failed, other, to_staff, resolved)]
    assert numbers == ["+923017654321", "+923012345678", "", "+923012345678"]


@pytest.mark.django_db
def test_completed_messages_are_neither_waiting_nor_undelivered() -> None:
    old = timezone.now() - timedelta(days=40)
    sent, resolved, failed, _waiting = (a_message() for _ in range(4))
    OutgoingMessage.objects.filter(pk=sent.pk).update(sent_at=old)
    OutgoingMessage.objects.filter(pk=resolved.pk).update(failed_at=old, resolved_at=old)
    OutgoingMessage.objects.filter(pk=failed.pk).update(failed_at=old)
    assert not OutgoingMessage.objects.completed_before(old).exists()
    assert set(OutgoingMessage.objects.completed_before(timezone.now())) == {sent, resolved}


def supersede() -> int:
    return mail_queue.supersede("MS-7K4Q-92XD", ["acknowledgement"])


@pytest.mark.django_db
def test_superseded_messages_are_neither_sent_nor_listed(server: MailServer) -> None:
    sent = a_message()
    worker.send_due()
    resolved = a_message("not an address")
    mail_queue.mark_resolved(resolved, actor=staff())
    assert supersede() == 0, "those are done"
    server.replies = {"RCPT": "550 No"}
    failed = a_message()
    worker.send_due()
    server.replies = {}
    waiting, others = a_message(), [a_message(about="MS-OTHER"), a_message(kind="new_request")]
    assert supersede() == 2
    assert worker.send_due().sent == len(others)
    assert set(server.copies) == {message.message_id for message in (sent, *others)}
    assert not OutgoingMessage.objects.undelivered().exists()
    states = [stored(message).state for message in (sent, resolved, failed, waiting)]
    assert states == [State.SENT, State.RESOLVED, State.SUPERSEDED, State.SUPERSEDED]
    assert (stored(failed).last_error, stored(failed).text, stored(waiting).text) == ("550 No", "", "")


@pytest.mark.django_db
def test_message_superseded_during_sending_counts_as_what_happened(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_unconfirmed = worker._count_unconfirmed

    def before(leased: OutgoingMessage) -> None:
        supersede()
        count_unconfirmed(leased)

    def after(leased: OutgoingMessage) -> None:
        count_unconfirmed(leased)
        supersede()

    for meanwhile, sent, state in ((before, 0, State.SUPERSEDED), (after, 1, State.SENT)):
        message = a_message()
        monkeypatch.setattr(worker, "_count_unconfirmed", meanwhile)
        assert worker.send_due().sent == len(server.received) == sent
        assert stored(message).state == state
    assert not OutgoingMessage.objects.undelivered().exists()
