"""Limits of notices to staff, and of mail that the public form can cause."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from consultations.answers import Onset
from consultations.intake import submission
from consultations.messaging import notify
from consultations.messaging.catalogue import DIGEST
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import a_request, a_submission
from tests.mail.conftest import server as server
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}
OLD_INJURY = {"onset": Onset.YEAR}


@pytest.fixture(autouse=True)
def few_notices(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)
    monkeypatch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 3)


def digests() -> list[str]:
    """Let the worker begin, and return the texts of the digests that it would send now."""
    notify.queue_digests()
    due = OutgoingMessage.objects.due(timezone.now()).filter(kind=DIGEST)
    return [message.text for message in due]


def send() -> None:
    OutgoingMessage.objects.due(timezone.now()).update(sent_at=timezone.now(), text="")


def test_notices_above_the_limit_are_listed_every_ten_minutes_also_at_night(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example", "second@clinic.example")
    with time_machine.travel("2026-11-24 02:00+05:00", tick=False) as clock:
        for _ in range(3):
            single = a_request(**OLD_INJURY)
            assert OutgoingMessage.objects.filter(about=single.reference, kind="new_request").count() == 2
        send()
        first, *others = [a_request(**OLD_INJURY) for _ in range(6)]
        queued("new_request", first)
        [text, _second] = digests()
        lines = [line for line in text.splitlines() if line.startswith("MS-")]
        assert lines == [request.reference for request in (first, *others)]
        assert "http://localhost:8000/staff/consultations/consultationrequest/\n" in text
        assert first.patient_name not in text
        send()
        later = [a_request(**OLD_INJURY)]
        clock.shift(timedelta(minutes=9))
        later.append(a_request(**OLD_INJURY))
        assert digests() == []
        clock.shift(timedelta(minutes=1))
        [text, _second] = digests()
        assert [request.reference in text for request in (*later, first)] == [True, True, False]
        send()
        clock.shift(timedelta(hours=1))
        assert [message.kind for message in queued("new_request", later[0])] == ["new_request"] * 2
        assert digests() == []


def test_notice_comes_by_itself_when_no_digest_can_be_written(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 0)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        request = a_request(**OLD_INJURY)
        with monkeypatch.context() as patch:
            patch.setattr(mail_queue, "mark_superseded", mock.Mock(side_effect=ZeroDivisionError))
            assert worker.send_due().sent == 0
            clock.shift(timedelta(minutes=20))
            assert worker.send_due().sent == 1
        assert worker.send_due().sent == 0
    [mail] = server.mails
    assert request.reference in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def due_kinds(request: ConsultationRequest) -> set[str]:
    notify.announce_new_requests()
    due = OutgoingMessage.objects.due(timezone.now())
    return set(due.filter(about=request.reference).values_list("kind", flat=True))


def test_recent_injury_is_always_reported_and_acknowledged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 0)
    monkeypatch.setattr(notify, "MAX_LIMITED_MAILS_PER_HOUR", 1)
    monkeypatch.setattr(submission, "MAX_PROMPT_MAILS_PER_NETWORK", 0)
    for _ in range(notify.MAX_LIMITED_MAILS_PER_DAY):
        a_request(**OLD_INJURY, **BY_EMAIL)
    for onset, kinds in (
        (Onset.DAY, {"new_request", "acknowledgement"}),
        (Onset.WEEK, {"new_request", "acknowledgement"}),
        (Onset.NOT_SURE, set()),
    ):
        answers = a_submission(onset=onset, network="192.0.2.7", **BY_EMAIL)
        assert due_kinds(submission.submit(answers)) == kinds, onset


def test_network_over_its_share_leaves_the_mail_of_others_alone(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 4)
    monkeypatch.setattr(notify, "MAX_LIMITED_MAILS_PER_HOUR", 4)
    monkeypatch.setattr(submission, "MAX_PROMPT_MAILS_PER_NETWORK", 3)
    for number in range(5):
        phone = f"0300 123456{number}"
        patient.sends(onset=Onset.YEAR, phone=phone, **BY_EMAIL | {"email": f"{number}@example.com"})
    notify.announce_new_requests()
    requests = ConsultationRequest.objects.order_by("pk")
    both = {"new_request", "acknowledgement"}
    assert [due_kinds(request) for request in requests] == [both, both, both, set(), set()]
    patient.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    patient.sends(onset=Onset.YEAR, phone="0300 7654321", **BY_EMAIL)
    assert due_kinds(requests.latest("pk")) == both


def test_one_address_gets_five_acknowledgements_a_day() -> None:
    request = with_email()
    for _ in range(5):
        with pytest.raises(RuntimeError), transaction.atomic():
            notify.notify("acknowledgement", request)
            raise RuntimeError
    for _ in range(5):  # those that were rolled back do not count
        assert len(queued("acknowledgement", request)) == 1
    for spelling in ("ayesha@example.com", "Ayesha@EXAMPLE.com", " ayesha@example.com"):
        request.email = spelling
        assert queued("acknowledgement", request) == []
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert len(queued("acknowledgement", request)) == 1
    request.email = "another@example.com"
    assert len(queued("acknowledgement", request)) == 1


def test_one_address_gets_five_confirmations_of_withdrawal_a_day_and_every_decision_of_staff() -> None:
    for status, count in ((Status.WITHDRAWN, 5), (Status.DECLINED, 8)):
        request = with_email(status=status)
        assert len([message for _ in range(8) for message in queued("status", request, was="new")]) == count


def addressed_to(number: int, **changes: Any) -> ConsultationRequest:
    return with_email(email=f"stranger{number}@example.com", **changes)


def not_sent(request: ConsultationRequest) -> int:
    return request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT).count()


def test_mails_above_the_hourly_limit_are_sent_in_the_hours_that_follow(
    server: MailServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STAFF_MAIL = ()
    monkeypatch.setattr(notify, "MAX_LIMITED_MAILS_PER_HOUR", 2)
    for status, kind, options in (
        (Status.NEW, "acknowledgement", {}),
        (Status.WITHDRAWN, "status", {"was": "new"}),
    ):
        with time_machine.travel("2026-11-24 09:00+05:00", tick=False) as clock:
            requests = [addressed_to(number, status=status, **OLD_INJURY) for number in range(5)]
            found = [message for request in requests for message in queued(kind, request, **options)]
            hours = [(message.next_attempt_at - timezone.now()) / timedelta(hours=1) for message in found]
            assert hours == [0, 0, 1, 1, 2]
            assert [not_sent(request) for request in requests] == [0] * 5
            sent = []
            for _ in range(3):
                sent.append(worker.send_due().sent)
                clock.shift(timedelta(hours=1))
            assert sent == [2, 2, 1]


def test_acknowledgement_that_would_come_after_the_promised_time_is_recorded_as_not_sent() -> None:
    request = addressed_to(1, **OLD_INJURY)
    for minutes, count in ((61, 1), (59, 0)):
        request.promised_by = timezone.now() + timedelta(minutes=minutes)
        assert len(queued("acknowledgement", request, is_over_share=True)) == count
    assert not_sent(request) == 1
    # Not for requests that staff let in, nor for patients without email.
    [message] = queued("acknowledgement", addressed_to(2, **OLD_INJURY), by_staff=True, is_over_share=True)
    assert message.next_attempt_at <= timezone.now()
    assert not_sent(a_request(**OLD_INJURY)) == 0


def test_waiting_acknowledgement_names_the_day_as_on_its_own_day_and_an_offer_replaces_it() -> None:
    with time_machine.travel("2026-11-24 23:30+05:00", tick=False):
        request = addressed_to(1, **OLD_INJURY)
        request.promised_by = timezone.now() + timedelta(hours=20)
        [message] = queued("acknowledgement", request, is_over_share=True)
        assert "by 7:30 pm today, Wednesday 25 November" in message.text
        queued("appointment_offered", request, appointment=an_appointment(request))
    message.refresh_from_db()
    assert message.state == OutgoingMessage.State.SUPERSEDED
