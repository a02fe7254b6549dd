"""The worker's reaction to each answer of a real server."""

import io
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.headerregistry import Address
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import override_settings
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.json_logging import JsonFormatter
from clinic_site.core.text import is_one_line
from clinic_site.mail import worker
from clinic_site.mail.email import email_for
from clinic_site.mail.models import OutgoingMessage
from consultations import icalendar
from tests.mail.conftest import NOW
from tests.mail.mail_helpers import a_message, messages, stored, use_server
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State
HEADERS = {
    "subject",
    "from",
    "to",
    "reply-to",
    "date",
    "message-id",
    "auto-submitted",
    "content-type",
    "mime-version",
    "content-transfer-encoding",
}


# The email


def test_email_arrives_complete_and_its_text_is_deleted(server: MailServer, settings: Any) -> None:
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
    assert str(worker.send_due()) == "Sent 1, to be retried 0, failed 0."
    [(recipients, content)] = server.received
    assert recipients == ["ayesha@example.com"]
    assert content.isascii() and max(map(len, content.splitlines())) < 998
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
    message = stored(message)
    assert (message.state, message.text, message.html, message.attachments) == (State.SENT, "", "", [])
    assert worker.send_due().sent == 0


WORDS = "Your request MS-7K4Q-92XD é — “Canal” O’Brien آپ کی درخواست می\u200cخواہم 👩\u200d⚕️"
SYNTAX = '=?x?= =?utf-8?b?eA==?= (x) "x" a,b; <x@y> \\'
PIECES = st.sampled_from(["", "a" * 30, "中" * 40, *WORDS.split(), *SYNTAX.split()])
LINES = (
    st.lists(PIECES | st.text(max_size=9), min_size=1, max_size=14)
    .map(" ".join)
    .map(lambda text: text[:150])
    .filter(is_one_line)
)
# Readers take two spaces in a name as one.
NAMES = LINES.map(lambda text: re.sub(" +", " ", text).strip())


@hypothesis_settings(max_examples=40)
@given(subject=LINES, sender=NAMES, clinic=NAMES)
@example("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa درخواست MS-7K4Q-92XD request é (x) کی", "é", "x y")
def test_subject_and_names_read_back_exactly(subject: str, sender: str, clinic: str) -> None:
    row = OutgoingMessage(subject=subject, text="x", to="a@example.com", message_id="<1@x>")
    a_clinic = ClinicProfile(name=clinic, email="desk@clinic.example")
    from_header = str(Address(display_name=sender, addr_spec="clinic@clinic.example"))
    with (
        override_settings(DEFAULT_FROM_EMAIL=from_header),
        mock.patch.object(ClinicProfile, "current", return_value=a_clinic),
    ):
        content = email_for(row).message().as_bytes(linesep="\r\n")
    mail = message_from_bytes(content, policy=policy.default)
    assert mail["Subject"] == subject
    for header, name, address in (
        ("From", sender, "clinic@clinic.example"),
        ("Reply-To", clinic, "desk@clinic.example"),
        ("To", "", "a@example.com"),
    ):
        [read] = mail[header].addresses
        assert (read.display_name, read.addr_spec) == (name, address)
    assert content.isascii()
    for line in content.splitlines():
        # Only what has no space to fold at is longer.
        assert len(line) <= 78 or len(max(line.split(b" "), key=len)) > 60
    assert {header.lower() for header in mail} == HEADERS


# Refused


