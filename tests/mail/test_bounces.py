"""Bounces: reports of several mail servers, and mail that changes nothing."""

import io
import os
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from clinic_site.mail import bounces, worker
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.queue import ResendRefusedError
from consultations.models import Appointment
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import staff
from tests.mail.mail_helpers import a_message, running, stored

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mail.clinic.example (Mail Delivery System)
To: desk@clinic.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="9B095B5ADSN=_01"
Message-Id: <20261123050000.8F2E1@mail.clinic.example>

--9B095B5ADSN=_01
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--9B095B5ADSN=_01
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.clinic.example
X-Postfix-Queue-ID: 8F2E1
Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0500 (PKT)

Final-Recipient: rfc822; ayesha@example.com
Original-Recipient: rfc822;ayesha@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <ayesha@example.com>: Recipient address
    rejected: User unknown

--9B095B5ADSN=_01
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: desk@clinic.example
Subject: Your request MS-7K4Q-92XD
Message-ID: {id}

--9B095B5ADSN=_01--
"""

EXIM = """\
X-Failed-Recipients: ayesha@example.com
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@host.example>
To: desk@clinic.example
References: {id}
Content-Type: multipart/report; report-type=delivery-status; boundary=1763874000-eximdsn-42
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1763874000-eximdsn-42
Content-type: text/plain; charset=us-ascii

  ayesha@example.com
    mailbox is full: retry timeout exceeded

--1763874000-eximdsn-42
Content-type: message/delivery-status

Reporting-MTA: dns; host.example

Action: failed
Final-Recipient: rfc822;ayesha@example.com
Status: 5.2.2

--1763874000-eximdsn-42
Content-type: message/rfc822

Return-path: <desk@clinic.example>
Subject: Your request

We have your request.

--1763874000-eximdsn-42--
"""

GMAIL = """\
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: desk@clinic.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
In-Reply-To: {id}
Content-Type: multipart/report; boundary="000000000000a1"; report-type=delivery-status

--000000000000a1
Content-Type: multipart/related; boundary="000000000000b2"

--000000000000b2
Content-Type: multipart/alternative; boundary="000000000000c3"

--000000000000c3
Content-Type: text/html; charset="UTF-8"

<p>Message not delivered</p>
--000000000000c3--
--000000000000b2
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--000000000000b2--
--000000000000a1
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Mon, 23 Nov 2026 05:00:00 -0800 (PST)
X-Original-Message-ID: {id}

Final-Recipient: rfc822; ayesha@example.com
Action: failed
Status: 4.4.1
Diagnostic-Code: smtp; The recipient server did not accept our requests to connect.
Last-Attempt-Date: Mon, 23 Nov 2026 05:00:01 -0800 (PST)

--000000000000a1
Content-Type: message/rfc822

Subject: Your request

--000000000000a1--
"""

AUTOMATIC_REPLY = """\
From: ayesha@example.com
To: desk@clinic.example
Auto-Submitted: auto-replied
In-Reply-To: {id}
Subject: Out of office

