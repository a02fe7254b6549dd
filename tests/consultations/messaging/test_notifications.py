"""Every notification, end to end: the action that causes it, and the message that is queued.

Delete any call of ``notify``, and a test here fails.
"""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.clinic import business_hours
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.signals import reader_informed
from consultations.appointments import offers, reminders
from consultations.desk.queue.rows import Row
from consultations.intake import attachments, submission
from consultations.intake.upload_cleaning import CleanFile
from consultations.messaging import notify
from consultations.messaging import templates as message_templates
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.phone_numbers import parse
from consultations.portal import actions
from consultations.workflow import CLOSED, MARKED, Status
from tests.consultations.messaging.message_helpers import a_clinic, queued, with_email
from tests.factories import a_request, a_reviewer, a_submission, change_status, staff, version_of
from tests.mail.mail_helpers import running

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


@pytest.fixture(autouse=True)
def staff_mail(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)


def new_messages() -> dict[str, OutgoingMessage]:
    """The waiting messages by kind, once new requests are announced. Empties the queue."""
    notify.announce_new_requests()
    found = {message.kind: message for message in OutgoingMessage.objects.waiting().order_by("pk")}
    OutgoingMessage.objects.all().delete()
    return found


def offer(request: ConsultationRequest, *, agreed: bool = False, days: int = 3) -> Appointment:
    request.refresh_from_db()
    live = request.appointments.live().first()
    return offers.offer_time(
        request,
        live.practitioner if live else a_reviewer(),
        (timezone.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0),
        timedelta(minutes=30),
        agreed=agreed,
        actor=staff(email=f"coordinator{days}@clinic.example"),
        version=request.version,
    )


def test_submission_is_acknowledged_and_reported_to_staff() -> None:
    request = submission.submit(a_submission(**BY_EMAIL))
    found = new_messages()
    assert {kind: message.to for kind, message in found.items()} == {
        "acknowledgement": "ayesha@example.com",
        "new_request": "desk@clinic.example",
    }
    assert {message.about for message in found.values()} == {request.reference}


def test_quarantined_request_is_acknowledged_once_staff_let_it_in() -> None:
    request = submission.submit(a_submission(**BY_EMAIL, suspicions=("trap",)))
    assert not new_messages()
    change_status(request, Status.NEW)
    assert list(new_messages()) == ["acknowledgement"]
    withdrawn = submission.submit(a_submission(**BY_EMAIL, suspicions=("trap",), patient_name="Sana Malik"))
    change_status(withdrawn, Status.WITHDRAWN)
    assert not new_messages()


def test_status_and_reopening_are_announced() -> None:
    request = with_email(status=Status.CONTACTING)
    change_status(request, Status.UNREACHABLE)
    assert list(new_messages()) == ["unreachable"]
    change_status(request, Status.CONTACTING)
    assert list(new_messages()) == ["reopened"]


def test_patient_is_informed_of_an_offer_once_its_mail_is_sent(settings: Any) -> None:
    """Until then the desk waits for the mail, and after an hour asks for a call."""
    request = with_email()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = offer(request)
        [mail_of_first] = OutgoingMessage.objects.filter(kind="appointment_offered")
        clock.shift(timedelta(minutes=5))
        second = offer(request, days=4)
        # A worker was sending the mail of the appointment before, which says nothing of this one.
        reader_informed.send(OutgoingMessage, message=mail_of_first)
        for appointment in (first, second):
            appointment.refresh_from_db()
            assert appointment.patient_informed_at is None
        for minutes, label in ((59, "Waiting for an answer"), (1, "Not told")):
            clock.shift(timedelta(minutes=minutes))
            row = Row(ConsultationRequest.objects.get(), business_hours.load(), timezone.now(), second)
            assert row.appointment_label and row.appointment_label.text.startswith(label)
        with running(settings):
            assert worker.send_due().sent
        second.refresh_from_db()
        assert second.patient_informed_at == timezone.now()


def test_patient_is_informed_of_an_offer_once_staff_resolve_its_failed_mail() -> None:
    appointment = offer(with_email())
    OutgoingMessage.objects.filter(kind="appointment_offered").update(failed_at=timezone.now())
    mail_queue.mark_resolved(OutgoingMessage.objects.get(kind="appointment_offered"), actor=staff())
    appointment.refresh_from_db()
    assert appointment.patient_informed_at