def test_temporary_refusal_is_retried_with_growing_pauses_for_a_day(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.replies = {"RCPT": "451 4.7.1 Greylisted, come back later"}
    message = a_message()
    attempts = []
    while (message := stored(message)).state == State.WAITING:
        clock.move_to(message.next_attempt_at)
        attempts.append(datetime.now(UTC) - NOW)
        worker.send_due()
    minutes = [round(attempt.total_seconds() / 60) for attempt in attempts]
    assert minutes[:6] == [0, 1, 6, 21, 81, 141]
    assert all(b - a <= 60 for a, b in pairwise(minutes))
    assert minutes[-1] == 24 * 60
    assert message.state == State.FAILED
    assert message.last_error == "451 4.7.1 Greylisted, come back later"
    assert message.text, "staff may send it again"


def test_permanent_refusal_fails_at_once_with_the_servers_words(server: MailServer) -> None:
    for stage in ("RCPT", "DATA"):
        server.replies = {stage: "550 5.1.1 <ayesha@example.com>: user\0 unknown"}
        refused = a_message()
        assert worker.send_due().failed == 1
        assert stored(refused).state == State.FAILED
        assert stored(refused).last_error == "550 5.1.1 <ayesha@example.com>: user unknown"
    server.replies = {}
    a_message()
    assert worker.send_due().sent == 1


def test_refused_data_and_refused_sender_are_retried_and_not_counted_as_unconfirmed(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    message = a_message()
    for replies in ({"DATA": "452 4.3.1 Disk full"}, {"MAIL": "553 5.7.1 Sender address rejected"}) * 2:
        server.replies = replies
        assert worker.send_due().postponed == 1
        clock.move_to(stored(message).next_attempt_at)
    assert (stored(message).state, stored(message).unconfirmed_attempts) == (State.WAITING, 0)


def test_message_that_cannot_be_built_fails_alone(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = a_message(), a_message()
    OutgoingMessage.objects.filter(pk=broken.pk).update(subject="a\nBcc: everyone@example.com")
    result = worker.send_due()
    assert (result.sent, result.failed) == (1, 1)
    assert stored(broken).last_error == "It could not be sent (ValueError)."
    assert server.copies == {other.message_id: 1}
    [line] = [record for record in caplog.records if record.message == "mail cannot be sent"]
    assert "ayesha" not in JsonFormatter().format(line)


# Unreachable


def test_server_down_postpones_every_message_after_one_connection(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.stop()
    waiting = messages(5)
    result = worker.send_due()
    assert (result.sent, result.postponed, result.unreachable) == (0, 5, "ConnectionRefusedError")
    assert {stored(message).attempts for message in waiting} == {1}
    server.start()
    assert worker.send_due().sent == 0, "not before the pause is over"
    clock.shift(timedelta(minutes=1))
    assert worker.send_due().sent == 5


def test_unencrypted_or_untrusted_server_gets_neither_password_nor_message(
    server: MailServer, settings: Any
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "clinic", "secret"
    message = a_message()
    settings.EMAIL_USE_TLS = True
    assert worker.send_due().unreachable == "SMTPNotSupportedError"
    OutgoingMessage.objects.update(next_attempt_at=message.created_at)
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = False, True
    assert "SSLError" in worker.send_due().unreachable
    assert stored(message).state == State.WAITING


# Silent


def test_silence_before_the_message_is_a_pause_and_after_it_a_second_copy_at_most(
    server: MailServer, clock: time_machine.Traveller, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    message = a_message()
    server.silent_at, settings.EMAIL_USE_TLS = "EHLO", True
    assert worker.send_due().postponed == 1
    assert stored(message).unconfirmed_attempts == 0
    settings.EMAIL_USE_TLS = False
    clock.shift(timedelta(minutes=1))
    server.silent_at, server.takes_before_silence = "DATA", True
    worker.send_due()
    assert stored(message).next_attempt_at == datetime.now(UTC) + timedelta(hours=1)
    for _ in range(3):
        clock.shift(timedelta(hours=1))
        worker.send_due()
    assert server.copies == {message.message_id: 2}
    assert stored(message).state == State.FAILED
    assert "it may have arrived" in stored(message).last_error

    server.silent_at = "RCPT"
    message = a_message()
    assert worker.send_due().postponed == 1
    server.silent_at = ""
    clock.shift(timedelta(hours=1))
    assert worker.send_due().sent == 1
    assert server.copies[message.message_id] == 1


# Local mode, the command, the log


def test_local_mode_writes_each_message_into_the_folder(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    queued = messages(2)
    out = io.StringIO()
    call_command("send_mail", stdout=out)
    assert out.getvalue() == "Sent 2, to be retried 0, failed 0.\n"
    # Django may write two messages of the same second into one file.
    written = b"".join(file.read_bytes() for file in (tmp_path / "mail").iterdir())
    assert [written.count(f"Message-ID: {message.message_id}".encode()) for message in queued] == [1, 1]


def test_command_reports_a_missing_server(settings: Any) -> None:
    use_server(settings, 1)
    a_message()
    with pytest.raises(CommandError, match="ConnectionRefusedError"):
        call_command("send_mail", stdout=io.StringIO())
    settings.MAIL_DELIVERY = "off"
    with pytest.raises(CommandError, match="EMAIL_URL=off"):
        call_command("send_mail")


def test_log_says_nothing_about_a_person(
    server: MailServer, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    caplog.set_level(logging.DEBUG)
    for replies in ({}, {"RCPT": "550 <ayesha@example.com> unknown"}, {"RCPT": "451 <ayesha@example.com>"}):
        server.replies = replies
        a_message(subject="Subject")
        worker.send_due()
    lines = [JsonFormatter().format(record) for record in caplog.records if "mail.log" not in record.name]
    ours = [line for line in lines if json.loads(line)["logger"].startswith("clinic_site")]
    assert len(ours) >= 2
    for line in ours:
        assert not [word for word in ("ayesha", "MS-7K4Q", "92301", "Subject") if word in line]


def test_poll_of_an_empty_queue_is_four_queries(django_assert_num_queries: Any) -> None:
    messages(3)
    OutgoingMessage.objects.update(failed_at=NOW)
    with django_assert_num_queries(4):  # expired choices, new requests, notices for a digest, mail
        worker.send_due()


def test_answers_go_to_the_clinic_then_to_the_desk_then_to_the_sender(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "The clinic <clinic@clinic.example>"
    settings.STAFF_MAIL = ("desk@clinic.example", "surgeon@home.example")
    clinic = ClinicProfile.objects.create(name="Canal\nClinic", email="hello@canal.example")
    assert email_for(a_message()).message()["Reply-To"] == "Canal Clinic <hello@canal.example>"
    clinic.email = "not an address"
    clinic.save()
    assert email_for(a_message()).message()["Reply-To"] == "Canal Clinic <desk@clinic.example>"
    settings.STAFF_MAIL = ()
    assert email_for(a_message()).message()["Reply-To"] == "The clinic <clinic@clinic.example>"
