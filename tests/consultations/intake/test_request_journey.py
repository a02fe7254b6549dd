"""From the first page to the private page, without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from consultations.models import ConsultationRequest, Note
from consultations.tokens import SubmissionKey
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.factories import form_data

pytestmark = pytest.mark.django_db

START = "/consultation/"
FORM = "/consultation/request/"
EMERGENCY = "/consultation/emergency/"


@pytest.mark.parametrize(("answer", "address"), [("yes", EMERGENCY), ("no", FORM)])
def test_the_emergency_question_leads_to_help_or_to_the_form(
    client: Client, answer: str, address: str
) -> None:
    response = client.post(START, {"emergency": answer})
    assert (response.status_code, response["Location"]) == (303, address)


def test_an_emergency_stores_nothing(patient: Patient) -> None:
    patient.client.post(START, {"emergency": "yes"})
    assert not ConsultationRequest.objects.exists()


def test_the_emergency_question_wants_an_answer(client: Client) -> None:
    page = Page(client.post(START))
    assert page.one("title").text.startswith("Error: ")
    assert [link["href"] for link in page.all("a") if link.text == "Choose “Yes” or “No”"] == [
        "#id_emergency_0"
    ]


def test_the_signs_are_those_that_clinicians_wrote(client: Client, sample_site: None) -> None:
    text = client.get(START).content.decode()
    assert "bleeding does not stop with firm pressure" in text


def test_the_question_can_be_asked_and_help_shown_before_there_is_any_content(client: Client) -> None:
    assert "Bleeding does not stop." in client.get(START).content.decode()
    page = Page(client.get(EMERGENCY))
    assert [link.text for link in page.all("a", href="tel:1122")]


def test_the_emergency_page_has_first_aid_and_a_call_link(client: Client, sample_site: None) -> None:
    page = Page(client.get(EMERGENCY))
    assert page.all("a", href="tel:1122")[0].text == "Call 1122 now"
    assert "waterproof bag" in page.one("main").text


def test_what_led_to_the_form_is_carried_along_and_kept(
    client: Client, patient: Patient, sample_site: None
) -> None:
    page = patient.opens(f"{START}?about=nerve-repair")
    hidden = page.hidden_fields() | {"source_page": "/procedures/nerve-repair/", "emergency": "no"}
    to_form = client.post(START, hidden)["Location"]
    page = patient.opens(to_form)
    assert "checked" in page.one("input", value="procedure:nerve-repair").attributes
    patient.posts(page.hidden_fields() | form_data(about="procedure:nerve-repair"))
    patient.presses("send")
    request = ConsultationRequest.objects.get()
    assert (request.procedure_name, request.source_page) == ("Nerve Repair", "/procedures/nerve-repair/")
    assert request.procedure and request.procedure.slug == "nerve-repair"


@pytest.mark.parametrize(
    ("referer", "source"),
    [
        ("http://testserver/procedures/nerve-repair/?x=1", "/procedures/nerve-repair/"),
        ("http://testserver/", "/"),
        ("http://elsewhere.example/procedures/", ""),
        ("http://testserver/consultation/abcdefgh/", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_page_before_is_known_if_it_is_ours_and_nobodys_private_one(
    client: Client, notice: Any, referer: str, source: str
) -> None:
    for address in (START, FORM):
        page = Page(client.get(address, headers={"referer": referer}))
        assert page.one("input", name="source_page")["value"] == source


def test_the_whole_way_stores_what_was_typed(patient: Patient) -> None:
    address = patient.sends(patient_age="۷", phone="۰۳۰۱ ۲۳۴ ۵۶۷۸")
    request = ConsultationRequest.objects.get()
    assert (request.patient_name, request.patient_age, request.phone) == ("علی خان", 7, "+923012345678")
    assert (request.requester_name, request.relationship) == ("Ayesha Khan", "guardian")
    assert request.message == "He cut his hand on glass.\nTwo fingers feel numb."
    assert (request.language, request.phone_as_typed) == ("en", "۰۳۰۱ ۲۳۴ ۵۶۷۸")
    page = patient.opens(address)
    assert request.reference in page.by_class("panel")[0].text
    assert "You do not have an appointment yet." in page.one("main").text


def test_the_answers_are_shown_to_be_checked_each_with_a_way_to_change_it(patient: Patient) -> None:
    page = patient.answers()
    rows = {
        row.children[0].text: row for row in page.by_class("summary-list")[0].children if row.tag == "div"
    }
    assert {question: row.children[1].text for question, row in rows.items()} == {
        "Who is the request for?": "My child",
        "Your name": "Ayesha Khan",
        "Your relationship to the patient": "guardian",
        "Patient’s full name": "علی خان",
        "Patient’s age in years": "7",
        "City or town": "Nothing written",
        "What is it about?": "I am not sure",
        "When did it begin?": "1 to 7 days ago",
        "A few words about the problem": "He cut his hand on glass. Two fingers feel numb.",
        "How should we contact you?": "WhatsApp message",
        "Phone number": "0301 2345678",
        "If someone else answers, may we say who we are?": "No",
        "Which language do you prefer?": "Urdu",
        "Good days": "Nothing written",
        "Photographs or a report": "None",
        "Your details": "I agree that the clinic keeps these details and contacts me about this request.",
    }
    for question, row in rows.items():
        (change,) = [child for child in row.children if child.tag == "button"]
        word = "Add" if question == "Photographs or a report" else "Change"
        assert change.text == f"{word}: {question}"


def test_a_question_left_out_on_purpose_is_not_shown_and_one_left_empty_is(patient: Patient) -> None:
    page = patient.answers(for_whom="self", requester_name="", relationship="", message="")
    text = page.by_class("summary-list")[0].text
    assert "Your name" not in text
    assert "Email" not in text
    assert "A few words about the problem Nothing written" in text


def test_nothing_is_stored_before_send(patient: Patient) -> None:
    patient.answers()
    patient.presses("change", "phone")
    assert not ConsultationRequest.objects.exists()
    assert not patient.client.session.keys()


@pytest.mark.parametrize("name", form_data())
def test_change_leads_back_to_the_question_with_every_answer_kept(patient: Patient, name: str) -> None:
    patient.answers()
    page = patient.presses("change", name)
    (focused,) = [element for element in page.elements if "autofocus" in element.attributes]
    assert focused["name"] == name
    assert not page.by_class("error-summary")
    kept = page.hidden_fields()
    for control in page.elements:
        if control.tag == "input" and control["type"] in ("radio", "checkbox"):
            if "checked" in control.attributes:
                kept[control["name"]] = control["value"] or "on"
        elif control.tag == "input" and control["type"] != "hidden":
            kept[control["name"]] = control["value"]
    kept["message"] = form_data()["message"]
    assert form_data().items() <= kept.items()
    assert "He cut his hand on glass." in page.one("textarea", name="message").text


def test_changing_to_a_question_that_does_not_exist_is_just_the_form(patient: Patient) -> None:
    patient.answers()
    for name in ("key", "csrfmiddlewaretoken", "nothing"):
        page = patient.presses("change", name)
        assert patient.response.status_code == 200
        assert not [element for element in page.elements if "autofocus" in element.attributes]
        patient.answers()


def test_a_changed_answer_is_the_one_that_is_stored(patient: Patient) -> None:
    patient.answers()
    page = patient.presses("change", "phone")
    patient.posts(page.hidden_fields() | form_data(phone="0321 9876543"))
    patient.presses("send")
    assert ConsultationRequest.objects.get().phone == "+923219876543"


def test_sending_twice_stores_once_and_leads_to_the_same_page(patient: Patient) -> None:
    sent = patient.answers().hidden_fields() | {"send": "yes"}
    addresses = {patient.client.post(FORM, sent)["Location"] for _ in range(3)}
    assert len(addresses) == 1
    assert ConsultationRequest.objects.count() == 1
    assert not Note.objects.exists()


def test_going_back_and_sending_again_is_the_same_request(patient: Patient) -> None:
    check = patient.answers()
    first = patient.client.post(FORM, check.hidden_fields() | {"send": "yes"})["Location"]
    patient.posts(check.hidden_fields() | {"change": "phone"})
    patient.posts(patient.page.hidden_fields() | form_data())
    patient.presses("send")
    assert patient.response["Location"] == first
    assert ConsultationRequest.objects.count() == 1


def test_going_back_after_sending_says_that_it_is_sent(patient: Patient) -> None:
    check = patient.answers()
    assert "Nothing is sent yet." in check.one("main").text
    patient.presses("send")
    for changes in ({}, {"patient_name": "Ali Khan"}, {"patient_age": "8"}):
        text = patient.posts(check.hidden_fields() | changes).one("main").text
        assert "This request has been sent already." in text
        assert "It stays one request." in text
        assert "Nothing is sent" not in text


def test_two_forms_from_one_phone_are_two_requests(patient: Patient) -> None:
    addresses = {patient.sends(), patient.sends(patient_name="Fatima Bibi")}
    assert len(addresses) == 2
    assert ConsultationRequest.objects.count() == 2


def test_a_form_without_a_key_of_ours_is_sent_by_pressing_once_more_and_stored_once(patient: Patient) -> None:
    patient.answers()
    sent = patient.page.hidden_fields() | {"send": "yes", "key": "of somebody else"}
    page = patient.posts(sent)
    assert "Press “Send request” once more" in page.one("main").text
    assert not ConsultationRequest.objects.exists()
    again = page.hidden_fields() | {"send": "yes"}
    assert SubmissionKey.from_form(again["key"])
    patient.posts(again), patient.posts(again)
    assert ConsultationRequest.objects.count() == 1


def test_what_was_checked_is_checked_once_more_when_it_is_sent(patient: Patient) -> None:
    check = patient.answers()
    page = patient.posts(check.hidden_fields() | {"phone": "0301", "send": "yes"})
    assert page.by_class("error-summary")
    assert not ConsultationRequest.objects.exists()


def test_a_form_may_stay_open_for_weeks(patient: Patient) -> None:
    check = patient.answers()
    with time_machine.travel(timezone.now() + timedelta(weeks=8)):
        patient.posts(check.hidden_fields() | {"send": "yes"})
    assert patient.response.status_code == 303


def test_a_form_without_its_token_against_forgery_is_refused(notice: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(FORM, form_data()).status_code == 403
    page = Page(strict.get(FORM))
    assert strict.post(FORM, page.hidden_fields() | form_data()).status_code == 200


def test_without_a_privacy_notice_the_form_says_plainly_that_it_takes_nothing(client: Client) -> None:
    for response in (client.get(FORM), client.post(FORM, form_data() | {"send": "yes"})):
        assert response.status_code == 503
        assert Page(response).one("h1").text == "Requests cannot be sent right now"
    assert not ConsultationRequest.objects.exists()
