"""Patients who get no mail about an offer or a cancellation are due for a call until they are informed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from consultations.desk.queue.tabs import TABS, Scope
from consultations.lifecycle import staff_actions, status_changes
from consultations.models import ConsultationRequest
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.desk.queue.queue_pages import cells, queue_page, references
from tests.consultations.desk.schedule.calendar_helpers import (
    a_coordinator,
    an_agreed_time,
    at,
    given,
    open_every_day,
)
from tests.consultations.messaging.message_helpers import with_email
from tests.factories import a_request, a_reviewer, version_of

pytestmark = pytest.mark.django_db

NOBODY_TOLD = "The patient does not know the offered time: call"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """A Monday, 11 am in Lahore."""
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture(autouse=True)
def practitioner(clock: Any, db: None) -> Practitioner:
    open_every_day()
    return a_reviewer()


def due(tab: str = "overdue") -> list[ConsultationRequest]:
    return list(TABS[tab].requests(Scope(a_coordinator(), timezone.now())))


def contact(desk: Desk, outcome: str) -> None:
    desk.opens()
    desk.presses("contact", outcome=outcome)
    assert not desk.problem


def words(desk: Desk) -> tuple[str, bool]:
    """Return the next step in the queue, and whether the request page says the patient was not told."""
    is_said = NOBODY_TOLD in desk.opens().one("main").text
    return cells(queue_page(desk.client, tab="proposed"))["Next"], is_said


def test_unannounced_offer_is_due_at_once(practitioner: Practitioner, clock: Any) -> None:
    desk = Desk(a_request(), a_coordinator())
    contact(desk, "spoke")
    clock.shift(timedelta(hours=1))
    desk = Desk(desk.request, desk.user)
    given(desk.request, practitioner, at(10, days=20))
    assert due() == due("today") == [desk.request]
    assert words(desk) == (f"Call back Mon 23 Nov, 12 pm {NOBODY_TOLD}", True)
    contact(desk, "spoke")
    assert due() == due("today") == []
    assert words(desk) == ("Waiting for the patient’s answer: Sun 13 Dec, 10 am", False)


def test_mailed_offer_is_not_due(practitioner: Practitioner, settings: Any) -> None:
    request = with_email()
    staff_actions.record_contact(request, "spoke", actor=a_coordinator(), version=version_of(request))
    given(request, practitioner, at(10))
    assert due("today") == []
    settings.MAIL_DELIVERY = "off"
    given(request, practitioner, at(11))
    assert due() == [request]


def test_unannounced_replacement_offer_is_due(practitioner: Practitioner) -> None:
    request = an_agreed_time(at(10, days=4)).request
    given(request, practitioner, at(10, days=20))
    assert due() == [request]
    desk = Desk(request, a_coordinator())
    assert words(desk)[1]
    desk.presses("status", to="confirmed")  # told and agreed on the phone
    assert due() == due("today") == []


def test_unannounced_offer_stays_due_until_contact(practitioner: Practitioner, clock: Any) -> None:
    desk = Desk(a_request(), a_coordinator())
    given(desk.request, practitioner, at(10, days=20))
    for outcome in ("no_answer", "wrong_number"):
        contact(desk, outcome)
        assert due() == []
        clock.shift(timedelta(days=1))
        desk = Desk(desk.request, desk.user)
        assert due() == [desk.request]
        assert references(queue_page(desk.client, tab="overdue")) == [desk.request.reference]


def test_unanswered_call_does_not_inform_patient_of_offer(practitioner: Practitioner) -> None:
    """An unanswered call is neither a first contact nor an announcement of the offered time."""
    desk = Desk(a_request(), a_coordinator())
    ConsultationRequest.objects.update(promised_by=timezone.now() + timedelta(hours=4))
    offered = given(desk.request, practitioner, at(10, days=20))
    assert words(desk)[1]
    for outcome in ("no_answer", "wrong_number"):
        contact(desk, outcome)
        next_step, is_said_on_page = words(desk)
        assert NOBODY_TOLD in next_step and is_said_on_page, outcome
        offered.refresh_from_db()
        assert (offered.patient_informed_at, desk.stored().first_contact_at) == (None, None)
    for number, outcome in enumerate(("spoke", "message_sent")):
        if number:
            desk.request = a_request()
            offered = given(desk.request, practitioner, at(12, days=20))
        contact(desk, outcome)
        assert NOBODY_TOLD not in desk.opens().one("main").text
        offered.refresh_from_db()
        assert offered.patient_informed_at == desk.stored().first_contact_at == timezone.now()


def test_unannounced_cancellation_is_due(practitioner: Practitioner) -> None:
    request = an_agreed_time(at(10)).request
    desk = Desk(request, a_coordinator())
    desk.opens()
    desk.presses("status", to="contacting")
    assert due() == due("today") == [request]
    contact(desk, "message_sent")
    assert due("today") == []


@pytest.mark.parametrize(
    ("agreed", "email", "to"),
    [
        (True, "ayesha@example.com", Status.CONTACTING),  # announced by mail
        (True, "", Status.DECLINED),  # closed
        (True, "", Status.WITHDRAWN),  # the patient did it
    ],
)
def test_announced_or_closed_is_not_due(
    practitioner: Practitioner, agreed: bool, email: str, to: Status
) -> None:
    request = an_agreed_time(at(10), email=email).request
    request.refresh_from_db()
    status_changes.change_status(request, to, actor=a_coordinator(), expected_status=Status.CONFIRMED)
    assert due("today") == []


def test_patient_asking_for_another_time_is_not_due(practitioner: Practitioner) -> None:
    appointment = an_agreed_time(at(10))
    actions.request_another_time(appointment.request, version_of(appointment.request), "")
    assert due("today") == []


@pytest.mark.parametrize("first", [True, False], ids=["agreed", "offered"])
def test_new_appointment_clears_call_back(practitioner: Practitioner, clock: Any, first: bool) -> None:
    request = with_email()
    given(request, practitioner, at(10), agreed=first)
    contact(Desk(request, a_coordinator()), "no_answer")
    given(request, practitioner, at(11, days=5), agreed=first)
    clock.shift(timedelta(days=1))
    assert due() == []