I am away. Action: failed, Status: 5.1.1
"""


def a_sent_message(**changes: Any) -> OutgoingMessage:
    message = a_message(**changes)
    OutgoingMessage.objects.filter(pk=message.pk).update(sent_at=timezone.now(), **mail_queue.NO_CONTENT)
    return stored(message)


def came_back(shape: str, message_id: str) -> OutgoingMessage | None:
    return bounces.record_bounce(shape.replace("{id}", message_id).encode())


def test_bounce_marks_the_message_with_a_reason_in_words() -> None:
    for shape, reason in (
        (POSTFIX, "This email address does not exist (550 5.1.1 <ayesha@example.com>: Recipient address"),
        (EXIM, "The mailbox is full (5.2.2)."),
        # Given up after days of trying: no other report will come.
        (GMAIL, "The mail server of this address could not be reached (The recipient server"),
    ):
        message, other = a_sent_message(), a_sent_message()
        assert came_back(shape, message.message_id) == message
        assert stored(message).state == State.FAILED
        assert stored(message).last_error.startswith(reason)
        assert stored(other).state == State.SENT
        # The text is deleted once a mail was sent, and the address would not take it either.
        with pytest.raises(ResendRefusedError, match="correct the address"):
            mail_queue.resend(stored(message), actor=staff(email=f"{message.pk}@clinic.example"))


def test_other_reports_change_nothing() -> None:
    sent, superseded, resolved = a_sent_message(), a_message(about="A"), a_message("-", about="B")
    mail_queue.supersede("A", [superseded.kind])
    mail_queue.mark_resolved(resolved, actor=staff())
    id_ = sent.message_id
    for shape, message_id in (
        (POSTFIX.replace("Action: failed\nStatus: 5", "Action: delayed\nStatus: 4"), id_),
        (POSTFIX.replace("Action: failed\nStatus: 5", "Action: delivered\nStatus: 2"), id_),
        (POSTFIX.replace("Action: failed\nStatus: 5", "Status: 4"), id_),
        (POSTFIX.replace("multipart/report", "multipart/mixed"), id_),
        (AUTOMATIC_REPLY, id_),
        (POSTFIX, "<0123456789abcdef0123456789abcdef@clinic.example>"),  # not ours: guessed, or forged
        (POSTFIX, ""),
        (POSTFIX, superseded.message_id),
        (POSTFIX, resolved.message_id),
    ):
        assert came_back(shape, message_id) is None, shape
    states = [stored(message).state for message in (sent, superseded, resolved)]
    assert states == [State.SENT, State.SUPERSEDED, State.RESOLVED]


def test_second_report_changes_nothing_more() -> None:
    message = a_sent_message()
    came_back(POSTFIX, message.message_id)
    failed_at = stored(message).failed_at
    came_back(EXIM, message.message_id)
    assert stored(message).failed_at == failed_at
    mail_queue.mark_resolved(stored(message), actor=staff())
    assert came_back(POSTFIX, message.message_id) is None
    assert stored(message).state == State.RESOLVED


def test_broken_and_hostile_reports_raise_nothing() -> None:
    message = a_sent_message()
    report = POSTFIX.replace("{id}", message.message_id).encode()
    for hostile in (
        b"",
        b"\0\xff" * 50_000,
        b"Content-Type: message/rfc822\n\n" * 20_000,
        b"Content-Type: multipart/report; boundary=a\n\n--a\n" * 20_000,
        report[: report.index(b"Final-Recipient")],
        report.replace(b"Action: failed", b"Action: \xff").replace(b"5.1.1", b"\0"),
    ):
        assert bounces.record_bounce(hostile) is None
    answer = b"\xff\0\xe2\x80\xae<script>" + b"x" * 5_000
    report = report.replace(b"550 5.1.1", answer) + b"\n" * bounces.MAX_REPORT_BYTES
    assert bounces.record_bounce(report) == message
    assert len(stored(message).last_error) == 300 and "\0" not in stored(message).last_error


def test_bounce_means_the_patient_is_not_informed(settings: Any) -> None:
    request = with_email()
    appointment = an_appointment(
        request,
        state=Appointment.State.OFFERED,
        made_at=timezone.now() - timedelta(hours=1),
        patient_informed_at=None,
    )
    (offered,) = queued("appointment_offered", request, appointment=appointment)
    for told_by_staff in (False, True):
        with running(settings):
            worker.send_due()
        appointment.refresh_from_db()
        assert appointment.patient_informed_at == stored(offered).sent_at
        if told_by_staff:
            Appointment.objects.update(patient_informed_at=timezone.now() - timedelta(minutes=1))
        came_back(POSTFIX, offered.message_id)
        appointment.refresh_from_db()
        assert bool(appointment.patient_informed_at) == told_by_staff
        (offered,) = queued("appointment_offered", request, appointment=appointment)


def test_command_reads_standard_input_and_defers_without_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message, out = a_sent_message(), io.StringIO()

    def run() -> None:
        report = POSTFIX.replace("{id}", message.message_id) + "x" * 500_000
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(report.encode())))
        call_command("read_bounces", stdout=out)

    with monkeypatch.context() as patch:
        patch.setattr(OutgoingMessage.objects, "filter", lambda **_by: _raise(OperationalError("locked")))
        with pytest.raises(CommandError) as refused:
            run()
        assert refused.value.returncode == os.EX_TEMPFAIL
    run()
    assert "Bounced" in out.getvalue() and message.to not in out.getvalue()
    assert stored(message).state == State.FAILED


def _raise(error: Exception) -> None:
    raise error
