"""Appointments of a request on each path through the workflow: none is deleted, each has its outcome."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle import errors, status_changes
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, at, given
from tests.consultations.messaging.message_helpers import with_email
from tests.factories import a_request, a_reviewer

pytestmark = pytest.mark.django_db

State = Appointment.State


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    return a_reviewer()


def moves(request: ConsultationRequest, *statuses: Status) -> None:
    for status in statuses:
        status_changes.change_status(request, status, actor=a_coordinator(), expected_status=request.status)


def history(request: ConsultationRequest) -> list[tuple[str, bool]]:
    """Return the state of each appointment, oldest first, and whether it has slots."""
    return [(found.state, found.taken.exists()) for found in request.appointments.order_by("made_at", "pk")]


def kinds(request: ConsultationRequest) -> list[str]:
    times = [kind.value for kind in Event.Kind if kind.value.startswith("time_")]
    return list(request.events.filter(kind__in=times).values_list("kind", flat=True))


def test_agreeing_to_offer_keeps_appointment(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    request.refresh_from_db()
    moves(request, Status.CONFIRMED)
    assert history(request) == [(State.AGREED, True)]
    assert kinds(request) == ["time_offered", "time_agreed"]


@pytest.mark.parametrize(
    ("step", "state"), [(Status.COMPLETED, State.ATTENDED), (Status.DID_NOT_ATTEND, State.MISSED)]
)
def test_attendance_is_recorded_only_after_start(
    practitioner: Practitioner, clock: Any, step: Status, state: Appointment.State
) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins - timedelta(seconds=1))
    with pytest.raises(NotAllowedError):
        moves(request, step)
    assert history(request) == [(State.AGREED, True)]
    clock.move_to(begins)
    moves(request, step)
    assert history(request) == [(state, True)]


def test_attendance_can_be_undone(practitioner: Practitioner, clock: Any) -> None:
    appointment = given(request := a_request(), practitioner, at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(appointment.starts_at)
    moves(request, Status.COMPLETED, Status.CONFIRMED)
    assert history(request) == [(State.AGREED, True)]
    moves(request, Status.DID_NOT_ATTEND, Status.COMPLETED)
    assert history(request) == [(State.ATTENDED, True)]
    moves(request, Status.CONFIRMED, Status.DID_NOT_ATTEND)
    assert history(request) == [(State.MISSED, True)]
    # None of this mailed the patient or changed the calendar entry.
    assert kinds(request) == ["time_agreed"]
    appointment.refresh_from_db()
    assert appointment.sequence == 0


def test_missed_appointment_stays_when_another_is_agreed(practitioner: Practitioner, clock: Any) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins)
    moves(request, Status.DID_NOT_ATTEND)
    given(request, practitioner, at(10, days=9))
    request.refresh_from_db()
    moves(request, Status.CONFIRMED)
    assert history(request) == [(State.MISSED, True), (State.AGREED, True)]
    moves(request, Status.CONTACTING, Status.UNREACHABLE)
    assert history(request) == [(State.MISSED, True), (State.CANCELED, False)]


def test_appointment_can_be_agreed_by_phone_after_missed_one(practitioner: Practitioner, clock: Any) -> None:
    given(request := with_email(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins)
    moves(request, Status.DID_NOT_ATTEND)
    given(request, practitioner, at(10, days=9), agreed=True)
    assert history(request) == [(State.MISSED, True), (State.AGREED, True)]
    assert kinds(request) == ["time_agreed", "time_agreed"]


def test_rescheduling_keeps_canceled_appointments(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    given(request, practitioner, at(11))
    given(request, practitioner, at(12), agreed=True)
    given(request, practitioner, at(13), agreed=True)
    assert [state for state, _taken in history(request)] == [State.CANCELED] * 3 + [State.AGREED]
    assert [taken for _state, taken in history(request)] == [False] * 3 + [True]
    sequences = list(request.appointments.order_by("pk").values_list("sequence", flat=True))
    assert sequences == sorted(set(sequences))
    assert kinds(request).count("time_canceled") == 3


@pytest.mark.parametrize(
    "step", [Status.CONTACTING, Status.DECLINED, Status.WITHDRAWN], ids=lambda step: str(step)
)
def test_canceled_appointment_frees_slots_and_stays_in_history(
    practitioner: Practitioner, step: Status
) -> None:
    given(request := a_request(), practitioner, at(10), agreed=True)
    request.refresh_from_db()
    moves(request, step)
    assert history(request) == [(State.CANCELED, False)]
    assert kinds(request) == ["time_agreed", "time_canceled"]


def test_new_appointment_may_overlap_the_one_it_replaces(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10), agreed=True)
    given(request, practitioner, at(10, 15), agreed=True)
    assert history(request) == [(State.CANCELED, False), (State.AGREED, True)]


def test_past_appointment_sends_no_mail(practitioner: Practitioner, clock: Any) -> None:
    given(request := with_email(), practitioner, at(10))
    other = with_email(email="other@example.com")
    given(other, practitioner, at(12), agreed=True)
    OutgoingMessage.objects.all().delete()
    clock.shift(timedelta(days=5))
    for found, step in ((request, Status.CONFIRMED), (other, Status.CONTACTING)):
        found.refresh_from_db()
        moves(found, step)
    assert not OutgoingMessage.objects.filter(kind__startswith="appointment_").exists()


def test_unannounced_offer_is_no_first_contact(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    request.refresh_from_db()
    assert request.first_contact_at is None
    moves(request, Status.CONFIRMED)
    request.refresh_from_db()
    assert request.first_contact_at is not None


def test_offer_is_no_first_contact_while_mail_is_off(practitioner: Practitioner, settings: Any) -> None:
    settings.MAIL_DELIVERY = "off"
    given(request := with_email(), practitioner, at(10))
    request.refresh_from_db()
    assert request.first_contact_at is None


def test_first_contact_is_set_once(practitioner: Practitioner, clock: Any) -> None:
    given(request := with_email(), practitioner, at(10))
    request.refresh_from_db()
    first = request.first_contact_at
    clock.shift(timedelta(hours=1))
    given(request, practitioner, at(11))
    request.refresh_from_db()
    assert first is not None and request.first_contact_at == first


def patient_withdraws(request: ConsultationRequest) -> None:
    actions.withdraw(request)
    request.refresh_from_db()


def staff_note_a_withdrawal(request: ConsultationRequest) -> None:
    moves(request, Status.WITHDRAWN)


@pytest.mark.parametrize("withdraws", [patient_withdraws, staff_note_a_withdrawal])
def test_withdrawal_after_visit_keeps_appointment(
    practitioner: Practitioner, clock: Any, withdraws: Any
) -> None:
    given(request := with_email(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins + timedelta(hours=2))
    withdraws(request)
    assert request.status == Status.WITHDRAWN
    assert history(request) == [(State.AGREED, True)]
    assert kinds(request) == ["time_agreed"]
    with pytest.raises(NotAllowedError):
        moves(request, Status.CONTACTING)
    request.refresh_from_db()
    moves(request, Status.COMPLETED)
    assert history(request) == [(State.ATTENDED, True)]
    assert not OutgoingMessage.objects.filter(kind="appointment_canceled").exists()


def mails_to_the_patient() -> list[tuple[str, str]]:
    return [(mail.kind, mail.state) for mail in OutgoingMessage.objects.exclude(kind="patient_activity")]


@pytest.mark.parametrize("mark", [Status.COMPLETED, Status.DID_NOT_ATTEND])
def test_attendance_after_withdrawal_leads_back_to_withdrawn(
    practitioner: Practitioner, clock: Any, mark: Status
) -> None:
    given(request := with_email(), practitioner, begins := at(10), agreed=True)
    OutgoingMessage.objects.all().delete()
    clock.move_to(begins + timedelta(hours=2))
    patient_withdraws(request)
    told = [("withdrawn", OutgoingMessage.State.WAITING)]
    assert mails_to_the_patient() == told
    moves(request, *dict.fromkeys((mark, Status.COMPLETED)))
    assert mails_to_the_patient() == told
    with pytest.raises(NotAllowedError):
        moves(request, Status.CONFIRMED)
    with pytest.raises(NotAllowedError):
        actions.withdraw(request)
    moves(request, Status.WITHDRAWN)
    assert mails_to_the_patient() == told
    assert history(request) == [(State.AGREED, True)]
    moves(request, mark)
    assert history(request)[0][0] != State.AGREED


def test_attendance_without_withdrawal_does_not_lead_to_withdrawn(
    practitioner: Practitioner, clock: Any
) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins)
    moves(request, Status.WITHDRAWN, Status.DID_NOT_ATTEND, Status.CONTACTING)
    given(request, practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins)
    moves(request, Status.COMPLETED)
    with pytest.raises(NotAllowedError):
        moves(request, Status.WITHDRAWN)
    moves(request, Status.CONFIRMED)


def test_withdrawn_request_without_visit_takes_no_attendance(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10), agreed=True)
    request.refresh_from_db()
    moves(request, Status.WITHDRAWN)
    for step in (Status.COMPLETED, Status.DID_NOT_ATTEND):
        with pytest.raises(NotAllowedError):
            moves(request, step)


def test_visit_without_attendance_cannot_be_declined_or_replaced(
    practitioner: Practitioner, clock: Any
) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins + timedelta(minutes=10))
    with pytest.raises(NotAllowedError):
        moves(request, Status.DECLINED)
    for agreed in (True, False):
        with pytest.raises(NotAllowedError):
            given(request, practitioner, at(12), agreed=agreed)
    assert history(request) == [(State.AGREED, True)]


def test_started_appointment_can_be_called_off(practitioner: Practitioner, clock: Any) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    request.refresh_from_db()
    clock.move_to(begins + timedelta(minutes=10))
    moves(request, Status.CONTACTING)
    assert history(request) == [(State.CANCELED, False)]


def test_walk_in_is_recorded_without_mail(practitioner: Practitioner) -> None:
    given(request := with_email(), practitioner, at(10, days=-6), agreed=True)
    request.refresh_from_db()
    moves(request, Status.COMPLETED)
    assert history(request) == [(State.ATTENDED, True)]
    assert not OutgoingMessage.objects.filter(kind__startswith="appointment_").exists()


def test_recording_earlier_visit_cancels_later_appointment(practitioner: Practitioner) -> None:
    given(request := with_email(), practitioner, at(10), agreed=True)
    OutgoingMessage.objects.all().delete()
    given(request, practitioner, at(9, days=0), agreed=True)
    assert [message.kind for message in OutgoingMessage.objects.filter(kind__startswith="appointment_")] == [
        "appointment_canceled"
    ]


@pytest.mark.parametrize(("days", "agreed"), [(-1, False), (-8, True)], ids=["offered", "long ago"])
def test_other_past_times_are_refused(practitioner: Practitioner, days: int, agreed: bool) -> None:
    with pytest.raises(NotAllowedError):
        given(a_request(), practitioner, at(10, days=days), agreed=agreed)


@pytest.mark.parametrize(("minute", "days"), [(0, -1), (0, 400), (3, 3)], ids=["past", "too far", "odd"])
def test_impossible_time_is_refused(practitioner: Practitioner, minute: int, days: int) -> None:
    with pytest.raises(NotAllowedError):
        given(a_request(), practitioner, at(10, minute, days=days))


def test_erased_request_gets_no_appointment(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    erased = {"patient_name": "", "requester_name": "", "phone": "", "patient_age": None}
    ConsultationRequest.objects.filter(pk=request.pk).update(erased_at=at(1), **erased)
    with pytest.raises(errors.SomeoneElseChangedError):
        given(request, practitioner, at(12))
    assert history(request) == [(State.OFFERED, True)]
