"""Whatever waits for the clinic is due at some moment: nobody who waits is forgotten."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from consultations.desk.queue.tabs import TABS, Scope
from consultations.lifecycle import staff_actions, status_changes
from consultations.models import ConsultationRequest
from consultations.models.consultation_requests import NEVER
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import Desk
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

NEXT_MORNING = datetime(2026, 11, 24, 4, tzinfo=UTC)
SAID = "Call back on Tuesday 24 November 2026, 9 am."


@pytest.fixture(autouse=True)
def clock(db: None) -> Iterator[Any]:
    """A Monday, 11 am in Lahore."""
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        open_every_day()
        a_reviewer()
        yield travelled


def due_at(request: ConsultationRequest) -> datetime:
    found = ConsultationRequest.objects.with_due_at(timezone.now()).get(pk=request.pk).due_at
    assert isinstance(found, datetime)
    return found


def overdue() -> list[ConsultationRequest]:
    return list(TABS["overdue"].requests(Scope(a_coordinator(), timezone.now())))


def contacted() -> ConsultationRequest:
    """One with an email address, that was spoken to."""
    request = with_email()
    staff_actions.record_contact(request, "spoke", actor=a_coordinator(), version=version_of(request))
    request.refresh_from_db()
    return request


def closed_as(to: Status) -> Callable[[], ConsultationRequest]:
    def made() -> ConsultationRequest:
        request = contacted()
        status_changes.change_status(request, to, actor=a_coordinator(), expected_status=Status.CONTACTING)
        return request

    return made


def with_time(*, agreed: bool) -> Callable[[], ConsultationRequest]:
    def made() -> ConsultationRequest:
        request = contacted()
        given(request, a_reviewer(), at(10), agreed=agreed)
        return request

    return made


def did_not_attend() -> ConsultationRequest:
    request = an_agreed_time(at(10, days=-1), email="ayesha@example.com").request
    by: dict[str, Any] = {"actor": a_coordinator(), "expected_status": Status.CONFIRMED}
    status_changes.change_status(request, Status.DID_NOT_ATTEND, **by)
    return request


@pytest.mark.parametrize("outcome", ["spoke", "message_sent"])
def test_who_was_reached_without_a_time_to_call_is_called_the_next_morning(outcome: str) -> None:
    desk = Desk(a_request(), a_coordinator())
    desk.opens()
    for _press in range(2):  # the same press twice is one
        page = desk.presses("contact", outcome=outcome)
        assert SAID in page.by_class("messagelist")[0].text
    assert desk.kinds().count("contacted") == 1
    assert desk.stored().call_back_at == due_at(desk.request) == NEXT_MORNING
    assert "Call back on Tuesday 24 November 2026, 9 am" in desk.timeline()


def test_who_has_a_time_is_not_called_for_having_been_spoken_to() -> None:
    desk = Desk(with_time(agreed=False)(), a_coordinator())
    desk.opens()
    desk.presses("contact", outcome="spoke")
    assert desk.stored().call_back_at is None


@pytest.mark.parametrize(
    "stands",
    [
        *(closed_as(to) for to in (Status.DECLINED, Status.WITHDRAWN, Status.UNREACHABLE)),
        with_time(agreed=True),
        with_time(agreed=False),
        did_not_attend,
    ],
    ids=["declined", "withdrawn", "unreachable", "the time is off", "the time does not suit", "missed"],
)
def test_who_is_contacted_again_is_called_the_next_morning(
    stands: Callable[[], ConsultationRequest],
) -> None:
    desk = Desk(stands(), a_coordinator())
    desk.opens()
    page = desk.presses("status", to="contacting")
    assert not desk.problem
    assert f"{desk.request.reference}: Contacting. {SAID}" in page.by_class("messagelist")[0].text
    assert desk.stored().call_back_at == due_at(desk.request) == NEXT_MORNING


def test_who_is_called_at_once_is_not_said_to_be_called_later() -> None:
    desk = Desk(an_agreed_time(at(10)).request, a_coordinator())  # no email: nobody tells that it is off
    desk.opens()
    page = desk.presses("status", to="contacting")
    assert desk.stored().call_back_at == timezone.now()
    assert "Call back on" not in page.by_class("messagelist")[0].text


@pytest.mark.parametrize("agreed", [True, False])
def test_who_asks_for_another_time_is_called_also_once_that_was_read(agreed: bool, clock: Any) -> None:
    request = with_time(agreed=agreed)()
    actions.request_another_time(request, version_of(request), "Not on Fridays.")
    staff_actions.acknowledge(request, actor=a_coordinator(), version=version_of(request))
    assert due_at(request) == NEXT_MORNING
    clock.shift(timedelta(days=1))
    assert overdue() == [request]


def test_what_no_writer_gave_a_moment_is_due_a_day_later(clock: Any) -> None:
    """Rows of before; and a clinic that promises nothing."""
    rows = [a_request(status=status) for status in (Status.NEW, Status.CONTACTING)]
    spoken_to = a_request(status=Status.CONTACTING)
    ConsultationRequest.objects.update(promised_by=None, status_changed_at=timezone.now())
    ConsultationRequest.objects.filter(pk=spoken_to.pk).update(
        promised_by=timezone.now(), first_contact_at=timezone.now()
    )
    assert {due_at(request) for request in (*rows, spoken_to)} == {timezone.now() + timedelta(days=1)}
    assert overdue() == []
    clock.shift(timedelta(days=1))
    assert overdue() == [*rows, spoken_to]


def test_what_does_not_wait_for_the_clinic_is_due_at_no_moment() -> None:
    assert due_at(with_time(agreed=True)()) == due_at(closed_as(Status.DECLINED)()) == NEVER
