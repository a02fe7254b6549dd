"""Contact details corrected by staff; a wrong number is marked until it is corrected."""

from typing import Any

import pytest
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest, Event, Note
from consultations.phone_numbers import parse
from consultations.portal import actions
from tests.consultations.desk.consultation.request_pages import SOMEONE_ELSE, Desk
from tests.factories import a_request
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db

WRONG = "Wrong number, recorded on"


def corrects(desk: Desk, **changes: str) -> Any:
    """Send the form of the page on the screen with these changes."""
    page = desk.page
    fields = ("phone", "email")
    shown = {name: page.one("input", id=f"contact-{name}")["value"] for name in fields}
    if "checked" in page.one("input", id="contact-shared").attributes:
        shown["phone_is_shared"] = "on"
    return desk.presses("contact-details", **(shown | changes))


def corrections() -> list[dict[str, Any]]:
    return [event.detail for event in Event.objects.filter(kind="contact_details_corrected").order_by("pk")]


def found(number: str) -> list[int]:
    return list(ConsultationRequest.objects.search(number).values_list("pk", flat=True))


def test_corrected_number_replaces_the_former_everywhere(desk: Desk) -> None:
    message = a_message(about=desk.request.reference, phone_for_staff=desk.request.phone)
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now())
    desk.opens()
    for typed in ("0321 7654987", "+92-321-7654987", "۰۳۲۱ ۷۶۵۴۹۸۷"):  # one press, repeated
        corrects(desk, phone=typed)
        assert not desk.problem, typed
    assert "The contact details were already the same." in desk.message
    assert desk.stored().phone == "+923217654987"
    assert found("0321 7654987") == [desk.request.pk] and found("0301 2345678") == []
    assert corrections() == [{"what": ["phone"]}]
    assert "Contact details corrected phone number by coordinator" in desk.timeline()
    note = Note.objects.get()
    assert (note.author, note.text) == (desk.user, "Phone number: now 0321 7654987, before 0301 2345678")
    message.refresh_from_db()
    assert message.phone_for_staff == "+923217654987"
    actions.change_contact_details(desk.stored(), parse("0322 7654987").fields())
    message.refresh_from_db()
    assert message.phone_for_staff == "+923227654987"


def test_extension_and_email_are_corrected_and_removed(desk: Desk) -> None:
    desk.opens()
    corrects(desk, phone="0301 2345678 ext 204", email="ayesha@example.com")
    assert "Contact details corrected." in desk.message
    assert (desk.stored().phone_extension, desk.stored().email) == ("204", "ayesha@example.com")
    desk.looks()
    assert "0301 2345678 ext. 204" in desk.page.one("main").text
    corrects(desk, phone="0301 2345678", email="")
    assert (desk.stored().phone_extension, desk.stored().email) == ("", "")
    assert corrections() == [{"what": ["phone_extension", "email"]}] * 2  # no number, no address
    assert "Extension: now none, before 204" in Note.objects.latest("pk").text


def test_staff_record_who_else_uses_the_phone(desk: Desk) -> None:
    desk.request = a_request(may_identify_clinic="yes")
    desk.opens()
    corrects(desk, phone="0321 7654987", phone_is_shared="on")
    assert (desk.stored().phone_is_shared, desk.stored().may_identify_clinic) == (True, "no")
    assert corrections() == [{"what": ["phone", "phone_is_shared", "may_identify_clinic"]}]
    assert "Others use this phone: now Yes, before No" in Note.objects.get().text
    assert "Do not say who is calling." in desk.opens().one("main").text
    corrects(desk, email="ayesha@example.com")
    assert desk.stored().phone_is_shared
    desk.opens()
    desk.presses("contact-details", phone="0321 7654987", email="ayesha@example.com")
    assert (desk.stored().phone_is_shared, desk.stored().may_identify_clinic) == (False, "yes")
    with_consent = a_request(phone_is_shared=True, may_identify_clinic="yes")
    desk.request = with_consent
    desk.opens()
    corrects(desk, phone="0321 7654988")
    assert desk.stored().may_identify_clinic == "yes"


def test_unusable_details_are_refused_and_stay_as_typed(desk: Desk) -> None:
    landline, email = "042 35761999", {"contact_method": "email", "email": "a@example.com"}
    cases: list[tuple[dict[str, str], str, str, str]] = [
        ({}, "phone", "", "Enter one phone number"),
        ({}, "phone", "0301 23", "Enter one phone number"),
        ({}, "email", "ayesha@", "Enter an email address"),
        ({"contact_method": "sms"}, "phone", landline, "Enter a mobile number"),
        ({"contact_method": "whatsapp"}, "phone", landline, "Enter a mobile number"),
        (email, "email", "", "Enter an email"),
    ]
    for answers, name, value, error in cases:
        desk.request = a_request(**answers)
        desk.opens()
        page = corrects(desk, **{name: value})
        assert desk.response.status_code == 400, (name, value)
        typed = page.one("input", id=f"contact-{name}")
        assert (typed["value"], typed["aria-describedby"]) == (value, f"contact-{name}-error")
        assert error in page.one("span", id=f"contact-{name}-error").text
        assert "open" in page.by_class("correct-contact")[0].attributes
    assert corrections() == []


def test_second_of_two_corrections_is_refused_and_stays_as_typed(desk: Desk, other: Desk) -> None:
    desk.opens(), other.opens()
    corrects(other, phone="0321 7654987")
    page = corrects(desk, phone="0322 7654987")
    assert desk.response.status_code == 409
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert page.one("input", id="contact-phone")["value"] == "0322 7654987"
    desk.opens()
    actions.change_contact_details(desk.stored(), parse("0323 7654987").fields())
    corrects(desk, email="ayesha@example.com")
    assert desk.response.status_code == 409
    assert (desk.stored().phone, desk.stored().email) == ("+923237654987", "")


def test_wrong_number_is_marked_until_corrected(desk: Desk) -> None:
    assert WRONG not in desk.opens().one("body").text
    page = desk.presses("contact", outcome="wrong_number")
    mark = next(found for found in page.by_class("say-nothing") if WRONG in found.text)
    assert mark.text.endswith("Correct it first.")
    desk.looks()
    corrects(desk, email="ayesha@example.com")
    assert WRONG in desk.page.one("body").text
    desk.looks()
    corrects(desk, phone="0321 7654987")
    assert WRONG not in desk.page.one("body").text
    desk.looks()
    assert WRONG in desk.presses("contact", outcome="wrong_number").one("body").text
    actions.change_contact_details(desk.stored(), parse("0322 7654987").fields())
    assert WRONG not in desk.opens().one("body").text


def test_wrong_number_press_can_be_taken_back(desk: Desk) -> None:
    desk.presses("contact", outcome="wrong_number")
    desk.looks()
    page = corrects(desk, is_right="on")
    assert WRONG not in page.one("body").text
    assert "Contact details corrected the number is right after all by coordinator" in desk.timeline()
    assert not Note.objects.exists()


def test_number_corrected_meanwhile_is_not_marked_wrong(desk: Desk, other: Desk) -> None:
    other.opens()
    corrects(other, phone="0321 7654987")
    page = desk.presses("contact", outcome="wrong_number", text="It is a shop.")
    assert desk.response.status_code == 409
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert WRONG not in page.one("body").text
