"""What a patient answers to a reminder: its effect on the appointment, once."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.appointments import reminders
from consultations.lifecycle import booking, patient_texts
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given
from tests.factories import version_of
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def appointment(db: None, clock: Any) -> Appointment:
    return an_agreed_time(at(10, days=1), email="ayesha@example.com")


def answers(client: Client, appointment: Appointment, answer: str, version: int | None = None) -> str:
    """Press a button of the list and return the message."""
    version = version_of(appointment.request) if version is None else version
    there = reverse("desk:reminder_answer", args=[appointment.pk])
    response = client.post(there, {"answer": answer, "version": version})
    assert (response.status_code, response["Location"]) == (303, reverse("desk:reminders"))
    return read(client.get(reverse("desk:reminders"))).by_class("messagelist")[0].text


def kinds(appointment: Appointment) -> list[str]:
    return [str(event.kind) for event in appointment.request.events.all()][3:]


def state(appointment: Appointment) -> tuple[str, bool, str]:
    """The state, whether the reminder is made, and the status of the request."""
    appointment.refresh_from_db()
    status = ConsultationRequest.objects.get(pk=appointment.request_id).status
    return appointment.state, appointment.reminded_at is not None, status


def test_no_answer_stays_on_the_list(coordinator: Client, appointment: Appointment) -> None:
    version = version_of(appointment.request)
    for _press in range(2):
        assert "no answer. It stays on the list." in answers(coordinator, appointment, "no_answer", version)
    assert kinds(appointment) == ["contacted"]
    assert state(appointment) == ("agreed", False, Status.CONFIRMED)
    row = read(coordinator.get(reverse("desk:reminders"))).by_class("reminder")[0]
    assert "No answer on" in row.text and "Ask for Ayesha Khan" in row.text


def test_will_come_is_reminded(coordinator: Client, appointment: Appointment) -> None:
    version = version_of(appointment.request)
    for _press in range(2):
        assert "reminded, and will come." in answers(coordinator, appointment, "will_come", version)
    assert kinds(appointment) == ["reminded"]
    assert Event.objects.get(kind="reminded").detail["answer"] == "will_come"
    assert state(appointment) == ("agreed", True, Status.CONFIRMED)


def test_will_not_come_cancels_the_appointment(coordinator: Client, appointment: Appointment) -> None:
    page = read(coordinator.get(reverse("desk:reminders")))
    [button] = page.all("button", value="will_not_come")
    assert button.parent and button.parent.tag == "details", "asks before it cancels"
    version = version_of(appointment.request)
    for _press in range(2):
        assert "will not come." in answers(coordinator, appointment, "will_not_come", version)
    assert kinds(appointment) == ["reminded", "status_changed", "time_canceled"]
    assert state(appointment) == ("canceled", True, Status.CONTACTING)
    assert not appointment.taken.exists()
    request = ConsultationRequest.objects.get()
    assert request.call_back_at == booking.next_morning(timezone.now())
    assert OutgoingMessage.objects.filter(kind="appointment_canceled").count() == 1
    task = patient_texts.task_of(request, request.events.all(), timezone.now())
    assert task.kind == "", "they know"


def test_another_time_keeps_the_agreed_one(coordinator: Client, appointment: Appointment) -> None:
    given(appointment.request, appointment.practitioner, at(12, days=1))  # held, to choose instead
    version = version_of(appointment.request)
    for _press in range(2):
        assert "wants another time." in answers(coordinator, appointment, "another_time", version)
    assert kinds(appointment) == ["time_offered", "reminded", "time_refused", "time_canceled"]
    assert state(appointment) == ("agreed", True, Status.CONFIRMED)
    request = ConsultationRequest.objects.get()
    assert booking.awaits_another_time(request) and request.call_back_at == timezone.now()
    refused = Event.objects.get(kind="time_refused")
    assert refused.actor is not None


def test_older_list_and_odd_answers_change_nothing(coordinator: Client, appointment: Appointment) -> None:
    version = version_of(appointment.request)
    for answer in ("no_answer", "will_come", "will_not_come", "another_time"):
        assert "someone else" in answers(coordinator, appointment, answer, version - 1), answer
    there = reverse("desk:reminder_answer", args=[appointment.pk])
    odd: list[dict[str, str]] = [{}, {"answer": "maybe", "version": f"{version}"}, {"answer": "\0"}]
    odd += [{"answer": "will_come", "version": value} for value in ("", "x", "9" * 40, "-1")]
    for sent in odd:
        assert coordinator.post(there, sent).status_code == 303, sent
    assert coordinator.post(reverse("desk:reminder_answer", args=[999])).status_code == 404
    assert coordinator.get(there).status_code == 405
    assert kinds(appointment) == []
    assert list(reminders.due_manually(timezone.now())) == [appointment]
    answers(coordinator, appointment, "will_come")
    assert "already reminded" in answers(coordinator, appointment, "will_not_come")
    assert state(appointment) == ("agreed", True, Status.CONFIRMED)
