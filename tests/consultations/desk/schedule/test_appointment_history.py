"""Appointments of a request on each path through the workflow: none is deleted, each has its outcome."""

from datetime import timedelta
from typing import Any

import pytest

from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import at, given
from tests.consultations.messaging.message_helpers import with_email
from tests.factories import a_request, change_status

pytestmark = pytest.mark.django_db

State = Appointment.State


def history(request: ConsultationRequest) -> list[tuple[str, bool]]:
    """Return the state of each appointment, oldest first, and whether it has slots."""
    return [(found.state, found.taken.exists()) for found in request.appointments.order_by("made_at", "pk")]


def kinds(request: ConsultationRequest) -> list[str]:
    return list(request.events.filter(kind__startswith="time_").values_list("kind", flat=True))


def mails() -> list[str]:
    """The kinds of the mails to the patient."""
    found = OutgoingMessage.objects.exclude(kind__in=["patient_activity", "acknowledgement"])
    return list(found.order_by("pk").values_list("kind", flat=True))


def test_agreeing_to_offer_keeps_appointment_and_is_first_contact(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    assert request.first_contact_at is None  # no mail told the patient
    change_status(request, Status.CONFIRMED)
    assert history(request) == [(State.AGREED, True)]
    assert kinds(request) == ["time_offered", "time_agreed"]
    assert request.first_contact_at is not None


def test_mailed_offer_is_first_contact_once(practitioner: Practitioner, clock: Any, settings: Any) -> None:
    given(request := with_email(), practitioner, at(10))
    first = request.first_contact_at
    clock.shift(timedelta(hours=1))
    given(request, practitioner, at(11))
    assert first is not None and request.first_contact_at == first
    settings.MAIL_DELIVERY = "off"
    given(request := with_email(email="other@example.com"), practitioner, at(13))
    assert request.first_contact_at is None


def test_attendance_is_recorded_only_after_start(practitioner: Practitioner, clock: Any) -> None:
    for step, state in (Status.COMPLETED, State.ATTENDED), (Status.DID_NOT_ATTEND, State.MISSED):
        given(request := a_request(), practitioner, begins := at(10), agreed=True)
        clock.move_to(begins - timedelta(seconds=1))
        with pytest.raises(NotAllowedError):
            change_status(request, step)
        assert history(request) == [(State.AGREED, True)]
        clock.move_to(begins)
        change_status(request, step)
        assert history(request) == [(state, True)]


def test_attendance_can_be_undone(practitioner: Practitioner, clock: Any) -> None:
    appointment = given(request := a_request(), practitioner, at(10), agreed=True)
    clock.move_to(appointment.starts_at)
    change_status(request, Status.COMPLETED, Status.CONFIRMED)
    assert history(request) == [(State.AGREED, True)]
    change_status(request, Status.DID_NOT_ATTEND, Status.COMPLETED)
    assert history(request) == [(State.ATTENDED, True)]
    change_status(request, Status.CONFIRMED, Status.DID_NOT_ATTEND)
    assert history(request) == [(State.MISSED, True)]
    # None of this mailed the patient or changed the calendar entry.
    assert kinds(request) == ["time_agreed"]
    appointment.refresh_from_db()
    assert appointment.sequence == 0


def test_missed_appointment_stays_when_another_is_agreed(practitioner: Practitioner, clock: Any) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    given(by_phone := with_email(), practitioner, at(11), agreed=True)
    clock.move_to(begins + timedelta(hours=1))
    change_status(request, Status.DID_NOT_ATTEND)
    change_status(by_phone, Status.DID_NOT_ATTEND)
    given(request, practitioner, at(10, days=9))
    change_status(request, Status.CONFIRMED)
    given(by_phone, practitioner, at(11, days=9), agreed=True)
    assert history(request) == history(by_phone) == [(State.MISSED, True), (State.AGREED, True)]
    assert kinds(by_phone) == ["time_agreed", "time_agreed"]
    change_status(request, Status.CONTACTING, Status.UNREACHABLE)
    assert history(request) == [(State.MISSED, True), (State.CANCELED, False)]


def test_rescheduling_keeps_canceled_appointments(practitioner: Practitioner) -> None:
    given(request := a_request(), practitioner, at(10))
    given(request, practitioner, at(11))
    given(request, practitioner, at(12), agreed=True)
    given(request, practitioner, at(12, 15), agreed=True)  # overlaps the one that it replaces
    assert history(request) == [(State.CANCELED, False)] * 3 + [(State.AGREED, True)]
    sequences = list(request.appointments.order_by("pk").values_list("sequence", flat=True))
    assert sequences == sorted(set(sequences))
    assert kinds(request).count("time_canceled") == 3


def test_canceled_appointment_frees_slots_and_stays_in_history(practitioner: Practitioner) -> None:
    for step in (Status.CONTACTING, Status.DECLINED, Status.WITHDRAWN):
        given(request := a_request(), practitioner, at(10), agreed=True)
        change_status(request, step)
        assert history(request) == [(State.CANCELED, False)], step
        assert kinds(request) == ["time_agreed", "time_canceled"]
    for mark in (Status.COMPLETED, Status.DID_NOT_ATTEND):  # there was no visit
        with pytest.raises(NotAllowedError):
            change_status(request, mark)


def test_past_appointment_sends_no_mail(practitioner: Practitioner, clock: Any) -> None:
    given(offered := with_email(), practitioner, at(10))
    given(agreed := with_email(email="other@example.com"), practitioner, at(12), agreed=True)
    OutgoingMessage.objects.all().delete()
    clock.shift(timedelta(days=5))
    change_status(offered, Status.CONFIRMED)
    change_status(agreed, Status.CONTACTING)
    assert mails() == []


def patient_withdraws(request: ConsultationRequest) -> None:
    actions.withdraw(request)
    request.refresh_from_db()


def test_withdrawal_after_visit_keeps_appointment(practitioner: Practitioner, clock: Any) -> None:
    for withdraws in (patient_withdraws, lambda request: change_status(request, Status.WITHDRAWN)):
        given(request := with_email(), practitioner, begins := at(10), agreed=True)
        clock.move_to(begins + timedelta(hours=2))
        withdraws(request)
        assert request.status == Status.WITHDRAWN
        assert history(request) == [(State.AGREED, True)]
        assert kinds(request) == ["time_agreed"]
        with pytest.raises(NotAllowedError):
            change_status(request, Status.CONTACTING)
        change_status(request, Status.COMPLETED)
        assert history(request) == [(State.ATTENDED, True)]
        assert "appointment_canceled" not in mails()


def test_attendance_after_withdrawal_leads_back_to_withdrawn(practitioner: Practitioner, clock: Any) -> None:
    for mark in (Status.COMPLETED, Status.DID_NOT_ATTEND):
        given(request := with_email(), practitioner, begins := at(10), agreed=True)
        OutgoingMessage.objects.all().delete()
        clock.move_to(begins + timedelta(hours=2))
        patient_withdraws(request)
        change_status(request, *dict.fromkeys((mark, Status.COMPLETED)))
        for forbidden in (
            lambda: change_status(request, Status.CONFIRMED),
            lambda: actions.withdraw(request),
        ):
            with pytest.raises(NotAllowedError):
                forbidden()
        change_status(request, Status.WITHDRAWN)
        assert history(request) == [(State.AGREED, True)]
        change_status(request, mark)
        assert history(request)[0][0] != State.AGREED
        assert mails() == ["withdrawn"]
        assert OutgoingMessage.objects.get(kind="withdrawn").state == OutgoingMessage.State.WAITING


def test_attendance_without_withdrawal_does_not_lead_to_withdrawn(
    practitioner: Practitioner, clock: Any
) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    clock.move_to(begins)
    change_status(request, Status.WITHDRAWN, Status.DID_NOT_ATTEND, Status.CONTACTING)
    given(request, practitioner, begins := at(10), agreed=True)
    clock.move_to(begins)
    change_status(request, Status.COMPLETED)
    with pytest.raises(NotAllowedError):
        change_status(request, Status.WITHDRAWN)
    change_status(request, Status.CONFIRMED)


def test_begun_visit_can_be_called_off_but_not_declined_or_replaced(
    practitioner: Practitioner, clock: Any
) -> None:
    given(request := a_request(), practitioner, begins := at(10), agreed=True)
    clock.move_to(begins + timedelta(minutes=10))
    with pytest.raises(NotAllowedError):
        change_status(request, Status.DECLINED)
    for agreed in (True, False):
        with pytest.raises(NotAllowedError):
            given(request, practitioner, at(12), agreed=agreed)
    assert history(request) == [(State.AGREED, True)]
    change_status(request, Status.CONTACTING)
    assert history(request) == [(State.CANCELED, False)]


def test_walk_in_is_recorded_without_mail_and_replaces_later_appointment(practitioner: Practitioner) -> None:
    given(request := with_email(), practitioner, at(10, days=-6), agreed=True)
    change_status(request, Status.COMPLETED)
    assert history(request) == [(State.ATTENDED, True)]
    assert mails() == []
    given(request := with_email(email="other@example.com"), practitioner, at(10), agreed=True)
    given(request, practitioner, at(9, days=0), agreed=True)
    assert mails() == ["appointment_agreed", "appointment_canceled"]


def test_impossible_times_lengths_and_requests_get_no_appointment(practitioner: Practitioner) -> None:
    request = a_request()
    for starts_at, agreed in (
        (at(10, days=-1), False),
        (at(10, days=-8), True),
        (at(10, days=400), True),
        (at(10, 3), False),
    ):
        with pytest.raises(NotAllowedError):
            given(request, practitioner, starts_at, agreed=agreed)
    for minutes in (-30, 0, 7, 245):
        with pytest.raises(NotAllowedError):
            given(request, practitioner, at(10), minutes=minutes)
    assert not Event.objects.filter(request=request, kind=Event.Kind.TIME_OFFERED).exists()
    given(request, practitioner, at(10))
    as_erased(request)
    with pytest.raises(NotAllowedError):
        given(request, practitioner, at(12))
    assert history(request) == [(State.OFFERED, True)]
