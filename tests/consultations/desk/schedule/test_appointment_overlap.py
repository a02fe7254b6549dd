"""Concurrent offers never overlap: real threads, on a real database file or server."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from consultations.lifecycle.errors import SomeoneElseChangedError, TimeTakenError
from consultations.models import Appointment, ConsultationRequest, Event, TakenSlot
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.desk.schedule.calendar_helpers import at, given
from tests.factories import a_coordinator, a_request, a_reviewer, change_status

pytestmark = pytest.mark.django_db

THREADS = 8
concurrent = pytest.mark.django_db(transaction=True)


def all_at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    assert not connection.is_in_memory_db() if connection.vendor == "sqlite" else True
    a_coordinator()
    return in_threads(*(partial(work, number) for number in range(threads)))


def stored(results: list[Any]) -> list[Appointment]:
    return [result for result in results if isinstance(result, Appointment)]


@pytest.mark.slow
@concurrent
def test_concurrent_overlapping_offers_store_one() -> None:
    practitioner, requests = a_reviewer(), [a_request() for _number in range(THREADS)]
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


@pytest.mark.slow
@concurrent
def test_adjacent_times_and_other_practitioners_do_not_overlap() -> None:
    practitioners = [a_reviewer(name=f"Dr. {number}") for number in range(2)]
    requests = [a_request() for _number in range(THREADS)]
    results = all_at_once(
        lambda number: given(
            requests[number], practitioners[number % 2], at(10) + timedelta(minutes=30) * (number // 2)
        )
    )
    assert len(stored(results)) == THREADS, results


@pytest.mark.slow
@concurrent
def test_concurrent_offers_leave_request_with_one_appointment() -> None:
    practitioner, request = a_reviewer(), a_request()
    version = request.version
    # Each offer arrives twice.
    results = all_at_once(
        lambda number: given(
            ConsultationRequest.objects.get(pk=request.pk),
            practitioner,
            at(10 + number // 2),
            agreed=number > THREADS / 2,
            version=version,
        )
    )
    appointment = Appointment.objects.get()
    assert set(stored(results)) == {appointment}
    assert len(stored(results)) <= 2
    others = {type(other) for other in results if not isinstance(other, Appointment)}
    assert others == {SomeoneElseChangedError}
    assert TakenSlot.objects.count() == 6


@pytest.mark.slow
@concurrent
def test_concurrent_swap_does_not_deadlock() -> None:
    practitioner, requests = a_reviewer(), [a_request() for _number in range(4)]
    for number, request in enumerate(requests):
        given(request, practitioner, at(10 + number))
    for step in (1, 2, 3):
        results = all_at_once(
            lambda number, step=step: given(requests[number], practitioner, at(10 + (number + step) % 4)),
            threads=4,
        )
        refused = [result for result in results if not isinstance(result, Appointment)]
        assert {type(result) for result in refused} <= {TimeTakenError}, results
        # Refused requests keep their appointment.
        assert all(request.appointments.live().count() == 1 for request in requests)
        assert TakenSlot.objects.count() == 4 * 6


def test_taken_time_keeps_previous_appointment_until_it_is_free() -> None:
    practitioner, request, other = a_reviewer(), a_request(), a_request()
    given(request, practitioner, at(10), agreed=True)
    kept = given(other, practitioner, at(12))
    with pytest.raises(TimeTakenError):
        given(other, practitioner, at(10, 25))
    kept.refresh_from_db()
    assert (kept.state, kept.taken.count()) == (Appointment.State.OFFERED, 6)
    change_status(request, Status.CONTACTING)
    assert given(other, practitioner, at(10, 25)).starts_at == at(10, 25)


def test_database_refuses_taken_slot() -> None:
    practitioner = a_reviewer()
    first = given(a_request(), practitioner, at(10))
    second = given(a_request(), practitioner, at(12))
    slot = next(first.slots())
    with pytest.raises(IntegrityError), transaction.atomic():
        TakenSlot.objects.create(practitioner=practitioner, at=slot, appointment=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        TakenSlot.objects.filter(appointment=second, at=next(second.slots())).update(at=slot)
