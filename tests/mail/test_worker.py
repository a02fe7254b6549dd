"""What the worker makes of each answer of a real server."""

import io
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from clinic_site.core.json_logging import JsonFormatter
from clinic_site.mail import delivery, worker
from clinic_site.mail.models import OutgoingMessage
from consultations import icalendar
from tests.mail.conftest import NOW
from tests.mail.mail_helpers import a_message, messages, stored
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State


# Up


def test_a_message_arrives_whole(server: MailServer, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "The clinic <desk@clinic.example>"
    calendar = icalendar.event(
        "1@clinic.example",
        0,
        NOW,
        NOW + timedelta(minutes=30),
        "Appointment",
        "Lahore",
        organizer="desk@clinic.example",
        attendee="ayesha@example.com",
        stamp=NOW,
    )
    text = "آپ کی درخواست مل گئی ہے۔\n.\n..two dots\n" + "long " * 300
    message = a_message(
        subject="آپ کی درخواست",
        text=text,
        html=f"<p>{text}</p>",
        attachments=[icalendar.attachment("appointment.ics", calendar)],
    )
    assert str(worker.send_due()) == "Sent 1, to be tried again 0, given up 0."
    assert server.received[0][0] == ["ayesha@example.com"]
    [mail] = server.mails
    assert mail["From"] == "The clinic <desk@clinic.example>"
    assert mail["To"] == "ayesha@example.com"
    assert mail["Subject"] == "آپ کی درخواست"
    assert mail["Message-ID"] == message.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == message.created_at.replace(microsecond=0)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and plain.get_content().splitlines() == text.splitlines()
    assert html is not None and "درخواست" in html.get_content()
    [attached] = mail.iter_attachments()
    assert attached.get_filename() == "appointment.ics"
    assert attached.get_content_type() == "text/calendar"
    assert attached["Content-Type"].params["method"] == "REQUEST"
    assert attached.get_payload(decode=True) == calendar


def test_a_dot_at_the_beginning_of_a_line_arrives_as_it_was(server: MailServer) -> None:
    text = "First\n.\n.two\n..three\nlast\n"
    a_message(text=text, html="")
    assert worker.send_due().sent == 1
    [mail] = server.mails
    assert mail.get_content().splitlines() == text.splitlines()


def test_after_sending_nothing_of_what_was_written_is_kept(server: MailServer) -> None:
    message = a_message(attachments=[("a.txt", "text/plain", b"secret")])
    worker.send_due()
    message = stored(message)
    assert message.state == State.SENT
    assert (message.text, message.html, message.attachments) == ("", "", [])


def test_a_second_pass_sends_nothing(server: MailServer) -> None:
    messages(3)
    assert worker.send_due().sent == 3
    assert worker.send_due().sent == 0
    assert server.connections == 3


# Refused


def test_not_now_is_tried_again_with_growing_pauses_for_a_day(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.replies = {"RCPT": "451 4.7.1 Greylisted, come back later"}
    message = a_message()
    tries = []
    while (message := stored(message)).state == State.WAITING:
        clock.move_to(message.next_attempt_at)
        tries.append(datetime.now(UTC) - NOW)
        worker.send_due()
    minutes = [round(tried.total_seconds() / 60) for tried in tries]
    assert minutes[:6] == [0, 1, 6, 21, 81, 141]
    assert all(b - a <= 60 for a, b in pairwise(minutes))
    assert minutes[-1] == 24 * 60
    assert message.state == State.FAILED
    assert message.reason == "451 4.7.1 Greylisted, come back later"
    assert message.text, "staff may send it again"


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
def test_what_is_refused_for_good_fails_at_once_with_its_reason(server: MailServer, stage: str) -> None:
    server.replies = {stage: "550 5.1.1 <ayesha@example.com>: user unknown"}
    refused = a_message()
    assert worker.send_due().failed == 1
    assert stored(refused).state == State.FAILED
    assert stored(refused).reason == "550 5.1.1 <ayesha@example.com>: user unknown"
    server.replies = {}
    a_message()
    assert worker.send_due().sent == 1


def test_not_now_after_the_text_is_no_silence(server: MailServer, clock: time_machine.Traveller) -> None:
    server.replies = {"DATA": "452 4.3.1 Disk full"}
    message = a_message()
    for _ in range(4):
        worker.send_due()
        clock.move_to(stored(message).next_attempt_at)
    assert stored(message).state == State.WAITING
    assert stored(message).unanswered == 0


def test_a_refused_sender_is_a_mistake_of_ours_and_is_tried_again(server: MailServer) -> None:
    server.replies = {"MAIL": "553 5.7.1 Sender address rejected: not owned by user"}
    message = a_message()
    assert worker.send_due().postponed == 1
    assert stored(message).state == State.WAITING


def test_a_message_that_cannot_be_written_fails_alone(server: MailServer) -> None:
    broken = a_message()
    OutgoingMessage.objects.filter(pk=broken.pk).update(subject="a\nBcc: everyone@example.com")
    a_message()
    done = worker.send_due()
    assert (done.sent, done.failed) == (1, 1)
    assert "ValueError" in stored(broken).reason


def test_an_address_that_cannot_be_written_to_a_server_fails_alone(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    odd = a_message()
    OutgoingMessage.objects.filter(pk=odd.pk).update(to="al\u0131@gmail.com")
    other = a_message()
    done = worker.send_due()
    assert (done.sent, done.failed) == (1, 1)
    assert stored(odd).state == State.FAILED
    assert stored(odd).reason == "It could not be sent (UnicodeEncodeError)."
    assert server.copies == {other.message_id: 1}
    [line] = [record for record in caplog.records if record.message == "mail cannot be sent"]
    assert "gmail" not in JsonFormatter().format(line)


def test_what_goes_wrong_after_a_text_was_handed_over_says_that_it_may_have_arrived(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(content: bytes) -> bytes:
        raise ValueError

    message = a_message()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_as_data", wrong)
        assert worker.send_due().failed == 1
    assert stored(message).reason == "It could not be sent (ValueError), and may have arrived."
    a_message()
    assert worker.send_due().sent == 1


def test_an_answer_that_no_database_can_store_is_stored_without_what_it_cannot(server: MailServer) -> None:
    server.replies = {"RCPT": "550 No\0body"}
    message = a_message()
    assert worker.send_due().failed == 1
    assert stored(message).reason == "550 Nobody"


# Not there


def test_a_server_that_is_down_is_asked_once_and_every_message_waits(
    settings: Any, server: MailServer, clock: time_machine.Traveller
) -> None:
    server.stop()
    waiting = messages(5)
    done = worker.send_due()
    assert (done.sent, done.postponed, done.unreachable) == (0, 5, "ConnectionRefusedError")
    assert {stored(message).attempts for message in waiting} == {1}
    server.start()
    assert worker.send_due().sent == 0, "not before the pause is over"
    clock.shift(timedelta(minutes=1))
    assert worker.send_due().sent == 5


def test_a_password_is_never_sent_where_encryption_was_asked_for_and_is_not_there(
    server: MailServer, settings: Any
) -> None:
    settings.EMAIL_USE_TLS = True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "clinic", "secret"
    message = a_message()
    assert worker.send_due().unreachable == "SMTPNotSupportedError"
    assert stored(message).state == State.WAITING


def test_a_server_that_is_not_who_it_says_is_not_trusted(server: MailServer, settings: Any) -> None:
    settings.EMAIL_USE_SSL = True
    a_message()
    assert "SSLError" in worker.send_due().unreachable
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT"])
def test_silence_before_the_text_is_only_a_pause(
    server: MailServer, clock: time_machine.Traveller, stage: str
) -> None:
    server.silent_at = stage
    message = a_message()
    assert worker.send_due().postponed == 1
    assert stored(message).unanswered == 0
    server.silent_at = ""
    clock.shift(timedelta(minutes=1))
    assert worker.send_due().sent == 1
    assert list(server.copies.values()) == [1]


@pytest.mark.usefixtures("quick")
def test_silence_after_the_text_means_a_second_copy_at_most(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.silent_at, server.takes_before_silence = "DATA", True
    message = a_message()
    worker.send_due()
    assert stored(message).next_attempt_at == datetime.now(UTC) + timedelta(hours=1)
    for _ in range(5):
        clock.shift(timedelta(hours=1))
        worker.send_due()
    assert server.copies == {message.message_id: 2}
    message = stored(message)
    assert message.state == State.FAILED
    assert "it may have arrived" in message.reason


@pytest.mark.usefixtures("quick")
def test_one_silence_after_the_text_and_then_an_answer(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.silent_at = "DATA"
    message = a_message()
    worker.send_due()
    server.silent_at = ""
    clock.shift(timedelta(hours=1))
    assert worker.send_due().sent == 1
    assert stored(message).state == State.SENT


# Local mode, the command, the log


def test_in_local_mode_each_message_is_a_file_to_open(settings: Any, tmp_path: Path) -> None:
    settings.MAIL_DELIVERY, settings.MAIL_DIR = "folder", tmp_path / "mail"
    message = a_message()
    out = io.StringIO()
    call_command("send_mail", stdout=out)
    assert out.getvalue() == "Sent 1, to be tried again 0, given up 0.\n"
    [file] = (tmp_path / "mail").iterdir()
    assert file.suffix == ".eml"
    assert "acknowledgement" in file.name
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Message-ID"] == message.message_id


def test_the_command_says_that_the_server_is_not_there(settings: Any) -> None:
    settings.MAIL_DELIVERY, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp", "127.0.0.1", 1
    a_message()
    with pytest.raises(CommandError, match="ConnectionRefusedError"):
        call_command("send_mail", stdout=io.StringIO())


def test_the_command_says_that_mail_is_off(settings: Any) -> None:
    settings.MAIL_DELIVERY = "off"
    with pytest.raises(CommandError, match="EMAIL_URL=off"):
        call_command("send_mail")


@pytest.mark.usefixtures("quick")
def test_the_log_holds_nothing_about_a_person(
    server: MailServer, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    a_message(subject="Subject")
    worker.send_due()
    for replies in ({"RCPT": "550 <ayesha@example.com> unknown"}, {"RCPT": "451 <ayesha@example.com> later"}):
        server.replies = replies
        a_message()
        worker.send_due()
    server.silent_at = "RCPT"
    a_message()
    worker.send_due()
    lines = [JsonFormatter().format(record) for record in caplog.records if "mail.log" not in record.name]
    ours = [line for line in lines if json.loads(line)["logger"].startswith("clinic_site")]
    assert len(ours) >= 2
    for line in ours:
        assert not [word for word in ("ayesha", "MS-7K4Q", "92301", "Subject") if word in line]


def test_a_look_at_an_empty_outbox_is_one_query(django_assert_num_queries: Any) -> None:
    messages(3)
    OutgoingMessage.objects.update(failed_at=NOW)
    with django_assert_num_queries(1):
        worker.send_due()
