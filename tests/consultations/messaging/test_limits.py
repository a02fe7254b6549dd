"""Limits of notices to staff, and of mail that the public form can cause."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.messaging import notify
from consultations.models import ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.messaging.message_helpers import queued, with_email
from tests.factories import a_request

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_notices(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)
    monkeypatch.setattr(notify, "MAX_STAFF_NOTICES_PER_HOUR", 3)


def test_staff_get_one_last_notice_and_again_after_an_hour() -> None:
    request = with_email()
    subjects = [message.subject for _ in range(6) for message in queued("new_request", request)]
    notice = f"New request {request.reference}"
    assert subjects == [notice, notice, "Very many messages: please look at the queue"]
    last = OutgoingMessage.objects.order_by("pk")[2]
    assert last.text.endswith("http://localhost:8000/staff/consultations/consultationrequest/\n")
    [message] = queued("patient_activity", request, activity="note")
    assert message.subject == f"{request.reference}: news from the patient", "counted apart"
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert len(queued("new_request", request)) == 1


def test_one_address_gets_five_acknowledgements_a_day() -> None:
    request = with_email()
    for _ in range(5):
        with pytest.raises(RuntimeError), transaction.atomic():
            notify.notify("acknowledgement", request, token="token")
            raise RuntimeError
    for _ in range(5):  # those that were rolled back do not count
        assert len(queued("acknowledgement", request, token="token")) == 1
    for spelling in ("ayesha@example.com", "Ayesha@EXAMPLE.com", " ayesha@example.com"):
        request.email = spelling
        assert queued("acknowledgement", request, token="token") == []
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert len(queued("acknowledgement", request, token="token")) == 1
    request.email = "another@example.com"
    assert len(queued("acknowledgement", request, token="token")) == 1


def test_one_address_gets_five_confirmations_of_withdrawal_a_day_and_every_decision_of_staff() -> None:
    for status, count in ((Status.WITHDRAWN, 5), (Status.DECLINED, 8)):
        request = with_email(status=status)
        assert len([message for _ in range(8) for message in queued("status", request, was="new")]) == count


def addressed_to(number: int, **changes: Any) -> ConsultationRequest:
    return with_email(email=f"stranger{number}@example.com", **changes)


def not_sent(request: ConsultationRequest) -> int:
    return request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT).count()


def test_hourly_limit_to_all_addresses_is_recorded_for_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "MAX_LIMITED_MAILS_PER_HOUR", 2)
    for status, kind, options in (
        (Status.NEW, "acknowledgement", {"token": "token"}),
        (Status.WITHDRAWN, "status", {"was": "new"}),
    ):
        OutgoingMessage.objects.all().delete()
        requests = [addressed_to(number, status=status) for number in range(4)]
        assert [len(queued(kind, request, **options)) for request in requests] == [1, 1, 0, 0]
        assert [not_sent(request) for request in requests] == [0, 0, 1, 1]
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            assert len(queued(kind, requests[3], **options)) == 1


def test_requests_over_the_hourly_limit_are_stored_and_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "MAX_LIMITED_MAILS_PER_HOUR", 0)
    request = addressed_to(1)
    assert (request.events.count(), not_sent(request)) == (2, 1)
    actions.withdraw(request)
    assert not_sent(request) == 2
    assert not OutgoingMessage.objects.filter(to=request.email).exists()
    # Not for requests that staff let in, nor for patients without email.
    assert len(queued("acknowledgement", addressed_to(2), by_staff=True)) == 1
    assert not_sent(a_request()) == 0
