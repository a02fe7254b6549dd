"""A flood of requests fills neither the mailbox of the staff nor that of a stranger."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.messaging import catalogue
from consultations.models import ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.messaging.message_helpers import queued, with_email
from tests.factories import a_request

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)
    monkeypatch.setattr(catalogue, "NOTICES_AN_HOUR", 3)


def test_after_many_notices_staff_are_told_once_that_no_more_come() -> None:
    request = with_email()
    subjects = [message.subject for _ in range(6) for message in queued(catalogue.new_request, request)]
    notice = f"New request {request.reference}"
    assert subjects == [notice, notice, "Very many messages: please look at the queue"]
    assert OutgoingMessage.objects.last().text.endswith(  # type: ignore[union-attr]
        "http://127.0.0.1:8000/staff/consultations/consultationrequest/\n"
    )


def test_what_patients_do_is_still_told_while_requests_flood_in() -> None:
    request = with_email()
    for _ in range(6):
        queued(catalogue.new_request, request)
    [message] = queued(catalogue.patient_wrote, request, "note")
    assert message.subject == f"{request.reference}: something from the patient"


def test_an_hour_later_notices_come_again() -> None:
    request = with_email()
    for _ in range(6):
        queued(catalogue.new_request, request)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert len(queued(catalogue.new_request, request)) == 1


@pytest.mark.parametrize("spelling", ["ayesha@example.com", "Ayesha@EXAMPLE.com", " ayesha@example.com"])
def test_one_address_gets_five_acknowledgements_a_day(spelling: str) -> None:
    request = with_email()
    for _ in range(5):
        assert len(queued(catalogue.received, request, "token")) == 1
    request.email = spelling
    assert queued(catalogue.received, request, "token") == []
    request.email = "somebody.else@example.com"
    assert len(queued(catalogue.received, request, "token")) == 1
    request.email = spelling
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert len(queued(catalogue.received, request, "token")) == 1


def test_sending_and_withdrawing_again_and_again_sends_no_more_mail_than_that() -> None:
    request = with_email(status=Status.WITHDRAWN)
    told = [message for _ in range(8) for message in queued(catalogue.status_changed, request, "new")]
    assert len(told) == 5


def addressed_to(number: int, **changes: Any) -> ConsultationRequest:
    return with_email(email=f"stranger{number}@example.com", **changes)


def untold(request: ConsultationRequest) -> int:
    return request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT).count()


@pytest.mark.parametrize(
    ("tell", "arguments"), [(catalogue.received, ("token",)), (catalogue.status_changed, ("new",))]
)
def test_strangers_without_number_get_few_mails_an_hour_and_staff_see_who_was_not_told(
    monkeypatch: pytest.MonkeyPatch, tell: Any, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(catalogue, "MAILS_AN_HOUR", 2)
    status = Status.NEW if tell == catalogue.received else Status.WITHDRAWN
    requests = [addressed_to(number, status=status) for number in range(4)]
    told = [len(queued(tell, request, *arguments)) for request in requests]
    assert told == [1, 1, 0, 0]
    assert [untold(request) for request in requests] == [0, 0, 1, 1]
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert len(queued(tell, requests[3], *arguments)) == 1


def test_beyond_them_a_request_is_stored_whole_and_withdrawn_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "MAILS_AN_HOUR", 0)
    request = addressed_to(1)
    assert (request.events.count(), untold(request)) == (2, 1)
    actions.withdraw(request)
    assert untold(request) == 2
    assert not OutgoingMessage.objects.filter(to=request.email).exists()


def test_who_is_let_in_by_staff_or_asked_for_no_mail_is_no_matter_of_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "MAILS_AN_HOUR", 0)
    assert len(queued(catalogue.let_in, addressed_to(1))) == 1
    assert untold(a_request()) == 0


def test_what_staff_send_is_never_held_back() -> None:
    request = with_email(status=Status.DECLINED)
    told = [message for _ in range(8) for message in queued(catalogue.status_changed, request, "new")]
    assert len(told) == 8


def test_what_was_rolled_back_counts_as_nothing() -> None:
    request = with_email()
    for _ in range(8):
        with pytest.raises(RuntimeError), transaction.atomic():
            catalogue.received(request, "token")
            raise RuntimeError
    assert len(queued(catalogue.received, request, "token")) == 1
