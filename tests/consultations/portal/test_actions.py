"""Actions on the private page are performed once and confirmed."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest, Event, Note
from consultations.workflow import Status
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator

pytestmark = pytest.mark.django_db


def confirmation(page: Page) -> str:
    """What the page says was just done; "" if nothing."""
    return next((element.text for element in page.elements if element["id"] == "done"), "")


@pytest.mark.parametrize("status", [Status.NEW, Status.CONTACTING, Status.CONFIRMED, Status.QUARANTINED])
def test_withdraw_is_idempotent(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.sends("withdraw")
        page = patient.is_led_back()
        assert confirmation(page) == "Your request is withdrawn."
        assert "You have withdrawn this request." in page.one("main").text
    assert patient.now().status == Status.WITHDRAWN
    assert Event.objects.filter(to_status=Status.WITHDRAWN).count() == 1


@pytest.mark.parametrize("status", [Status.NEW, Status.QUARANTINED])
def test_add_note_twice_stores_one(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.fills_in("note", text="It is worse\r\nsince Monday. 🤚 زخم\x00")
        assert confirmation(patient.is_led_back()) == "We have your note."
    assert [note.text for note in patient.request.notes.all()] == ["It is worse\nsince Monday. 🤚 زخم"]


def test_invisible_note_is_refused() -> None:
    for nothing in ["\u200b", "\u200b \n\ufeff", "\u2060", "\u00ad", "\u0301", "\u3164", "\u2800"]:
        patient = PrivatePage()
        page = patient.fills_in("note", text=nothing)
        assert page.by_class("error-message")[0].text == "Error: Write your note"
        assert not Note.objects.exists()


@pytest.mark.parametrize("short", ["👍", "?", "7", "ہاں", "\U0001fae9"])
def test_note_may_be_one_character(short: str) -> None:
    patient = PrivatePage()
    patient.fills_in("note", text=short)
    assert Note.objects.get().text == short


def test_same_note_is_stored_again_once_read_or_later() -> None:
    patient = PrivatePage()
    patient.fills_in("note", text="Please call me.")
    staff_actions.acknowledge(patient.request, actor=a_coordinator())
    patient.fills_in("note", text="Please call me.")
    assert patient.now().unread_since is not None
    assert patient.request.notes.count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        patient.fills_in("note", text="Please call me.")
    assert patient.request.notes.count() == 3
    assert Event.objects.filter(kind=Event.Kind.NOTE_ADDED, actor=None).count() == 3


@pytest.mark.parametrize("status", [Status.NEW, Status.QUARANTINED])
def test_phone_is_corrected_in_any_spelling(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.fills_in("phone", phone="۰۳۲۱ ۷۶۵۴۹۸۷")
        assert confirmation(patient.is_led_back()) == "The phone number we have for you ends in 987."
    assert patient.now().phone == "+923217654987"
    assert Event.objects.filter(kind=Event.Kind.PHONE_CORRECTED).count() == 1


def test_unusable_number_is_refused_and_stays_as_typed() -> None:
    for answers, typed, sentence in [
        ({}, "", "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"),
        ({}, "0301 23", "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"),
        ({"contact_method": "sms"}, "042 35761999", "Enter a mobile number, like 0301 2345678"),
        ({"contact_method": "whatsapp"}, "042 35761999", "Enter a mobile number, like 0301 2345678"),
    ]:
        patient = PrivatePage(**answers)
        page = patient.fills_in("phone", phone=typed)
        assert patient.response.status_code == 200
        assert page.by_class("error-message")[0].text == f"Error: {sentence}"
        assert sentence in page.by_class("error-summary")[0].text
        assert page.one("title").text.startswith("Error: ")
        assert page.one("input", name="phone")["value"] == typed
        assert patient.now().phone == "+923012345678"


def test_landline_is_accepted_without_messages() -> None:
    for answers in [
        {},
        {"contact_method": "whatsapp", "whatsapp": "+923217654987"},
        {"contact_method": "email"},
    ]:
        patient = PrivatePage(**{"email": "a@example.com"} | answers)
        patient.fills_in("phone", phone="042 35761999")
        patient.is_led_back()
        assert patient.now().phone == "+924235761999"


def test_offered_time_is_shown_and_accepted() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    page = patient.opens()
    assert "Dr. Ayesha Khan" in page.one("main").text and "10 am" in page.one("main").text
    for _press in range(2):
        patient.sends("time", appointment=appointment.pk)
        assert confirmation(patient.is_led_back()) == "Thank you. The time is agreed."
    assert patient.now().status == Status.CONFIRMED
    assert Event.objects.filter(kind=Event.Kind.TIME_AGREED).count() == 1


def test_agreed_time_shows_place_what_to_bring_and_how_to_cancel(sample_site: None) -> None:
    patient = PrivatePage()
    patient.is_offered(agreed=True)
    page = patient.opens()
    assert [heading.text for heading in page.all("h2")][:4] == [
        "What happens next",
        "Where to come",
        "What to bring",
        "If you cannot come",
    ]
    (place,) = [element for element in page.one("main").children if element.tag == "address"]
    assert "Lahore" in place.text
    assert {"other-time/", "withdraw/"} <= {link["href"] for link in page.all("a")}
    assert "time/" not in {link["href"] for link in page.all("a")}


@pytest.mark.parametrize("agreed", [True, False], ids=["agreed", "offered"])
def test_request_another_time_is_idempotent(agreed: bool) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered(agreed=agreed)
    for _press in range(2):
        patient.sends("other-time", appointment=appointment.pk, words="After 5 pm, please.")
        assert confirmation(patient.is_led_back()) == "We’ll look for another time and contact you."
    assert patient.now().status == Status.CONTACTING
    assert [note.text for note in Note.objects.all()] == ["After 5 pm, please."]
    assert Event.objects.filter(kind=Event.Kind.TIME_REFUSED).count() == 1


def test_withdraw_cancels_the_appointment() -> None:
    patient = PrivatePage()
    patient.is_offered(agreed=True)
    assert "10 am" in patient.opens("withdraw").one("main").text
    patient.sends("withdraw")
    patient.is_led_back()
    other = PrivatePage()
    other.is_offered()  # the same time, with the same practitioner


def test_confirmation_needs_the_action_to_have_happened() -> None:
    for done in ["withdraw", "note", "attachments", "time", "other-time"]:
        patient = PrivatePage()
        assert confirmation(patient.opens(done=done)) == ""
        # A corrected number leaves a note of its own, which is none of the patient's words.
        patient.fills_in("phone", phone="0321 7654987")
        assert confirmation(patient.opens(done=done)) == ""


def test_query_text_is_never_shown() -> None:
    for done in ["", "x", "<b>", "\x00", "w" * 5000, "WITHDRAW", "phone note"]:
        assert confirmation(PrivatePage().opens(done=done)) == ""


def test_confirmation_disappears_after_the_next_change() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    patient.sends("other-time", appointment=appointment.pk)
    assert confirmation(patient.opens(done="other-time"))
    patient.is_offered(days=5)
    assert confirmation(patient.opens(done="other-time")) == ""
    ConsultationRequest.objects.update(status=Status.WITHDRAWN)
    assert confirmation(patient.opens(done="other-time")) == confirmation(patient.opens(done="phone")) == ""


@pytest.mark.parametrize("action", ["withdraw", "phone", "note", "attachments", "time", "other-time"])
def test_form_of_another_site_is_refused(action: str) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    strict = type(patient.client)(enforce_csrf_checks=True)
    sent = {"appointment": appointment.pk, "text": "words", "phone": "0321 7654987"}
    assert strict.post(patient.address_of(action), sent).status_code == 403
    assert patient.now().status == Status.PROPOSED and not Note.objects.exists()
