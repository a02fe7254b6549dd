"""Patients who get no mail about an offer or a cancellation are due for a call until they are informed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.desk.queue.queue_pages import cells, queue_page, references
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, due, given, open_every_day
from tests.consultations.messaging.message_helpers import with_email
from tests.factories import a_coordinator, a_request, change_status, version_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("opening_hours")]

NOBODY_TOLD = "Not told about the offered time yet: call"


@pytest.fixture
def opening_hours(practitioner: Practitioner) -> None:
    open_every_day()


def contact(desk: Desk, outcome: str) -> None:
    desk.opens()
    desk.presses("contact", outcome=outcome)
    assert not desk.problem


def record_contact(request: ConsultationRequest, outcome: str) -> None:
    request.refresh_from_db()
    staff_actions.record_contact(request, outcome, actor=a_coordinator(), version=version_of(request))


def words(desk: Desk) -> tuple[str, bool]:
    """Return the next step in the queue, and whether the request page says the patient was not told."""
    is_said = NOBODY_TOLD in desk.opens().one("main").text
    return cells(queue_page(desk.client, tab="proposed"))["Next"], is_said


def test_unannounced_offer_is_due_at_once_until_patient_is_told(
    practitioner: Practitioner, clock: Any
) -> None:
    desk = Desk(a_request(), a_coordinator())
    record_contact(desk.request, "spoke")
    given(desk.request, practitioner, at(10, days=20))
    assert due() == due("today") == [desk.request]
    assert words(desk) == (f"Call back Mon 23 Nov, 11 am {NOBODY_TOLD}", True)
    contact(desk, "spoke")
    assert due() == due("today") == []
    assert words(desk) == ("Waiting for an answer: Sun 13 Dec, 10 am", False)


def test_unanswered_call_does_not_inform_patient_of_offer(practitioner: Practitioner, clock: Any) -> None:
    """An unanswered call is neither a first contact nor an announcement of the offered time."""
    desk = Desk(a_request(), a_coordinator())
    offered = given(desk.request, practitioner, at(10, days=20))
    for outcome in ("no_answer", "wrong_number"):
        contact(desk, outcome)
        assert due() == []
        next_step, is_said_on_page = words(desk)
        assert NOBODY_TOLD in next_step and is_said_on_page, outcome
        offered.refresh_from_db()
        assert (offered.patient_informed_at, desk.stored().first_contact_at) == (None, None)
        clock.shift(timedelta(days=1))
        desk.client.force_login(desk.user)
        assert due() == [desk.request]
        assert references(queue_page(desk.client, tab="overdue")) == [desk.request.reference]
    for outcome in ("spoke", "message_sent"):
        offered = given(request := a_request(), practitioner, at(12, days=20 + len(outcome)))
        record_contact(request, outcome)
        offered.refresh_from_db()
        request.refresh_from_db()
        assert offered.patient_informed_at == request.first_contact_at == timezone.now()


def test_mailed_offer_is_not_due(practitioner: Practitioner, settings: Any) -> None:
    request = with_email()
    record_contact(request, "spoke")
    given(request, practitioner, at(10))
    assert due("today") == []
    settings.MAIL_DELIVERY = "off"
    given(request, practitioner, at(11))
    assert due() == [request]


def test_unannounced_replacement_offer_is_due(practitioner: Practitioner) -> None:
    request = an_agreed_time(at(10, days=4)).request
    given(request, practitioner, at(10, days=20))
    assert due() == [request]
    record_contact(request, "spoke")
    assert due() == due("today") == []


def test_unannounced_cancellation_is_due() -> None:
    request = an_agreed_time(at(10)).request
    change_status(request, Status.CONTACTING)
    assert due() == due("today") == [request]
    record_contact(request, "message_sent")
    assert due("today") == []


def test_announced_or_closed_is_not_due() -> None:
    for email, to in (
        ("ayesha@example.com", Status.CONTACTING),  # announced by mail
        ("", Status.DECLINED),  # closed
        ("", Status.WITHDRAWN),  # the patient did it
    ):
        change_status(an_agreed_time(at(10), email=email).request, to)
        assert due("today") == [], to
    appointment = an_agreed_time(at(11))
    actions.request_another_time(appointment.request, version_of(appointment.request), "")
    assert due("today") == [appointment.request]  # staff are to offer one


def test_new_appointment_clears_call_back(practitioner: Practitioner, clock: Any) -> None:
    for number, agreed in enumerate((True, False)):
        given(
            request := with_email(email=f"{number}@example.com"), practitioner, at(10 + number), agreed=agreed
        )
        record_contact(request, "no_answer")
        given(request, practitioner, at(13 + number, days=5), agreed=agreed)
    clock.shift(timedelta(days=1))
    assert due() == []
