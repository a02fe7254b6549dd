"""From the first page to the private page, without JavaScript."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from consultations.models import ConsultationRequest, Note, PrivacyNotice
from consultations.tokens import SubmissionKey
from tests.consultations.conftest import FORM, Patient, stored_request
from tests.factories import a_notice, form_data
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_form_begins_with_the_question_about_an_emergency(patient: Patient) -> None:
    page = patient.opens()
    assert "Bleeding doesn’t stop" in patient.text, "also without published content"
    help_now, no = page.by_class("first")[0].all()[-2:]
    assert (help_now["href"], no["href"]) == ("/emergency/", "#questions")
    assert page.one("p", id="questions").text == "An emergency after all? Call 1122 First aid"


def test_source_page_is_a_page_of_this_site_and_no_private_one(client: Client, notice: PrivacyNotice) -> None:
    for referer, source in [
        ("http://testserver/procedures/nerve-repair/?x=1", "/procedures/nerve-repair/"),
        ("http://testserver/", "/"),
        ("http://elsewhere.example/procedures/", ""),
        ("http://testserver/r/abcdefgh/", ""),
        ("http://[", ""),
        ("", ""),
    ]:
        page = read(client.get(FORM, headers={"referer": referer}))
        assert page.one("input", name="source_page").get("value") == source, referer


def test_the_whole_way_stores_what_was_typed(patient: Patient) -> None:
    page = patient.opens()
    page = patient.posts(page.hidden_fields() | form_data(patient_age="۷", phone="۰۳۰۱ ۲۳۴ ۵۶۷۸"))
    assert "We get your request when you press “Send request”." in patient.text, "also after Back"
    page = patient.presses("change", "phone")
    assert not ConsultationRequest.objects.exists()
    assert not patient.client.session.keys()
    patient.posts(page.hidden_fields() | form_data(patient_age="۷", phone="۰۳۲۱ ۹۸۷ ۶۵۴۳"))
    address = patient.confirms()
    request = stored_request()
    assert (request.patient_name, request.patient_age, request.phone) == ("علی خان", 7, "+923219876543")
    assert (request.requester_name, request.relationship) == ("Ayesha Khan", "guardian")
    assert request.message == "He cut his hand on glass.\nTwo fingers feel numb."
    assert (request.language, request.phone_as_typed) == ("en", "۰۳۲۱ ۹۸۷ ۶۵۴۳")
    page = patient.opens(address)
    assert request.reference in page.by_class("panel")[0].text
    assert "You don’t have an appointment yet." in patient.text


def test_answers_are_shown_in_four_groups_each_with_a_way_to_change_it(patient: Patient) -> None:
    page = patient.answers(contact_method="email", email="a@example.com", days=["0"])
    groups = {
        group.all()[1].text: [child.text for child in group.all() if child.tag in ("dt", "dd")]
        for group in page.by_class("group")
    }
    assert groups == {
        "Who": [
            *("Who needs the consultation?", "My child", "Your name", "Ayesha Khan"),
            *("Your relationship to the patient", "guardian"),
            *("Patient’s full name", "علی خان", "Patient’s age", "7"),
        ],
        "Problem": [
            *("What happened?", "I’m not sure", "When did it start?", "1 to 7 days ago"),
            *("In your own words", "He cut his hand on glass. Two fingers feel numb."),
        ],
        "Contact": [
            *("Your phone number", "0301 2345678", "Other people use this phone", "Yes"),
            *("If someone else answers or reads a message, may we say who we are?", "No"),
            *("How should we contact you?", "Email", "Email address", "a@example.com"),
            *("What language do you prefer?", "Urdu"),
        ],
        "Extras": ["Best days", "Monday"],
    }
    changes = [button.text for button in page.all("button", name="change")]
    assert changes == [f"Change: {heading}" for heading in groups]
    page = patient.answers(phone_is_shared=None, may_identify_clinic=None, message="", patient_age="8 months")
    assert "8 months" in [answer.text for answer in page.all("dd")]
    assert "may we say who we are" not in patient.text and "In your own words" not in patient.text


def test_change_leads_back_to_the_question_with_every_answer_kept(patient: Patient) -> None:
    check = patient.answers().hidden_fields()
    for name in ("for_whom", "about", "phone", "days", "message", "onset"):
        page = patient.posts(check | {"change": name})
        (focused,) = [element for element in page.all() if "autofocus" in element.attributes]
        assert focused["name"] == name
        assert not page.by_class("error-summary")
    kept = page.hidden_fields()
    for control in page.all("input"):
        if control["type"] not in ("radio", "checkbox"):
            kept[control["name"]] = control.get("value")
        elif "checked" in control.attributes:
            kept[control["name"]] = control.get("value") or "on"
    assert form_data(message=None, onset=None).items() <= kept.items()
    assert "He cut his hand on glass." in page.one("textarea", name="message").text
    (onset,) = [
        option for option in page.one("select", name="onset").all() if "selected" in option.attributes
    ]
    assert onset["value"] == "2"
    for name in ("key", "csrfmiddlewaretoken", "nothing"):
        page = patient.posts(check | {"change": name})
        assert not [element for element in page.all() if "autofocus" in element.attributes], name


def test_slip_in_an_email_address_is_asked_about_and_corrected_by_one_press(patient: Patient) -> None:
    for typed, meant in {
        "a@gmial.com": "a@gmail.com",
        "a@gmai.com": "a@gmail.com",
        "A@Gmail.con": "A@gmail.com",
        "a@yaho.com": "a@yahoo.com",
        "a@hotmial.com": "a@hotmail.com",
        "a@outlok.com": "a@outlook.com",
        **dict.fromkeys(("a@gmail.com", "a@ymail.com", "a@mail.com", "a@example.com", "a@lums.edu.pk"), ""),
    }.items():
        page = patient.answers(contact_method="email", email=typed)
        offered = [button["value"] for button in page.all("button", name="use_email")]
        assert offered == ([meant] if meant else []), typed
    patient.answers(contact_method="email", email="a@gmial.com")
    assert "Did you mean a@gmail.com?" in patient.text
    patient.presses("use_email")
    assert "Did you mean" not in patient.text
    patient.confirms()
    assert stored_request().email == "a@gmail.com"


def test_six_answers_are_enough(patient: Patient) -> None:
    """The folded questions have defaults."""
    page = patient.opens()
    sent = {"for_whom": "self", "patient_name": "Ayesha Khan", "patient_age": "34"}
    sent |= {"about": "not_sure", "onset": "3", "phone": "0301 2345678"}
    patient.posts(page.hidden_fields() | sent)
    patient.confirms()
    request = stored_request()
    assert (request.contact_method, request.speaks) == ("any", "ur")
    assert (request.phone_is_shared, request.may_identify_clinic) == (False, "yes")
    checked = [radio["value"] for radio in page.all("input", type="radio") if "checked" in radio.attributes]
    assert checked == ["any", "ur"]


def test_same_form_sent_again_is_the_same_request(patient: Patient) -> None:
    check = patient.answers().hidden_fields()
    first = patient.confirms()
    for _press in range(2):
        patient.posts(check | {"send": "yes"})
        assert patient.response["Location"] == first
    patient.posts(check | {"change": "phone"})
    patient.posts(patient.page.hidden_fields() | form_data())
    assert patient.confirms() == first
    for changes in ({}, {"patient_name": "Ali Khan"}, {"patient_age": "8"}):
        page = patient.posts(check | changes)
        text = page.one("main").text
        assert page.one("button", name="send").text == "Send again"
        assert "This request has been sent already." in text
        assert "It stays one request." in text
        assert "not sent yet" not in text and "We get your request when" not in text
    assert stored_request()
    assert not Note.objects.exists()


def test_form_without_a_key_of_ours_is_sent_by_pressing_once_more_and_stored_once(patient: Patient) -> None:
    patient.answers()
    page = patient.presses("send", key="forged")
    assert "Press “Send request” once more" in patient.text
    assert not ConsultationRequest.objects.exists()
    assert SubmissionKey.from_form(page.hidden_fields()["key"])
    again = patient.response
    for _press in range(2):
        patient.response = again
        patient.confirms()
    assert stored_request()


def test_answers_are_checked_once_more_when_sent(patient: Patient) -> None:
    check = patient.answers().hidden_fields()
    page = patient.posts(check | {"phone": "0301", "send": "yes"})
    assert page.by_class("error-summary")
    assert not ConsultationRequest.objects.exists()


def test_form_may_stay_open_for_weeks(patient: Patient) -> None:
    patient.answers()
    with time_machine.travel(timezone.now() + timedelta(weeks=8)):
        patient.confirms()


# The privacy notice


def test_without_a_privacy_notice_the_form_says_that_it_takes_nothing(client: Client) -> None:
    for response in (client.get(FORM), client.post(FORM, form_data() | {"send": "yes"})):
        assert response.status_code == 503
        assert read(response).one("h1").text == "Requests cannot be sent right now"
    assert not ConsultationRequest.objects.exists()


def test_consent_is_to_the_notice_that_was_shown(patient: Patient, notice: PrivacyNotice) -> None:
    check = patient.answers().hidden_fields()
    a_notice(summary="Newer. Newer. Newer.")
    patient.posts(check | {"change": "phone"})
    assert notice.summary in patient.page.by_class("inset")[0].text
    patient.posts(check | {"send": "yes"})
    request = stored_request()
    assert (request.notice, request.consented_at) == (notice, request.created_at)
    assert "Newer." in patient.opens().by_class("inset")[0].text


def test_consent_to_an_unknown_notice_is_asked_again(patient: Patient) -> None:
    hidden = patient.opens().hidden_fields()
    for shown in ("", "0", "999999", "x"):
        page = patient.posts(hidden | form_data(send="yes") | {"notice": shown})
        assert "Press “Send request” once more" in patient.text
        assert "By sending this request, you agree" in patient.text
        assert "has changed since you opened the form" in patient.text
        assert not ConsultationRequest.objects.exists()
    patient.posts(page.hidden_fields() | {"send": "yes"})
    assert stored_request()
