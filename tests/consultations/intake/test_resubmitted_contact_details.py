"""Contact details corrected in a form that was sent before."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import contact_details
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest, Event
from consultations.workflow import CLOSED, Status
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.portal.portal_pages import PrivatePage
from tests.factories import a_coordinator, a_submission

pytestmark = pytest.mark.django_db

OTHER = {"phone": "+923219876543", "phone_as_typed": "0321 9876543"}
BY_MAIL = {"contact_method": "email", "email": "ayesha@example.com"}
BY_WHATSAPP = {"contact_method": "whatsapp", "phone": "+923331112223", "phone_as_typed": "0333 1112223"}


def resubmit(patient: PrivatePage, **answers: Any) -> ConsultationRequest:
    """Send the same form again with other answers."""
    submission.submit(a_submission(key=patient.key, **answers))
    return patient.now()


def kinds(request: ConsultationRequest) -> list[str]:
    return [event.kind for event in request.events.exclude(kind=Event.Kind.SUBMITTED)]


def test_corrected_number_is_used_everywhere_and_reported_once(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    patient = PrivatePage()
    for _time in range(3):
        request = resubmit(patient, patient_age=35, **OTHER)  # only contact details are corrected
    assert (request.phone, request.phone_as_typed) == ("+923219876543", "0321 9876543")
    assert request.patient_age == 34
    assert kinds(request) == [Event.Kind.CONTACT_DETAILS_CORRECTED]
    assert request.events.latest("pk").detail == {"what": ["phone"]}
    assert request.notes.get().text == "Phone number: now 0321 9876543, before 0301 2345678"
    assert request.unread_since
    message = OutgoingMessage.objects.get(kind="patient_activity")
    assert "The phone number was corrected." in message.text
    assert list(ConsultationRequest.objects.search("0321 9876543")) == [request]
    assert not ConsultationRequest.objects.search("0301 2345678")

    text = patient.opens().one("main").text
    assert "We’ll call the number that ends in 543." in text
    assert "678" not in text and "with other answers" not in text
    desk = Desk(request)
    page = desk.opens()
    assert page.all("a", href="tel:+923219876543") and not page.all("a", href="tel:+923012345678")
    assert "Contact details corrected phone number by the patient" in desk.timeline()
    assert "Phone number: now 0321 9876543, before 0301 2345678" in desk.timeline()

    assert resubmit(patient).phone == "+923012345678", "and back"


def test_correction_clears_the_wrong_number() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    request = resubmit(patient, **OTHER)
    assert contact_details.wrong_since(request, request.events.all()) is None


def test_corrected_extension_clears_the_wrong_number() -> None:
    patient = PrivatePage(phone="+924235761999", phone_as_typed="042 35761999")
    patient.has_wrong_number()
    corrected = {"phone_as_typed": "042 35761999 ext 5", "phone_extension": "5"}
    request = resubmit(patient, phone="+924235761999", **corrected)
    assert {name: getattr(request, name) for name in corrected} == corrected
    assert contact_details.wrong_since(request, request.events.all()) is None


def test_answers_about_a_shared_phone_belong_to_the_number() -> None:
    own = {"phone_is_shared": False, "may_identify_clinic": "yes"}
    shared = {"phone_is_shared": True, "may_identify_clinic": "no"}
    request = resubmit(PrivatePage(**own), **OTHER, **shared)
    assert {name: getattr(request, name) for name in shared} == shared
    assert "Others use this phone: now Yes, before No" in request.notes.get().text

    patient = PrivatePage(**own)
    patient.fills_in("contact", phone="0333 1112223", phone_is_shared="on")
    assert {name: getattr(patient.now(), name) for name in shared} == shared
    patient.fills_in("contact", phone="0333 1112224")
    assert {name: getattr(patient.now(), name) for name in shared} == shared, "not asked again"


def test_another_contact_method_is_stored_and_shown() -> None:
    for changes, words in [
        (BY_MAIL, "We’ll write to your email address. If we don’t hear back, we’ll call the number"),
        (BY_WHATSAPP, "We’ll message you on WhatsApp at the number that ends in 223."),
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
        "Way of contact: now Call only, before Email",
    ]


def test_old_form_does_not_undo_a_later_correction() -> None:
    for by in ["patient", "staff"]:
        patient = PrivatePage()
        if by == "patient":
            patient.fills_in("contact", phone="0333 1112223")
        else:
            to = {"phone": "+923331112223", "phone_as_typed": "0333 1112223"}
            contact_details.correct_by_staff(patient.request, to, actor=a_coordinator(), version=0)
        for changes in ({"message": "It is worse."}, OTHER):
            request = resubmit(patient, **changes)
            assert request.phone == "+923331112223", by
        assert request.notes.count() == 1
        page = patient.opens(done="resent")
        assert "We’ll call the number that ends in 223." in page.one("main").text
        assert "contact/" in [link["href"] for link in page.by_class("inset")[0].all("a")]


def test_closed_request_is_not_corrected() -> None:
    for status in sorted(CLOSED):
        request = resubmit(PrivatePage(status=status), **OTHER)
        assert (request.phone, kinds(request)) == ("+923012345678", []), status


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


def test_address_given_or_corrected_later_is_acknowledged_once() -> None:
    for before in ({}, BY_MAIL | {"email": "ayehsa@example.com"}):
        OutgoingMessage.objects.all().delete()
        patient = PrivatePage(**before)
        for _time in range(2):
            resubmit(patient, **BY_MAIL)
        announce_new_requests()
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
        assert not acknowledged(), status
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False):
        patient = PrivatePage()
        ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=timezone.now())
        resubmit(patient, **BY_MAIL)
    assert not acknowledged(), "the promise in it is past"
