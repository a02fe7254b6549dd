"""Concurrent offers never overlap: real threads, on a real database file or server."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from consultations.appointments import offers as appointments_offers
from consultations.lifecycle import errors, status_changes
from consultations.lifecycle.errors import TimeTakenError
from consultations.models import Appointment, ConsultationRequest, Event, TakenSlot
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, at, given
from tests.factories import a_request, a_reviewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 8


@pytest.fixture(autouse=True)
def real_database() -> None:
    assert not connection.is_in_memory_db() if connection.vendor == "sqlite" else True


def all_at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    return in_threads(*(partial(work, number) for number in range(threads)))


def stored(results: list[Any]) -> list[Appointment]:
    return [result for result in results if isinstance(result, Appointment)]


def test_concurrent_overlapping_offers_store_one() -> None:
    practitioner, requests = a_reviewer(), [a_request() for _number in range(THREADS)]
    a_coordinator()
    # All include the five minutes from 10:35.
    results = all_at_once(
        lambda number: given(
            requests[number], practitioner, at(10, 5 * number), minutes=75 - 5 * number + 5 * (number % 3)
        )
    )
    (appointment,) = stored(results)
    assert [type(result) for result in results if result != appointment] == [TimeTakenError] * (THREADS - 1)
    assert Appointment.objects.get() == appointment
    assert list(TakenSlot.objects.order_by("at").values_list("at", flat=True)) == list(appointment.slots())
    statuses = list(ConsultationRequest.objects.values_list("status", flat=True))
    assert sorted(statuses) == sorted([Status.PROPOSED] + [Status.NEW] * (THREADS - 1))
    assert Event.objects.filter(kind=Event.Kind.TIME_OFFERED).count() == 1


def test_adjacent_appointments_do_not_overlap() -> None:
    practitioner, requests = a_reviewer(), [a_request() for _number in range(THREADS)]
    a_coordinator()
    results = all_at_once(
        lambda number: given(requests[number], practitioner, at(10) + timedelta(minutes=30) * number)
    )
    assert len(stored(results)) == THREADS, results


def test_calendars_of_practitioners_are_independent() -> None:
    practitioners = [a_reviewer(name=f"Dr. {number}") for number in range(THREADS)]
    requests = [a_request() for _number in range(THREADS)]
    a_coordinator()
    results = all_at_once(lambda number: given(requests[number], practitioners[number], at(10)))
    assert len(stored(results)) == THREADS, results


def test_concurrent_offers_leave_request_with_one_appointment() -> None:
    practitioner, request = a_reviewer(), a_request()
    actor = a_coordinator()

    def offers(number: int) -> Appointment:
        return appointments_offers.offer_time(
            request,
            practitioner,
            at(10) + timedelta(hours=1) * (number % 4),
            timedelta(minutes=30),
            agreed=bool(number % 2),
            actor=actor,
            expected_status=Status.NEW,
            expected_appointment=None,
        )

    results = all_at_once(offers)
    (appointment,) = stored(results)
    others = [result for result in results if result != appointment]
    assert {type(other) for other in others} == {errors.SomeoneElseChangedError}
    assert Appointment.objects.get() == appointment
    assert TakenSlot.objects.count() == 6


@pytest.mark.parametrize("_round", range(3))
def test_concurrent_swap_does_not_deadlock(_round: int) -> None:
    practitioner, requests = a_reviewer(), [a_request() for _number in range(4)]
    before = [given(request, practitioner, at(10 + number)) for number, request in enumerate(requests)]
    results = all_at_once(
        lambda number: given(
            requests[number],
            practitioner,
            at(10 + (number + 1) % 4),
            expected_appointment=before[number].pk,
            expected_status=Status.PROPOSED,
        ),
        threads=4,
    )
    refused = [result for result in results if not isinstance(result, Appointment)]
    assert {type(result) for result in refused} <= {TimeTakenError}, results
    # Refused requests keep their appointment.
    assert all(request.appointments.live().count() == 1 for request in requests)
    assert TakenSlot.objects.count() == 4 * 6


def test_canceled_time_can_be_booked_again() -> None:
    practitioner, request, other = a_reviewer(), a_request(), a_request()
    given(request, practitioner, at(10), agreed=True)
    with pytest.raises(TimeTakenError):
        given(other, practitioner, at(10, 25))
    status_changes.change_status(
        request, Status.CONTACTING, actor=a_coordinator(), expected_status=Status.CONFIRMED
    )
    assert given(other, practitioner, at(10, 25)).starts_at == at(10, 25)


def test_refused_time_keeps_previous_appointment() -> None:
    practitioner, request, other = a_reviewer(), a_request(), a_request()
    kept = given(request, practitioner, at(10), agreed=True)
    given(other, practitioner, at(12))
    with pytest.raises(TimeTakenError):
        given(request, practitioner, at(12), agreed=True)
    kept.refresh_from_db()
    assert kept.state == Appointment.State.AGREED
    assert kept.taken.count() == 6


def test_database_refuses_taken_slot() -> None:
    practitioner = a_reviewer()
    first = given(a_request(), practitioner, at(10))
    second = given(a_request(), practitioner, at(12))
    slot = next(first.slots())
    with pytest.raises(IntegrityError), transaction.atomic():
        TakenSlot.objects.create(practitioner=practitioner, at=slot, appointment=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        TakenSlot.objects.filter(appointment=second, at=next(second.slots())).update(at=slot)