def test_patient_hears_of_offered_agreed_and_canceled_appointments() -> None:
    a_clinic()
    request = with_email()
    offer(request)
    assert list(new_messages()) == ["appointment_offered"]
    change_status(request, Status.CONFIRMED)
    assert list(new_messages()) == ["appointment_agreed"]
    offer(request, days=4)
    assert list(new_messages()) == ["appointment_offered"]
    offer(request, agreed=True, days=5)
    assert list(new_messages()) == ["appointment_agreed"]
    change_status(request, Status.DECLINED)
    assert list(new_messages()) == ["appointment_canceled", "declined"]


def test_status_messages_by_every_pair_of_statuses() -> None:
    request = with_email()
    for was in Status:
        for status in Status:
            OutgoingMessage.objects.all().delete()
            request.status = status
            expected = [status.value] if status in ("declined", "unreachable", "withdrawn") else []
            if status == Status.CONTACTING and was in CLOSED:
                expected = ["reopened"]
            if status == Status.WITHDRAWN and was in MARKED:
                expected = []  # a mark was taken back: the patient knows of the withdrawal
            kinds = [message.kind for message in queued("status", request, was=was.value)]
            assert kinds == expected, (was, status)


def test_patient_is_reminded_by_mail() -> None:
    a_clinic()
    request = with_email()
    appointment = offer(request, agreed=True, days=1)
    new_messages()
    reminders.send_reminders(timezone.localtime().replace(hour=12))
    reminder = new_messages()["reminder"]
    assert (reminder.to, reminder.about) == ("ayesha@example.com", request.reference)
    appointment.refresh_from_db()
    assert appointment.reminded_at


def test_staff_hear_of_everything_that_a_patient_does() -> None:
    request = with_email()

    def reported(activity: str) -> None:
        notice = new_messages()["patient_activity"]
        assert notice.to == "desk@clinic.example"
        assert notify.ACTIVITIES[activity] in notice.text
        request.refresh_from_db()
        assert request.unread_since
        ConsultationRequest.objects.update(unread_since=None)
        request.refresh_from_db()

    actions.change_contact_details(request, parse("0300 7654321").fields())
    reported("phone")
    actions.add_patient_note(request, "It is worse.")
    reported("note")
    attachments.add_files(request, [CleanFile("pdf", b"%PDF")], "")
    reported("attachment")
    actions.accept_time(request, offer(request, days=3).pk)
    reported("time agreed")
    offer(request, days=4)
    actions.request_another_time(request, version_of(request), "Later, please.")
    assert not OutgoingMessage.objects.waiting().filter(kind="appointment_offered").exists()
    reported("other time")
    actions.withdraw(request)
    assert OutgoingMessage.objects.waiting().filter(kind="withdrawn", to="ayesha@example.com").exists()
    reported("withdrawn")


def test_staff_hear_of_changed_answers_of_a_form_that_is_sent_again() -> None:
    first = a_submission(**BY_EMAIL)
    submission.submit(first)
    new_messages()
    again = a_submission(key=first.key, **BY_EMAIL | {"email": "new@example.com"})
    submission.submit(again)
    found = new_messages()
    assert found["acknowledgement"].to == "new@example.com"
    assert notify.ACTIVITIES["contact"] in found["patient_activity"].text


def test_failed_notification_is_recorded_and_rolls_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    template_for = message_templates.template_for
    broken: set[str] = set()

    def breaks(kind: str, language: str) -> Any:
        if kind in broken:
            raise RuntimeError("a template without an end")
        return template_for(kind, language)

    monkeypatch.setattr(message_templates, "template_for", breaks)
    broken = {"acknowledgement"}
    request = submission.submit(a_submission(**BY_EMAIL))
    assert list(new_messages()) == ["new_request"]
    broken = {"declined"}
    change_status(request, Status.DECLINED)
    assert not new_messages()
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    not_sent = request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT)
    assert [event.detail["message"] for event in not_sent] == ["acknowledgement", "declined"]


def test_nothing_is_sent_about_quarantined_and_erased_requests() -> None:
    request = a_request(**BY_EMAIL)
    appointment = offer(request)
    new_messages()
    for status, erased_at in ((Status.QUARANTINED, None), (Status.NEW, timezone.now())):
        request.status, request.erased_at = status, erased_at
        for kind in ("acknowledgement", "new_request", "appointment_offered", "reminder", "patient_activity"):
            assert queued(kind, request, appointment=appointment) == [], kind
        assert queued("status", request, was="declined") == []
