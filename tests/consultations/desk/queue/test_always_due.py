"""Every request that waits for the clinic has a deadline, so that none is forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest
from consultations.models.consultation_requests import NEVER
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, due, given, open_every_day
from tests.consultations.messaging.message_helpers import with_email
from tests.factories import a_coordinator, a_request, a_reviewer, change_status, version_of

pytestmark = pytest.mark.django_db

NEXT_MORNING = datetime(2026, 11, 24, 4, tzinfo=UTC)
CALL_BACK = "Call back on Tue 24 Nov 2026, 9 am."


@pytest.fixture(autouse=True)
def open_clinic(clock: Any, db: None) -> None:
    open_every_day()
    a_reviewer()


def due_at(request: ConsultationRequest) -> datetime:
    found = ConsultationRequest.objects.with_due_at(timezone.now()).get(pk=request.pk).due_at
    assert isinstance(found, datetime)
    return found


def contacted() -> ConsultationRequest:
    """A request with an email address, whose patient was spoken to."""
    request = with_email()
    staff_actions.record_contact(request, "spoke", actor=a_coordinator(), version=version_of(request))
    request.refresh_from_db()
    return request


def closed_as(to: Status) -> ConsultationRequest:
    request = contacted()
    change_status(request, to)
    return request


def with_time(*, agreed: bool, hour: int = 10) -> ConsultationRequest:
    request = contacted()
    given(request, a_reviewer(), at(hour), agreed=agreed)
    return request


def did_not_attend() -> ConsultationRequest:
    request = an_agreed_time(at(10, days=-1), email="ayesha@example.com").request
    change_status(request, Status.DID_NOT_ATTEND)
    return request


def test_reached_patient_is_called_back_the_next_morning() -> None:
    for outcome in ("spoke", "message_sent"):
        desk = Desk(a_request(), a_coordinator())
        desk.opens()
        for _press in range(2):  # the same press twice counts once
            page = desk.presses("contact", outcome=outcome)
            assert CALL_BACK in page.by_class("messagelist")[0].text
        assert desk.kinds().count("contacted") == 1
        assert desk.stored().call_back_at == due_at(desk.request) == NEXT_MORNING
        assert CALL_BACK.removesuffix(".") in desk.timeline()


def test_reached_patient_with_an_offer_needs_no_callback() -> None:
    desk = Desk(with_time(agreed=False), a_coordinator())
    desk.opens()
    desk.presses("contact", outcome="spoke")
    assert desk.stored().call_back_at is None


def test_reopened_request_is_called_back_the_next_morning() -> None:
    cases: dict[str, Callable[[], ConsultationRequest]] = {
        "declined": lambda: closed_as(Status.DECLINED),
        "withdrawn": lambda: closed_as(Status.WITHDRAWN),
        "unreachable": lambda: closed_as(Status.UNREACHABLE),
        "appointment canceled": lambda: with_time(agreed=True),
        "time not suitable": lambda: with_time(agreed=False),
        "missed": did_not_attend,
    }
    for case, make in cases.items():
        desk = Desk(make(), a_coordinator())
        desk.opens()
        page = desk.presses("status", to="contacting")
        message = page.by_class("messagelist")[0].text
        assert f"{desk.request.reference}: Contacting. {CALL_BACK}" in message, case
        assert desk.stored().call_back_at == due_at(desk.request) == NEXT_MORNING, case


def test_unannounced_cancellation_is_called_about_at_once() -> None:
    desk = Desk(an_agreed_time(at(10)).request, a_coordinator())  # no email
    desk.opens()
    page = desk.presses("status", to="contacting")
    assert desk.stored().call_back_at == timezone.now()
    assert "Call back on" not in page.by_class("messagelist")[0].text


def test_patient_who_asks_for_another_time_is_due_after_the_message_was_read(clock: Any) -> None:
    requests = [with_time(agreed=True, hour=10), with_time(agreed=False, hour=11)]
    for request in requests:
        actions.request_another_time(request, version_of(request), "Not on Fridays.")
        staff_actions.acknowledge(request, actor=a_coordinator(), version=version_of(request))
    # The agreed time is kept, so its patient may not know yet that the clinic looks for another.
    assert [due_at(request) for request in requests] == [timezone.now(), NEXT_MORNING]
    clock.shift(timedelta(days=1))
    assert due() == requests


def test_waiting_request_without_a_deadline_is_due_after_a_day(clock: Any) -> None:
    """A clinic that promises nothing, or rows of another program."""
    requests = [a_request(status=status) for status in (Status.NEW, Status.CONTACTING)]
    spoken_to = a_request(status=Status.CONTACTING)
    ConsultationRequest.objects.update(promised_by=None, status_changed_at=timezone.now())
    ConsultationRequest.objects.filter(pk=spoken_to.pk).update(
        promised_by=timezone.now(), first_contact_at=timezone.now()
    )
    assert {due_at(request) for request in (*requests, spoken_to)} == {timezone.now() + timedelta(days=1)}
    assert due() == []
    clock.shift(timedelta(days=1))
    assert due() == [*requests, spoken_to]
    assert due_at(with_time(agreed=True)) == due_at(closed_as(Status.DECLINED)) == NEVER
