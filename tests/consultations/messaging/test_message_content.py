"""The contents of each message: links, calendar entries, and missing details of the clinic."""

import base64
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from consultations.messaging import notify
from consultations.models import Appointment, ConsultationRequest, PrivateLink
from tests.consultations.messaging.message_helpers import START, a_clinic, an_appointment, queued, with_email

pytestmark = pytest.mark.django_db

APPOINTMENTS = ("appointment_offered", "appointment_agreed", "appointment_canceled", "reminder")


@pytest.fixture(autouse=True)
def staff_mail(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example", "second@clinic.example")


def every_kind(appointment: Appointment) -> list[tuple[str, ConsultationRequest, dict[str, Any]]]:
    request = appointment.request
    return [
        ("acknowledgement", request, {}),
        ("new_request", request, {}),
        ("patient_activity", request, {"activity": "note"}),
        *((kind, request, {}) for kind in ("declined", "unreachable", "withdrawn", "reopened")),
        ("email_changed", request, {}),
        *((kind, request, {"appointment": appointment}) for kind in APPOINTMENTS),
    ]


def test_acknowledgement_has_a_link_of_its_own_and_says_what_will_happen(settings: Any) -> None:
    a_clinic()
    request = with_email()
    made = PrivateLink.objects.count()
    [message] = queued("acknowledgement", request)
    assert f"{settings.SITE_URL}/r/" in message.text
    assert PrivateLink.objects.count() == made + 1
    assert message.phone_for_staff == request.phone
    assert "You don’t have an appointment yet. We’ll contact you by the end of the next working day." in (
        message.text
    )
    assert "call 1122 or go to the nearest emergency" in message.text
    assert "042 3576 1999" in message.text
    assert '<a href="tel:1122">' in message.html
    assert '<a href="tel:+924235761999">' in message.html
    request.promised_by = START
    with time_machine.travel(START - timedelta(days=2)):
        [message] = queued("acknowledgement", request)
    assert "We’ll contact you by 5:30 pm on Wednesday 25 November." in message.text


def test_appointment_mail_has_its_own_link_to_the_private_page(client: Client) -> None:
    a_clinic()
    request = with_email()
    appointment = an_appointment(request)
    for kind in APPOINTMENTS:
        made = PrivateLink.objects.count()
        [message] = queued(kind, request, appointment=appointment)
        [address] = [line for line in message.text.splitlines() if line.startswith("http")]
        assert client.get(address.removeprefix("http://localhost:8000")).status_code == 200
        assert PrivateLink.objects.count() == made + 1
        assert not PrivateLink.objects.filter(token_hash__in=address.split("/")).exists()
        assert "Wednesday 25 November, 5:30 pm" in message.text
        assert "with Dr. Ayesha Khan" in message.text
        is_replacement = "replaces" in message.text
        assert is_replacement == (kind == "appointment_agreed")


def test_link_is_rolled_back_with_its_mail() -> None:
    appointment = an_appointment(with_email())
    made = PrivateLink.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        notify.notify("appointment_offered", appointment.request, appointment=appointment)
        raise RuntimeError
    assert PrivateLink.objects.count() == made


def test_agreed_appointment_enters_the_calendar_and_canceled_one_leaves_it() -> None:
    a_clinic(email="hello@canal.example")
    request = with_email()
    appointment = an_appointment(request, sequence=3)
    for kind, method in zip(APPOINTMENTS, ("", "REQUEST", "CANCEL", ""), strict=True):
        [message] = queued(kind, request, appointment=appointment)
        assert len(message.attachments) == bool(method)
        for attachment in message.attachments:
            calendar = base64.b64decode(attachment["content"]).decode()
            assert f"METHOD:{method}\r\n" in calendar
            assert f"UID:{request.reference}@localhost\r\n" in calendar
            assert "SEQUENCE:3\r\n" in calendar
            assert f"SUMMARY:Appointment {request.reference}\r\n" in calendar
            assert "ORGANIZER:mailto:hello@canal.example\r\n" in calendar
            assert "DTSTAMP:20261123T123000Z\r\n" in calendar


def test_message_to_impossible_address_is_left_to_staff() -> None:
    appointment = an_appointment(with_email(email="not an address@@"))
    for kind in APPOINTMENTS:
        [message] = queued(kind, appointment.request, appointment=appointment)
        assert message.failed_at and message.phone_for_staff == appointment.request.phone, kind


def test_patient_without_email_gets_no_mail_and_staff_do() -> None:
    request = with_email(contact_method="call", email="")
    made = PrivateLink.objects.count()
    found = [
        message.kind
        for kind, about, options in every_kind(an_appointment(request))
        for message in queued(kind, about, **options)
    ]
    assert set(found) == {"new_request", "patient_activity"}
    assert PrivateLink.objects.count() == made


def test_staff_notice_holds_a_reference_and_a_link_alone(settings: Any) -> None:
    request = with_email()
    address = f"http://localhost:8000/staff/consultations/consultationrequest/{request.pk}/change/"
    for activity, sentence in notify.ACTIVITIES.items():
        first, second = queued("patient_activity", request, activity=activity)
        assert first.text == f"{request.reference}: {sentence}\n\n{address}\n"
        assert [first.to, second.to] == ["desk@clinic.example", "second@clinic.example"]
    [notice, _second] = queued("new_request", request)
    assert notice.text == f"A new request has come in: {request.reference}\n\n{address}\n"
    settings.STAFF_MAIL = ()
    assert queued("new_request", request) == queued("patient_activity", request, activity="note") == []


@pytest.mark.parametrize("clinic", [{}, {"phone": "", "address": "", "city": "", "answer_promise": ""}, None])
def test_missing_clinic_details_leave_no_gap(clinic: dict[str, Any] | None) -> None:
    if clinic is not None:
        a_clinic(**clinic)
    for kind, request, options in every_kind(an_appointment(with_email())):
        for message in queued(kind, request, **options):
            assert "{" not in message.text + message.html
            for gap in (": \n", ": .", " .", " ,", "  ", "\n\n\n", "<p></p>"):
                assert gap not in message.text, (message.kind, gap)
            if message.phone_for_staff:  # to the patient
                assert ("042 3576 1999" in message.text) == (clinic == {}), message.kind
                assert message.text.rstrip().endswith("Canal Clinic") == (clinic is not None)
