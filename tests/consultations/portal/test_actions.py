"""What a patient does on the private page is done, once, and confirmed there."""

from datetime import timedelta
from typing import Any

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
def test_a_request_is_withdrawn_and_pressing_twice_withdraws_once(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.sends("withdraw")
        page = patient.is_led_back()
        assert confirmation(page) == "Your request is withdrawn."
        assert "You have withdrawn this request." in page.one("main").text
    assert patient.now().status == Status.WITHDRAWN
    assert Event.objects.filter(to_status=Status.WITHDRAWN).count() == 1


@pytest.mark.parametrize("status", [Status.NEW, Status.QUARANTINED])
def test_a_note_is_added_and_pressing_twice_adds_one(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.fills_in("note", text="It is worse\r\nsince Monday. 🤚 زخم\x00")
        assert confirmation(patient.is_led_back()) == "We have your note."
    assert [note.text for note in patient.request.notes.all()] == ["It is worse\nsince Monday. 🤚 زخم"]


@pytest.mark.parametrize(
    "nothing", ["\u200b", "\u200b \n\ufeff", "\u2060", "\u00ad", "\u0301", "\u3164", "\u2800"]
)
def test_a_note_of_nothing_that_can_be_seen_is_no_note(nothing: str) -> None:
    patient = PrivatePage()
    page = patient.fills_in("note", text=nothing)
    assert page.by_class("error-message")[0].text == "Error: Write your note"
    assert not Note.objects.exists()


@pytest.mark.parametrize("short", ["👍", "?", "7", "ہاں", "\U0001fae9"])
def test_a_note_may_be_one_sign(short: str) -> None:
    patient = PrivatePage()
    patient.fills_in("note", text=short)
    assert Note.objects.get().text == short


def test_the_same_words_are_heard_again_once_they_were_read_or_some_time_later() -> None:
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
def test_the_phone_number_is_corrected_however_it_is_written(status: Status) -> None:
    patient = PrivatePage(status=status)
    for _press in range(2):
        patient.fills_in("phone", phone="۰۳۲۱ ۷۶۵۴۹۸۷")
        assert confirmation(patient.is_led_back()) == "The phone number we have for you ends in 987."
    assert patient.now().phone == "+923217654987"
    assert Event.objects.filter(kind=Event.Kind.PHONE_CORRECTED).count() == 1


@pytest.mark.parametrize(
    ("answers", "typed", "sentence"),
    [
        ({}, "", "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"),
        ({}, "0301 23", "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"),
        ({"contact_method": "sms"}, "042 35761999", "Enter a mobile number, like 0301 2345678"),
        ({"contact_method": "whatsapp"}, "042 35761999", "Enter a mobile number, like 0301 2345678"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_and_stays_as_typed(
    answers: dict[str, Any], typed: str, sentence: str
) -> None:
    patient = PrivatePage(**answers)
    page = patient.fills_in("phone", phone=typed)
    assert patient.response.status_code == 200
    assert page.by_class("error-message")[0].text == f"Error: {sentence}"
    assert sentence in page.by_class("error-summary")[0].text
    assert page.one("title").text.startswith("Error: ")
    assert page.one("input", name="phone")["value"] == typed
    assert patient.now().phone == "+923012345678"


@pytest.mark.parametrize(
    "answers",
    [{}, {"contact_method": "whatsapp", "whatsapp": "+923217654987"}, {"contact_method": "email"}],
)
def test_a_landline_will_do_where_nobody_writes_to_it(answers: dict[str, Any]) -> None:
    patient = PrivatePage(**{"email": "a@example.com"} | answers)
    patient.fills_in("phone", phone="042 35761999")
    patient.is_led_back()
    assert patient.now().phone == "+924235761999"


def test_an_offered_time_is_read_and_agreed_to() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    page = patient.opens()
    assert "Dr. Ayesha Khan" in page.one("main").text and "10am" in page.one("main").text
    for _press in range(2):
        patient.sends("time", appointment=appointment.pk)
        assert confirmation(patient.is_led_back()) == "Thank you. The time is agreed."
    assert patient.now().status == Status.CONFIRMED
    assert Event.objects.filter(kind=Event.Kind.TIME_AGREED).count() == 1


def test_an_agreed_time_says_where_to_come_what_to_bring_and_how_to_cancel(sample_site: None) -> None:
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
def test_another_time_is_asked_for_and_pressing_twice_asks_once(agreed: bool) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered(agreed=agreed)
    for _press in range(2):
        patient.sends("other-time", appointment=appointment.pk, words="After 5pm, please.")
        assert confirmation(patient.is_led_back()) == "We look for another time, and contact you."
    assert patient.now().status == Status.CONTACTING
    assert [note.text for note in Note.objects.all()] == ["After 5pm, please."]
    assert Event.objects.filter(kind=Event.Kind.TIME_REFUSED).count() == 1


def test_withdrawing_gives_the_time_back() -> None:
    patient = PrivatePage()
    patient.is_offered(agreed=True)
    assert "10am" in patient.opens("withdraw").one("main").text
    patient.sends("withdraw")
    patient.is_led_back()
    other = PrivatePage()
    other.is_offered()  # the same time, with the same practitioner


@pytest.mark.parametrize("done", ["withdraw", "note", "photographs", "time", "other-time"])
def test_an_address_that_says_something_was_done_does_not_make_it_so(done: str) -> None:
    patient = PrivatePage()
    assert confirmation(patient.opens(done=done)) == ""
    # A corrected number leaves a note of its own, which is none of the patient's words.
    patient.fills_in("phone", phone="0321 7654987")
    assert confirmation(patient.opens(done=done)) == ""


@pytest.mark.parametrize("done", ["", "x", "<b>", "\x00", "w" * 5000, "WITHDRAW", "phone note"])
def test_an_address_can_put_no_words_of_its_own_on_the_page(done: str) -> None:
    assert confirmation(PrivatePage().opens(done=done)) == ""


def test_what_was_done_is_not_said_any_more_once_the_clinic_has_moved_on() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    patient.sends("other-time", appointment=appointment.pk)
    assert confirmation(patient.opens(done="other-time"))
    patient.is_offered(days=5)
    assert confirmation(patient.opens(done="other-time")) == ""
    ConsultationRequest.objects.update(status=Status.WITHDRAWN)
    assert confirmation(patient.opens(done="other-time")) == confirmation(patient.opens(done="phone")) == ""


@pytest.mark.parametrize("action", ["withdraw", "phone", "note", "photographs", "time", "other-time"])
def test_a_form_that_another_site_sends_is_refused(action: str) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    strict = type(patient.client)(enforce_csrf_checks=True)
    sent = {"appointment": appointment.pk, "text": "words", "phone": "0321 7654987"}
    assert strict.post(patient.address_of(action), sent).status_code == 403
    assert patient.now().status == Status.PROPOSED and not Note.objects.exists()
