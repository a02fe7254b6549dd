"""A number corrected in the form after it was sent is the number that is called, and that the page tells."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.intake.submission import MOST_NOTES
from consultations.lifecycle import contact_details, optimistic_locking
from consultations.models import ConsultationRequest, Event
from consultations.workflow import CLOSED, Status
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator
from tests.factories import a_submission

pytestmark = pytest.mark.django_db

OTHER = {"phone": "+923219876543", "phone_as_typed": "0321 9876543"}
BY_MAIL = {"contact_method": "email", "email": "ayesha@example.com"}
BY_WHATSAPP = {"contact_method": "whatsapp", "whatsapp": "+923331112223", "whatsapp_as_typed": "0333 1112223"}


def sends_again(patient: PrivatePage, **answers: Any) -> ConsultationRequest:
    """Back after "Send request", other answers, and "Send request" once more."""
    submission.submit(a_submission(key=patient.key, **answers))
    return patient.now()


def kinds(request: ConsultationRequest) -> list[str]:
    return [event.kind for event in request.events.exclude(kind=Event.Kind.SUBMITTED)]


def test_the_corrected_number_is_the_one_on_the_page_and_on_the_desk() -> None:
    patient = PrivatePage()
    request = sends_again(patient, **OTHER)
    assert (request.phone, request.phone_as_typed) == ("+923219876543", "0321 9876543")
    text = patient.opens().one("main").text
    assert "We call the number that ends in 543." in text
    assert "678" not in text and "with other answers" not in text
    desk = Desk(request)
    page = desk.opens()
    assert page.all("a", href="tel:+923219876543") and not page.all("a", href="tel:+923012345678")
    assert "How to reach them corrected phone number by the patient" in desk.timeline()
    assert "Phone number: now 0321 9876543, before 0301 2345678" in desk.timeline()


def test_the_same_corrected_form_again_corrects_once(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@example.com"]
    patient = PrivatePage()
    for _ in range(3):
        request = sends_again(patient, **OTHER)
    assert kinds(request) == [Event.Kind.REACH_CORRECTED]
    assert request.events.last().detail == {"what": ["phone"]}
    assert request.notes.count() == 1
    assert request.unread_since
    told = OutgoingMessage.objects.get(kind="patient_wrote")
    assert "The patient has corrected the phone number." in told.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (BY_MAIL, "We write to your email address. If you do not answer, we call the number"),
        (BY_WHATSAPP, "We write on WhatsApp to the number that ends in 223."),
        ({"contact_method": "sms"}, "We send an SMS to the number that ends in 678."),
    ],
)
def test_another_way_of_contact_is_stored_and_told(changes: dict[str, str], words: str) -> None:
    patient = PrivatePage()
    request = sends_again(patient, **changes)
    assert {name: getattr(request, name) for name in changes} == changes
    assert kinds(request) == [Event.Kind.REACH_CORRECTED]
    assert words in patient.opens().one("main").text


def test_who_chooses_another_way_again_is_reached_so_and_the_address_is_not_kept() -> None:
    patient = PrivatePage(**BY_MAIL)
    request = sends_again(patient)
    assert (request.contact_method, request.email) == ("call", "")
    assert request.notes.get().text.splitlines() == [
        "Email: now none, before ayesha@example.com",
        "Way of contact: now Phone call, before Email",
    ]


def test_other_answers_stay_a_note_beside_the_correction() -> None:
    patient = PrivatePage()
    for _ in range(2):
        request = sends_again(patient, patient_age=35, **OTHER)
    assert request.patient_age == 34
    assert kinds(request) == [Event.Kind.REACH_CORRECTED, Event.Kind.ANSWERS_CHANGED]
    assert [note.text for note in request.notes.all()] == [
        "Phone number: now 0321 9876543, before 0301 2345678",
        "Patient’s age: now “35”, before “34”",
    ]
    page = patient.opens()
    inset = page.by_class("inset")[0]
    assert "we keep your first answers and what you changed" in inset.text
    assert next(link["href"] for link in inset.children if link.tag == "a") == "phone/"
    assert page.one("main").text.count("We have your note") == 0
    assert not patient.opens(done="note").all("p", id="done")


def test_a_mind_that_changes_back_is_followed() -> None:
    patient = PrivatePage()
    sends_again(patient, **OTHER)
    assert sends_again(patient).phone == "+923012345678"


@pytest.mark.parametrize("by", ["patient", "staff"])
def test_an_old_form_does_not_undo_what_was_corrected_since(by: str) -> None:
    patient = PrivatePage()
    if by == "patient":
        patient.fills_in("phone", phone="0333 1112223")
    else:
        to = contact_details.ContactDetails("+923331112223", "0333 1112223", "", "", "")
        optimistic_locking.correct_contact_details(patient.request, to, actor=a_coordinator(), version=0)
    request = sends_again(patient, message="It is worse.")
    assert request.phone == "+923331112223"
    request = sends_again(patient, **OTHER)
    assert request.phone == "+923331112223"
    # What cannot be corrected so is a note; the page says which number is called, and where to correct it.
    assert "Phone: now “0321 9876543”, before “0333 1112223”" in request.notes.last().text
    page = patient.opens()
    assert "We call the number that ends in 223." in page.one("main").text
    assert "phone/" in [link["href"] for link in page.by_class("inset")[0].children if link.tag == "a"]


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_what_is_closed_is_not_corrected(status: Status) -> None:
    patient = PrivatePage(status=status)
    request = sends_again(patient, **OTHER)
    assert request.phone == "+923012345678"
    assert kinds(request) == [Event.Kind.ANSWERS_CHANGED]


def test_a_wrong_number_is_right_once_it_was_corrected_in_the_form() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    sends_again(patient, **OTHER)
    assert contact_details.wrong_since(patient.now(), patient.now().events.all()) is None


def test_a_request_is_found_by_its_new_number_and_no_longer_by_the_former() -> None:
    patient = PrivatePage()
    request = sends_again(patient, **OTHER)
    assert list(ConsultationRequest.objects.search("0321 9876543")) == [request]
    assert not ConsultationRequest.objects.search("0301 2345678")


def test_sending_other_numbers_again_and_again_comes_to_an_end() -> None:
    patient = PrivatePage()
    for number in range(MOST_NOTES + 3):
        request = sends_again(patient, phone=f"+9232198765{number:02d}", phone_as_typed="")
    assert request.notes.count() == MOST_NOTES
    assert request.phone == f"+9232198765{MOST_NOTES - 1:02d}"


# The acknowledgement, for whoever gives an address only now


def acknowledged() -> list[str]:
    sent = OutgoingMessage.objects.filter(kind="acknowledgement", is_superseded=False).order_by("pk")
    return [message.to for message in sent]


def test_who_chooses_email_only_then_gets_the_acknowledgement_once() -> None:
    patient = PrivatePage()
    for _ in range(2):
        sends_again(patient, **BY_MAIL)
    (message,) = OutgoingMessage.objects.filter(kind="acknowledgement")
    assert message.to == "ayesha@example.com"
    assert patient.address in message.text


def test_a_mistyped_address_is_written_to_no_more_and_the_right_one_is() -> None:
    patient = PrivatePage(**BY_MAIL | {"email": "ayehsa@example.com"})
    sends_again(patient, **BY_MAIL)
    assert acknowledged() == ["ayesha@example.com"]


def test_nobody_can_have_many_strangers_written_to_with_one_form() -> None:
    patient = PrivatePage(**BY_MAIL)
    for number in range(10):
        sends_again(patient, contact_method="email", email=f"stranger{number}@example.com")
    assert OutgoingMessage.objects.filter(kind="acknowledgement").count() == 2


@pytest.mark.parametrize("status", [Status.CONTACTING, Status.PROPOSED, Status.CONFIRMED, Status.QUARANTINED])
def test_what_is_no_longer_true_is_not_acknowledged(status: Status) -> None:
    patient = PrivatePage(status=status)
    assert sends_again(patient, **BY_MAIL).email == "ayesha@example.com"
    assert not acknowledged()


def test_nor_is_a_promise_told_that_is_past() -> None:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False):
        patient = PrivatePage()
        late = timezone.now()
        ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
        sends_again(patient, **BY_MAIL)
    assert not acknowledged()
