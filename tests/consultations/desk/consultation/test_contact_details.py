"""How to reach a patient is corrected by the staff; a number that was found wrong is marked until then."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest, Disclosure, Event, Note
from consultations.phone_numbers import parse
from consultations.portal import actions
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

WRONG = "Wrong number, recorded on"


def corrects(desk: Desk, **sent: str) -> Any:
    """Send the form with what stands in it, but for what is given here."""
    page = desk.page
    stood = {
        name: page.one("input", id=f"contact-{name}")["value"] for name in ("phone", "whatsapp", "email")
    }
    return desk.presses("contact-details", **(stood | sent))


@pytest.mark.parametrize("typed", ["0321 7654987", "+92-321-7654987", "۰۳۲۱ ۷۶۵۴۹۸۷"])
def test_a_number_is_corrected_however_it_is_written(desk: Desk, typed: str) -> None:
    desk.opens()
    page = corrects(desk, phone=typed)
    assert not desk.problem
    assert "Contact details corrected." in page.by_class("messagelist")[0].text
    assert desk.stored().phone == "+923217654987"
    assert [found.pk for found in ConsultationRequest.objects.search("0321 7654987")] == [desk.request.pk]
    assert not ConsultationRequest.objects.search("0301 2345678")
    event = Event.objects.get(kind="contact_details_corrected")
    assert (event.actor, event.detail) == (desk.user, {"what": ["phone"]})
    assert "Contact details corrected phone number by coordinator" in desk.timeline()
    note = Note.objects.get()
    assert (note.author, note.text) == (desk.user, "Phone number: now 0321 7654987, before 0301 2345678")


def test_whatsapp_and_email_are_corrected_and_taken_away(desk: Desk) -> None:
    desk.opens()
    corrects(desk, whatsapp="0333 1234567", email="ayesha@example.com")
    assert (desk.stored().whatsapp, desk.stored().email) == ("+923331234567", "ayesha@example.com")
    assert [found.pk for found in ConsultationRequest.objects.search("0333 1234567")] == [desk.request.pk]
    desk.opens()
    corrects(desk, whatsapp="", email="")
    assert (desk.stored().whatsapp, desk.stored().whatsapp_as_typed, desk.stored().email) == ("", "", "")
    what = [event.detail["what"] for event in Event.objects.filter(kind="contact_details_corrected")]
    assert what == [["whatsapp", "email"]] * 2
    assert "WhatsApp number: now none, before 0333 1234567" in Note.objects.latest("pk").text


def test_no_event_holds_a_number_or_an_address(desk: Desk) -> None:
    desk.opens()
    corrects(desk, phone="0321 7654987", whatsapp="0333 1234567", email="ayesha@example.com")
    details = str(list(Event.objects.values_list("detail", flat=True)))
    assert not any(told in details for told in ("7654987", "2345678", "1234567", "example.com"))


@pytest.mark.parametrize(
    ("answers", "sent", "field", "says"),
    [
        ({}, {"phone": ""}, "phone", "Enter one phone number"),
        ({}, {"phone": "0301 23"}, "phone", "Enter one phone number"),
        ({}, {"whatsapp": "042 35761999"}, "whatsapp", "Enter a mobile number"),
        ({}, {"email": "ayesha@"}, "email", "Enter an email address"),
        ({"contact_method": "sms"}, {"phone": "042 35761999"}, "phone", "Enter a mobile number"),
        ({"contact_method": "whatsapp"}, {"phone": "042 35761999"}, "phone", "Enter a mobile number"),
        ({"contact_method": "email", "email": "a@example.com"}, {"email": ""}, "email", "Enter an email"),
    ],
)
def test_what_cannot_be_used_is_refused_and_stays_as_typed(
    answers: dict[str, str], sent: dict[str, str], field: str, says: str
) -> None:
    desk = Desk(a_request(**answers))
    desk.opens()
    page = corrects(desk, **sent)
    assert desk.response.status_code == 400
    typed = page.one("input", id=f"contact-{field}")
    assert typed["value"] == sent[field]
    assert typed["aria-describedby"] == f"contact-{field}-error"
    assert says in page.one("span", id=f"contact-{field}-error").text
    assert "open" in page.by_class("correct-contact")[0].attributes
    assert not Event.objects.filter(kind="contact_details_corrected").exists()


def test_of_two_who_correct_one_is_told_and_keeps_what_they_typed(desk: Desk) -> None:
    other = Desk(desk.request, a_colleague())
    desk.opens(), other.opens()
    corrects(other, phone="0321 7654987")
    page = corrects(desk, phone="0322 7654987")
    assert desk.response.status_code == 409
    assert desk.problem.startswith("Someone else has just changed this request.")
    assert page.one("input", id="contact-phone")["value"] == "0322 7654987"
    assert desk.stored().phone == "+923217654987"


def test_a_number_that_the_patient_corrected_meanwhile_is_not_written_over(desk: Desk) -> None:
    desk.opens()
    actions.correct_phone(desk.request, parse("0321 7654987"))
    corrects(desk, email="ayesha@example.com")
    assert desk.response.status_code == 409
    assert (desk.stored().phone, desk.stored().email) == ("+923217654987", "")


def test_one_press_that_arrives_twice_corrects_once(desk: Desk) -> None:
    desk.opens()
    for _press in range(2):
        desk.presses("contact-details", phone="0321 7654987", whatsapp="", email="")
        assert not desk.problem
    assert Event.objects.filter(kind="contact_details_corrected").count() == Note.objects.count() == 1


def test_messages_that_nobody_was_told_of_give_the_right_number() -> None:
    desk = Desk(a_request(contact_method="email", email="a@example.com"))
    message = OutgoingMessage.objects.filter(kind="acknowledgement")
    message.update(failed_at=timezone.now(), last_error="550")
    desk.opens()
    corrects(desk, phone="0321 7654987")
    assert message.get().phone_for_staff == "+923217654987"
    actions.correct_phone(desk.stored(), parse("0322 7654987"))
    assert message.get().phone_for_staff == "+923227654987"


def test_whoever_may_only_look_corrects_nothing() -> None:
    user = staff(email="looks@clinic.example")
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    desk = Desk(a_request(), user)
    assert not desk.opens().by_class("correct-contact")
    assert desk.client.post(desk.address("contact-details/"), {"phone": "0321 7654987"}).status_code == 403


# A wrong number


def test_a_wrong_number_is_marked_until_it_is_corrected(desk: Desk) -> None:
    assert WRONG not in desk.opens().one("body").text
    desk.presses("contact", outcome="wrong_number")
    mark = next(found for found in desk.opens().by_class("say-nothing") if WRONG in found.text)
    assert mark.text.endswith("Correct it first.")
    desk.presses("contact", outcome="no_answer")
    desk.opens()
    corrects(desk, email="ayesha@example.com")
    assert WRONG in desk.opens().one("body").text
    corrects(desk, phone="0321 7654987")
    assert WRONG not in desk.opens().one("body").text


def test_a_correction_by_the_patient_takes_the_mark_away_too(desk: Desk) -> None:
    desk.opens()
    desk.presses("contact", outcome="wrong_number")
    actions.correct_phone(desk.request, parse("0321 7654987"))
    assert WRONG not in desk.opens().one("body").text


def test_a_number_that_a_colleague_has_just_corrected_is_not_marked(desk: Desk) -> None:
    other = Desk(desk.request, a_colleague())
    desk.opens(), other.opens()
    corrects(other, phone="0321 7654987")
    desk.presses("contact", outcome="wrong_number", text="It is a shop.")
    assert desk.response.status_code == 409
    assert desk.problem.startswith("Someone else has just changed this request.")
    assert WRONG not in desk.opens().one("body").text
    desk.presses("contact", outcome="wrong_number")
    assert WRONG in desk.opens().one("body").text


def test_a_wrong_press_on_wrong_number_can_be_taken_back(desk: Desk) -> None:
    desk.opens()
    desk.presses("contact", outcome="wrong_number")
    desk.opens()
    corrects(desk, is_right="on")
    assert WRONG not in desk.opens().one("body").text
    assert "Contact details corrected the number is right after all by coordinator" in desk.timeline()
    assert not Note.objects.exists()


# On the way to a chat


def test_who_is_led_to_a_chat_has_seen_the_number() -> None:
    desk = Desk(a_request(contact_method="whatsapp"))
    answer = desk.client.get(desk.address("whatsapp/"))
    assert "923012345678" in answer["Location"]
    row = Disclosure.objects.get()
    assert (row.request_id, row.actor, row.kind) == (desk.request.pk, desk.user, Disclosure.Kind.OPENED)
