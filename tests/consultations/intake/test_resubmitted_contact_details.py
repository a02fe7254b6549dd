"""Contact details corrected in a form that was sent before."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import contact_details
from consultations.models import ConsultationRequest, Event
from consultations.workflow import CLOSED, Status
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator
from tests.factories import a_submission

pytestmark = pytest.mark.django_db

OTHER = {"phone": "+923219876543", "phone_as_typed": "0321 9876543"}
BY_MAIL = {"contact_method": "email", "email": "ayesha@example.com"}
BY_WHATSAPP = {"contact_method": "whatsapp", "whatsapp": "+923331112223", "whatsapp_as_typed": "0333 1112223"}


def resubmit(patient: PrivatePage, **answers: Any) -> ConsultationRequest:
    """Send the same form again with other answers."""
    submission.submit(a_submission(key=patient.key, **answers))
    return patient.now()


def kinds(request: ConsultationRequest) -> list[str]:
    return [event.kind for event in request.events.exclude(kind=Event.Kind.SUBMITTED)]


def test_corrected_number_is_on_the_page_and_on_the_desk() -> None:
    patient = PrivatePage()
    request = resubmit(patient, **OTHER)
    assert (request.phone, request.phone_as_typed) == ("+923219876543", "0321 9876543")
    text = patient.opens().one("main").text
    assert "We’ll call the number that ends in 543." in text
    assert "678" not in text and "with other answers" not in text
    desk = Desk(request)
    page = desk.opens()
    assert page.all("a", href="tel:+923219876543") and not page.all("a", href="tel:+923012345678")
    assert "Contact details corrected phone number by the patient" in desk.timeline()
    assert "Phone number: now 0321 9876543, before 0301 2345678" in desk.timeline()


def test_same_correction_again_is_made_once(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    patient = PrivatePage()
    for _ in range(3):
        request = resubmit(patient, **OTHER)
    assert kinds(request) == [Event.Kind.CONTACT_DETAILS_CORRECTED]
    assert request.events.last().detail == {"what": ["phone"]}
    assert request.notes.count() == 1
    assert request.unread_since
    message = OutgoingMessage.objects.get(kind="patient_activity")
    assert "The patient has corrected the phone number." in message.text


def test_another_contact_method_is_stored_and_shown() -> None:
    for changes, words in [
        (BY_MAIL, "We’ll write to your email address. If you do not answer, we’ll call the number"),
        (BY_WHATSAPP, "We’ll write on WhatsApp to the number that ends in 223."),
        ({"contact_method": "sms"}, "We’ll send an SMS to the number that ends in 678."),
    ]:
        patient = PrivatePage()
        request = resubmit(patient, **changes)
        assert {name: getattr(request, name) for name in changes} == changes
        assert kinds(request) == [Event.Kind.CONTACT_DETAILS_CORRECTED]
        assert words in patient.opens().one("main").text


def test_dropped_email_is_not_stored() -> None:
    patient = PrivatePage(**BY_MAIL)
    request = resubmit(patient)
    assert (request.contact_method, request.email) == ("call", "")
    assert request.notes.get().text.splitlines() == [
        "Email: now none, before ayesha@example.com",
        "Way of contact: now Phone call, before Email",
    ]


def test_only_the_contact_details_change() -> None:
    patient = PrivatePage()
    for _ in range(2):
        request = resubmit(patient, patient_age=35, **OTHER)
    assert (request.patient_age, request.phone) == (34, "+923219876543")
    assert kinds(request) == [Event.Kind.CONTACT_DETAILS_CORRECTED]
    assert request.notes.get().text == "Phone number: now 0321 9876543, before 0301 2345678"
    assert not patient.opens(done="note").all("p", id="done")


def test_correction_can_be_reverted() -> None:
    patient = PrivatePage()
    resubmit(patient, **OTHER)
    assert resubmit(patient).phone == "+923012345678"


def test_old_form_does_not_undo_a_later_correction() -> None:
    for by in ["patient", "staff"]:
        patient = PrivatePage()
        if by == "patient":
            patient.fills_in("phone", phone="0333 1112223")
        else:
            to = contact_details.ContactDetails("+923331112223", "0333 1112223", "", "", "")
            contact_details.correct_by_staff(patient.request, to, actor=a_coordinator(), version=0)
        for changes in ({"message": "It is worse."}, OTHER):
            request = resubmit(patient, **changes)
            assert request.phone == "+923331112223"
        assert request.notes.count() == 1
        page = patient.opens(done="resent")
        assert "We’ll call the number that ends in 223." in page.one("main").text
        assert "phone/" in [link["href"] for link in page.by_class("inset")[0].children if link.tag == "a"]


def test_a_closed_request_is_not_corrected() -> None:
    for status in sorted(CLOSED):
        request = resubmit(PrivatePage(status=status), **OTHER)
        assert request.phone == "+923012345678"
        assert not kinds(request)


def test_correction_clears_the_wrong_number() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    resubmit(patient, **OTHER)
    assert contact_details.wrong_since(patient.now(), patient.now().events.all()) is None


def test_search_uses_the_corrected_number() -> None:
    patient = PrivatePage()
    request = resubmit(patient, **OTHER)
    assert list(ConsultationRequest.objects.search("0321 9876543")) == [request]
    assert not ConsultationRequest.objects.search("0301 2345678")


def test_corrections_by_form_are_limited() -> None:
    patient = PrivatePage()
    for number in range(MAX_NOTES_PER_REQUEST + 3):
        request = resubmit(patient, phone=f"+9232198765{number:02d}", phone_as_typed="")
    assert request.notes.count() == MAX_NOTES_PER_REQUEST
    assert request.phone == f"+9232198765{MAX_NOTES_PER_REQUEST - 1:02d}"


# The acknowledgement to an address that is given later


def acknowledged() -> list[str]:
    sent = OutgoingMessage.objects.filter(kind="acknowledgement", is_superseded=False).order_by("pk")
    return [message.to for message in sent]


def test_email_added_later_is_acknowledged_once() -> None:
    patient = PrivatePage()
    for _ in range(2):
        resubmit(patient, **BY_MAIL)
    (message,) = OutgoingMessage.objects.filter(kind="acknowledgement")
    assert message.to == "ayesha@example.com"
    assert patient.address in message.text


def test_acknowledgement_goes_to_the_corrected_address() -> None:
    patient = PrivatePage(**BY_MAIL | {"email": "ayehsa@example.com"})
    resubmit(patient, **BY_MAIL)
    assert acknowledged() == ["ayesha@example.com"]


def test_acknowledgements_of_one_form_are_limited() -> None:
    patient = PrivatePage(**BY_MAIL)
    for number in range(10):
        resubmit(patient, contact_method="email", email=f"stranger{number}@example.com")
    assert OutgoingMessage.objects.filter(kind="acknowledgement").count() == 2


def test_outdated_acknowledgement_is_not_sent() -> None:
    for status in [Status.CONTACTING, Status.PROPOSED, Status.CONFIRMED, Status.QUARANTINED]:
        patient = PrivatePage(status=status)
        assert resubmit(patient, **BY_MAIL).email == "ayesha@example.com"
        assert not acknowledged()


def test_past_promise_is_not_acknowledged() -> None:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False):
        patient = PrivatePage()
        late = timezone.now()
        ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
        resubmit(patient, **BY_MAIL)
    assert not acknowledged()
