"""Actions on the private page are performed once and confirmed."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle import staff_actions
from consultations.models import Event, Note
from consultations.workflow import Status
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage
from tests.factories import a_coordinator, version_of
from tests.pages import Page

pytestmark = pytest.mark.django_db

ANY_NUMBER = "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"
MOBILE = "Enter a mobile number, like 0301 2345678, or choose another way"


def confirmation(page: Page) -> str:
    """What the page says was just done; "" if nothing."""
    return "".join(element.text for element in page.all(id="done"))


def events(patient: PrivatePage, **values: object) -> int:
    return patient.request.events.filter(**values).count()


def test_action_pressed_twice_is_performed_once_and_confirmed() -> None:
    note = "It is worse\r\nsince Monday. 🤚 زخم\x00"
    for status in (Status.NEW, Status.CONTACTING, Status.CONFIRMED, Status.QUARANTINED):
        patient = PrivatePage(status=status)
        for action, sent, said in (
            ("note", {"text": note}, "We have your note."),
            ("contact", {"phone": "۰۳۲۱ ۷۶۵۴۹۸۷"}, "Saved. The phone number we have for you ends in 987."),
            ("withdraw", {}, "Your request is withdrawn."),
        ):
            for _press in range(2):
                patient.sends(action, **sent)
                assert confirmation(page := patient.is_led_back()) == said, (status, action)
        assert "You’ve withdrawn this request." in page.one("main").text
        assert (patient.now().status, patient.now().phone) == (Status.WITHDRAWN, "+923217654987")
        assert patient.request.notes.earliest("pk").text == "It is worse\nsince Monday. 🤚 زخم"
        for made in ({"kind": "note_added"}, {"kind": "contact_details_changed"}, {"to_status": "withdrawn"}):
            assert events(patient, **made) == 1, (status, made)


def test_note_needs_something_to_see() -> None:
    patient = PrivatePage()
    for nothing in ("", " \n ", "\x00", "\u200b \n\ufeff", "\u2060", "\u00ad", "\u0301", "\u3164", "\u2800"):
        page = patient.sends("note", text=nothing)
        assert page.by_class("error-message")[0].text == "Error: Write your note", repr(nothing)
    for long in ("w" * 1001, "w" * 1_000_000):
        page = patient.sends("note", text=long)
        assert page.by_class("error-message")[0].text.startswith("Error: Use 1,000")
    assert patient.response.status_code == 200 and not Note.objects.exists()
    for short in ("👍", "?", "7", "ہاں", "\U0001fae9"):
        patient.sends("note", text=short)
        assert Note.objects.latest("pk").text == short


def test_same_note_is_stored_again_once_read_or_later() -> None:
    patient = PrivatePage()
    patient.sends("note", text="Please call me.")
    staff_actions.acknowledge(patient.request, actor=a_coordinator(), version=version_of(patient.request))
    patient.sends("note", text="Please call me.")
    assert patient.now().unread_since is not None
    assert patient.request.notes.count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        patient.sends("note", text="Please call me.")
    assert patient.request.notes.count() == 3
    assert events(patient, kind=Event.Kind.NOTE_ADDED, actor=None) == 3


def test_phone_number_must_suit_the_contact_method() -> None:
    landline = "042 35761999"
    for answers, typed, error in (
        ({}, "0301 23", ANY_NUMBER),
        ({"contact_method": "sms"}, landline, MOBILE),
        ({"contact_method": "whatsapp"}, landline, MOBILE),
        ({}, landline, ""),
        ({"contact_method": "email", "email": "a@example.com"}, landline, ""),
    ):
        patient = PrivatePage(**answers)
        page = patient.sends("contact", phone=typed)
        if not error:
            patient.is_led_back()
            assert patient.now().phone == "+924235761999"
            continue
        assert patient.response.status_code == 200
        assert page.by_class("error-message")[0].text == f"Error: {error}"
        assert error in page.by_class("error-summary")[0].text
        assert page.one("title").text.startswith("Error: ")
        assert page.one("input", name="phone")["value"] == typed
        assert patient.now().phone == "+923012345678"


def test_everything_about_reaching_the_patient_is_changed_on_one_page() -> None:
    patient = PrivatePage(days=[0])
    page = patient.opens("contact")
    checked = {each["value"] for each in page.all("input") if "checked" in each.attributes}
    assert checked == {"call", "ur", "0"}
    assert "2345678" not in page.one("main").text.replace("0301 2345678", "")
    changes = {"contact_method": "email", "speaks": "other", "days": ["1", "2"], "parts_of_day": ["morning"]}
    page = patient.sends("contact", **changes, phone="0321 1112223")
    assert len(page.by_class("error-message")) == 2  # the address, and the language
    boxes = {each["value"] for each in page.all("input", name="days") if "checked" in each.attributes}
    assert boxes == {"1", "2"}
    sent = {**changes, "phone": "0321 1112223", "email": "a@example.com", "speaks_other": "Pashto"}
    for _press in range(2):
        patient.sends("contact", **sent)
        assert "Saved." in confirmation(patient.is_led_back())
    now = patient.now()
    assert (now.contact_method, now.email, now.phone) == ("email", "a@example.com", "+923211112223")
    assert (now.speaks_other, now.days, now.parts_of_day) == ("Pashto", [1, 2], ["morning"])
    assert events(patient, kind=Event.Kind.CONTACT_DETAILS_CHANGED) == 1
    note = patient.request.notes.get().text
    for line in (
        "Way of contact: now Email, before Call only",
        "Phone number: now 0321 1112223, before 0301 2345678",
        "Language: now Pashto, before Urdu",
        "Good days: now Tuesday, Wednesday, before Monday",
    ):
        assert line in note, note


def test_new_email_address_is_acknowledged_once_and_the_former_one_gets_a_notice() -> None:
    patient = PrivatePage(contact_method="email", email="ayesha@example.com", patient_name="Ayesha Khan")
    for _press in range(2):
        patient.sends("contact", email="khan@example.com")
        patient.is_led_back()
    messages = OutgoingMessage.objects.filter(kind__startswith="email_")
    new, former = messages.order_by("kind")
    assert (new.to, former.to) == ("khan@example.com", "ayesha@example.com")
    (link,) = [line for line in new.text.splitlines() if line.startswith("http")]
    assert Client().get(urlsplit(link).path).status_code == 200
    assert patient.request.reference in former.subject
    for secret in ("Khan", "khan@", "/r/", "2345678"):
        assert secret not in former.subject + former.text + former.html, secret
    assert "Khan" not in new.text
    patient.sends("contact", phone="0321 1112223")
    assert messages.count() == 2
    without = PrivatePage()
    without.sends("contact", email="bilal@example.com")
    assert messages.filter(about=without.request.reference).get().to == "bilal@example.com"


def test_offered_time_is_shown_and_accepted_once() -> None:
    patient = PrivatePage()
    patient.is_offered()
    page = patient.opens()
    assert "Dr. Ayesha Khan" in page.one("main").text and "10 am" in page.one("main").text
    form = patient.form_of("time")
    for _press in range(2):
        patient.sends("time", **form)
        assert confirmation(patient.is_led_back()) == "Your appointment is confirmed."
    assert patient.now().status == Status.CONFIRMED
    assert events(patient, kind=Event.Kind.TIME_AGREED) == 1


def test_agreed_time_shows_place_what_to_bring_and_how_to_cancel(sample_site: None) -> None:
    patient = PrivatePage()
    patient.is_offered(agreed=True)
    page = patient.opens()
    (panel,) = page.by_class("panel")
    assert panel.text.startswith("Confirmed ") and "With Dr." in panel.text and "Lahore" in panel.text
    headings = [heading.text for heading in page.all("h3")]
    assert headings == ["What to bring", "How to find us", "If you can’t come"]
    links = {link["href"] for link in page.all("a")}
    assert {"other-time/", "withdraw/"} <= links and "time/" not in links


def test_another_time_is_requested_once() -> None:
    for agreed in (True, False):
        patient = PrivatePage()
        patient.is_offered(days=3 + agreed, agreed=agreed)
        said = "We’ll look for another time and contact you."
        if agreed:
            said = "We’ll contact you about another time. Until then, you’ll keep your appointment."
        page = patient.opens("other-time")
        assert page.one("label", **{"for": "id_words"}).text == "When would suit you better? (optional)"
        form = page.hidden_fields()
        for _press in range(2):
            patient.sends("other-time", **form, words="After 5 pm, please.")
            assert confirmation(patient.is_led_back()) == said
        assert patient.now().status == (Status.CONFIRMED if agreed else Status.CONTACTING)
        assert [note.text for note in patient.request.notes.all()] == ["After 5 pm, please."]
        assert events(patient, kind=Event.Kind.TIME_REFUSED) == 1


def test_withdraw_cancels_the_appointment() -> None:
    patient = PrivatePage()
    patient.is_offered(agreed=True)
    assert "10 am" in patient.opens("withdraw").one("main").text
    patient.sends("withdraw")
    patient.is_led_back()
    PrivatePage().is_offered()  # the same time, with the same practitioner


def test_confirmation_needs_the_action_to_have_happened() -> None:
    patient = PrivatePage()
    # A corrected number leaves a note of its own, which the patient did not write.
    patient.sends("contact", phone="0321 7654987")
    others = [action for action in ACTIONS if action != "contact"]
    for done in (*others, "", "x", "<b>", "\x00", "w" * 5000, "WITHDRAW", "contact note"):
        assert confirmation(patient.opens(done=done)) == "", done


def test_confirmation_disappears_after_the_next_change() -> None:
    patient = PrivatePage()
    patient.is_offered()
    patient.fills_in("other-time")
    assert confirmation(patient.opens(done="other-time"))
    patient.is_offered(days=5)
    assert confirmation(patient.opens(done="other-time")) == ""
    patient.change(status=Status.WITHDRAWN)
    assert confirmation(patient.opens(done="other-time")) == confirmation(patient.opens(done="contact")) == ""


def test_form_of_another_site_is_refused() -> None:
    patient = PrivatePage()
    patient.is_offered()
    strict = type(patient.client)(enforce_csrf_checks=True)
    sent = {"version": patient.now().version, "text": "words", "phone": "0321 7654987"}
    for action in ACTIONS:
        assert strict.post(patient.address_of(action), sent).status_code == 403, action
    assert patient.now().status == Status.PROPOSED and not Note.objects.exists()
