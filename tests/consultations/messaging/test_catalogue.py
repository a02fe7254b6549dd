"""Who is told of what, and who is not."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations import private_links
from consultations.messaging import catalogue
from consultations.models import ConsultationRequest, PrivateLink
from consultations.workflow import CLOSED, Status
from tests.consultations.messaging.message_helpers import START, a_clinic, an_appointment, queued, with_email
from tests.factories import a_request

pytestmark = pytest.mark.django_db

ABOUT_A_TIME = [catalogue.time_offered, catalogue.time_agreed, catalogue.time_cancelled, catalogue.reminder]


@pytest.fixture(autouse=True)
def staff_mail(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example", "second@clinic.example")


def calls(request: ConsultationRequest) -> list[tuple[Callable[..., None], tuple[Any, ...]]]:
    """Every function, as it is called about a request."""
    appointment = an_appointment(request)
    return [
        (catalogue.received, (request, "token")),
        (catalogue.new_request, (request,)),
        (catalogue.patient_wrote, (request, "note")),
        (catalogue.status_changed, (request, "completed")),
        *((tell, (appointment,)) for tell in ABOUT_A_TIME),
    ]


def test_a_stored_request_is_acknowledged_and_the_staff_are_told() -> None:
    request = a_request(contact_method="email", email="ayesha@example.com")
    told = {(message.kind, message.to) for message in OutgoingMessage.objects.all()}
    assert told == {
        ("acknowledgement", "ayesha@example.com"),
        ("new_request", "desk@clinic.example"),
        ("new_request", "second@clinic.example"),
    }
    assert {message.about for message in OutgoingMessage.objects.all()} == {request.reference}


def test_the_acknowledgement_leads_to_the_page_that_the_form_led_to() -> None:
    request = with_email()
    made = PrivateLink.objects.count()
    [message] = queued(catalogue.received, request, "the-token")
    assert private_links.address_of("the-token") in message.text
    assert PrivateLink.objects.count() == made
    assert message.phone_for_staff == request.phone


def test_the_acknowledgement_says_what_happens_next_and_what_to_do_if_it_gets_worse() -> None:
    a_clinic()
    [message] = queued(catalogue.received, with_email(), "token")
    assert "You do not have an appointment yet. We contact you by the end of the next working day." in (
        message.text
    )
    assert "call 1122 or go to the nearest emergency" in message.text
    assert "042 3576 1999" in message.text
    assert '<a href="tel:1122">' in message.html
    assert '<a href="tel:+924235761999">' in message.html


def test_what_was_promised_when_it_came_is_what_is_said() -> None:
    a_clinic()
    request = with_email()
    request.promised_by = START
    with time_machine.travel(START - timedelta(days=2)):
        [message] = queued(catalogue.received, request, "token")
    assert "We contact you by 5:30pm on Wednesday 25 November." in message.text


@pytest.mark.parametrize("tell", ABOUT_A_TIME)
def test_each_mail_about_a_time_opens_the_private_page_with_a_link_of_its_own(
    client: Client, tell: Callable[..., None]
) -> None:
    a_clinic()
    request = with_email()
    appointment = an_appointment(request)
    made = PrivateLink.objects.count()
    [message] = queued(tell, appointment)
    [address] = [line for line in message.text.splitlines() if line.startswith("http")]
    assert client.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert PrivateLink.objects.count() == made + 1
    assert not PrivateLink.objects.filter(token_hash__in=address.split("/")).exists()
    assert "Wednesday 25 November 2026, 5:30pm" in message.text
    assert "with Dr. Ayesha Khan" in message.text


def test_a_link_that_is_rolled_back_with_its_mail_opens_nothing() -> None:
    appointment = an_appointment(with_email())
    made = PrivateLink.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        catalogue.time_offered(appointment)
        raise RuntimeError
    assert PrivateLink.objects.count() == made
    assert not OutgoingMessage.objects.exists()


@pytest.mark.parametrize(
    ("tell", "method"),
    [(catalogue.time_offered, ""), (catalogue.time_agreed, "REQUEST"), (catalogue.time_cancelled, "CANCEL")],
)
def test_an_agreed_time_goes_into_the_calendar_and_out_of_it(tell: Callable[..., None], method: str) -> None:
    a_clinic()
    request = with_email()
    [message] = queued(tell, an_appointment(request, sequence=3))
    assert len(message.attachments) == bool(method)
    for attachment in message.attachments:
        calendar = base64.b64decode(attachment["content"]).decode()
        assert f"METHOD:{method}\r\n" in calendar
        assert f"UID:{request.reference}@127.0.0.1\r\n" in calendar
        assert "SEQUENCE:3\r\n" in calendar
        assert f"SUMMARY:Appointment {request.reference}\r\n" in calendar
        assert "ORGANIZER:mailto:clinic@clinic.example\r\n" in calendar
        assert "DTSTAMP:20261123T123000Z\r\n" in calendar


@pytest.mark.parametrize("status", [Status.QUARANTINED, "erased"])
def test_nothing_at_all_is_said_of_what_was_set_aside_or_erased(status: str) -> None:
    request = with_email()
    if status == "erased":
        request.erased_at = timezone.now()
    else:
        request.status = status
    made = PrivateLink.objects.count()
    for tell, arguments in calls(request):
        assert queued(tell, *arguments) == [], tell.__name__
    assert PrivateLink.objects.count() == made


def test_a_patient_without_an_email_address_gets_no_mail_and_the_staff_do() -> None:
    request = with_email(contact_method="call", email="")
    made = PrivateLink.objects.count()
    kinds = {message.kind for tell, arguments in calls(request) for message in queued(tell, *arguments)}
    assert kinds == {"new_request", "patient_wrote"}
    assert PrivateLink.objects.count() == made


def test_with_no_address_of_the_staff_nothing_fails(settings: Any) -> None:
    settings.STAFF_MAIL = ()
    request = with_email()
    assert queued(catalogue.new_request, request) == []
    assert queued(catalogue.patient_wrote, request, "note") == []


@pytest.mark.parametrize("what", [*catalogue.DONE, "what nobody thought of"])
def test_staff_read_a_reference_and_a_link_and_nothing_else(what: str) -> None:
    request = with_email()
    first, _second = queued(catalogue.patient_wrote, request, what)
    said = catalogue.DONE.get(what, catalogue.DONE_OTHERWISE)
    address = f"http://127.0.0.1:8000/staff/consultations/consultationrequest/{request.pk}/change/"
    assert first.text == f"{request.reference}: {said}\n\n{address}\n"
    [notice, _second] = queued(catalogue.new_request, request)
    assert notice.text == f"A new request has come in: {request.reference}\n\n{address}\n"


TOLD_OF = {Status.DECLINED: "declined", Status.UNREACHABLE: "unreachable", Status.WITHDRAWN: "withdrawn"}


@pytest.mark.parametrize("was", list(Status))
@pytest.mark.parametrize("status", list(Status))
def test_a_patient_is_told_of_the_statuses_that_concern_them(status: Status, was: Status) -> None:
    request = with_email(status=status)
    expected = TOLD_OF.get(status, "")
    if status == Status.CONTACTING and was in CLOSED:
        expected = "opened_again"
    if status == Status.WITHDRAWN and was in (Status.COMPLETED, Status.DID_NOT_ATTEND):
        expected = ""  # staff took back what they had marked; it was told when the patient withdrew
    kinds = [message.kind for message in queued(catalogue.status_changed, request, was.value)]
    assert kinds == ([expected] if expected else [])


@pytest.mark.parametrize("clinic", [{}, {"phone": "", "address": "", "city": "", "answer_promise": ""}, None])
def test_what_the_clinic_has_not_entered_leaves_no_hole(clinic: dict[str, Any] | None) -> None:
    if clinic is not None:
        a_clinic(**clinic)
    for tell, arguments in calls(with_email()):
        for message in queued(tell, *arguments):
            assert "{" not in message.text + message.html
            for hole in (": \n", ": .", " ,", "  ", "\n\n\n", "<p></p>"):
                assert hole not in message.text, (message.kind, hole)
            if message.phone_for_staff:  # to the patient
                assert ("042 3576 1999" in message.text) == (clinic == {}), message.kind
                assert message.text.rstrip().endswith("Canal Clinic") == (clinic is not None)


def test_an_address_that_cannot_be_one_is_told_to_staff_and_stops_nothing() -> None:
    request = with_email(email="not an address@@")
    for tell in ABOUT_A_TIME:
        request.appointments.all().delete()
        [message] = queued(tell, an_appointment(request, sequence=1))
        assert message.failed_at
        assert message.phone_for_staff == request.phone
