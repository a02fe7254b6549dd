"""Each invalid answer gets one instruction, and nothing typed is lost."""

from typing import Any

import pytest

from consultations.intake import procedure_choices
from consultations.intake.request_form import RequestForm
from consultations.models import PrivacyNotice
from tests.consultations.conftest import Patient
from tests.factories import form_data

pytestmark = pytest.mark.django_db

PHONE = "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018"
AGE = "Enter the patient’s age in whole years, from 0 to 120"
EMAIL = "Enter an email address, like name@example.com"
PLAIN_EMAIL = "Enter the part before the @ in the letters a to z, like name@example.com"
KNOWS = "Choose whether the patient knows that you are asking"
SAY_WHO = "Choose whether we may say who we are if someone else answers"
MOBILE = "Enter a mobile number, like 0301 2345678, or choose “Phone call”"
WHATSAPP = "Enter one WhatsApp number, like 0301 2345678 or +44 7400 123456"

WRONG = [
    ({"for_whom": None}, "for_whom", "Choose who the request is for"),
    ({"for_whom": "dog"}, "for_whom", "Choose who the request is for"),
    (
        {"requester_name": " "},
        "requester_name",
        "Enter your full name, because you are asking for someone else",
    ),
    (
        {"for_whom": "adult", "patient_knows": "yes", "requester_name": "123"},
        "requester_name",
        "Enter your full name, because you are asking for someone else",
    ),
    ({"requester_name": "a" * 121}, "requester_name", "Shorten your name to 120 characters"),
    (
        {"relationship": ""},
        "relationship",
        "Enter your relationship to the patient, for example mother or son",
    ),
    (
        {"relationship": "a" * 61},
        "relationship",
        "Shorten your relationship to the patient to 60 characters",
    ),
    ({"patient_name": ""}, "patient_name", "Enter the patient’s full name"),
    ({"patient_name": None}, "patient_name", "Enter the patient’s full name"),
    ({"patient_name": "😀"}, "patient_name", "Enter the patient’s full name"),
    ({"patient_name": "\u200f\u200b"}, "patient_name", "Enter the patient’s full name"),
    ({"patient_name": "ع" * 121}, "patient_name", "Shorten the patient’s name to 120 characters"),
    ({"patient_age": ""}, "patient_age", AGE),
    ({"patient_age": "121"}, "patient_age", AGE),
    ({"patient_age": "-1"}, "patient_age", AGE),
    ({"patient_age": "7.5"}, "patient_age", AGE),
    ({"patient_age": "1_2"}, "patient_age", AGE),
    ({"patient_age": "seven"}, "patient_age", AGE),
    ({"patient_age": "²"}, "patient_age", AGE),
    ({"about": None}, "about", "Choose what the request is about, or “I am not sure”"),
    ({"about": "procedure:secret"}, "about", "Choose what the request is about, or “I am not sure”"),
    ({"about": "procedure"}, "about", "Choose what the request is about, or “I am not sure”"),
    ({"for_whom": "adult"}, "patient_knows", KNOWS),
    ({"for_whom": "adult", "patient_knows": "perhaps"}, "patient_knows", KNOWS),
    ({"city": "54000"}, "city", "Enter the name of a city or town, or leave it empty"),
    ({"city": "a" * 61}, "city", "Shorten the city or town to 60 characters"),
    ({"onset": None}, "onset", "Choose when it began, or “I am not sure”"),
    ({"onset": "0"}, "onset", "Choose when it began, or “I am not sure”"),
    ({"onset": "soon"}, "onset", "Choose when it began, or “I am not sure”"),
    ({"message": "a" * 1001}, "message", "Shorten your words to 1,000 characters. They have 1001 now"),
    ({"may_identify_clinic": None}, "may_identify_clinic", SAY_WHO),
    ({"may_identify_clinic": "maybe"}, "may_identify_clinic", SAY_WHO),
    ({"speaks": None}, "speaks", "Choose the language you prefer"),
    ({"speaks": "xx"}, "speaks", "Choose the language you prefer"),
    ({"speaks": "other"}, "speaks_other", "Enter the name of the language you prefer"),
    (
        {"speaks": "other", "speaks_other": "12"},
        "speaks_other",
        "Enter the name of the language you prefer",
    ),
    (
        {"speaks": "other", "speaks_other": "a" * 41},
        "speaks_other",
        "Shorten the name of the language to 40 characters",
    ),
    ({"whatsapp": "12"}, "whatsapp", WHATSAPP),
    ({"whatsapp": "042 35761999"}, "whatsapp", MOBILE),
    (
        {"access_needs": "a" * 301},
        "access_needs",
        "Shorten what you need to 300 characters. It has 301 now",
    ),
    ({"contact_method": None}, "contact_method", "Choose how we should contact you"),
    ({"contact_method": "pigeon"}, "contact_method", "Choose how we should contact you"),
    ({"phone": ""}, "phone", PHONE),
    ({"phone": "0301 23"}, "phone", PHONE),
    ({"contact_method": "sms", "phone": "042 35761999"}, "phone", MOBILE),
    ({"contact_method": "whatsapp", "phone": "042 111 222 333"}, "phone", MOBILE),
    ({"contact_method": "email"}, "email", EMAIL),
    ({"contact_method": "email", "email": "name@"}, "email", EMAIL),
    # Accepted by Django, but undeliverable.
    ({"contact_method": "email", "email": "name@localhost"}, "email", EMAIL),
    ({"contact_method": "email", "email": "name@[127.0.0.1]"}, "email", EMAIL),
    ({"contact_method": "email", "email": "name@[IPv6:::1]"}, "email", EMAIL),
    ({"contact_method": "email", "email": "name@127.0.0.10"}, "email", EMAIL),
    # Accepted by Django, but refused by mail servers: a dotless i, a long s, a quoted name.
    ({"contact_method": "email", "email": "al\u0131@example.com"}, "email", PLAIN_EMAIL),
    ({"contact_method": "email", "email": "\u017fami@example.com"}, "email", PLAIN_EMAIL),
    ({"contact_method": "email", "email": '"ali"@example.com'}, "email", PLAIN_EMAIL),
    (
        {"contact_method": "email", "email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com"},
        "email",
        EMAIL,
    ),
    (
        {"consent": None},
        "consent",
        "Tick the box to agree, so that we may keep your details and contact you",
    ),
    ({"consent": ""}, "consent", "Tick the box to agree, so that we may keep your details and contact you"),
]


def checked(notice: PrivacyNotice, **changes: Any) -> RequestForm:
    sent = form_data(**changes) | {"notice": str(notice.pk)}
    return RequestForm(sent, notice=notice)


def test_each_error_has_its_own_sentence(notice: PrivacyNotice) -> None:
    for changes, field, sentence in WRONG:
        assert checked(notice, **changes).errors == {field: [sentence]}


def test_every_question_has_an_error_case(notice: PrivacyNotice) -> None:
    never_wrong = {"days", "parts_of_day", "woman_staff", "website"}
    questions = {field.name for field in checked(notice).visible_fields()} - never_wrong
    assert {field for _, field, _ in WRONG} == questions


def test_valid_answers_are_accepted(notice: PrivacyNotice) -> None:
    for changes in [
        {},
        {"for_whom": "self", "requester_name": "", "relationship": ""},
        {"for_whom": "adult", "patient_knows": "no"},
        {"for_whom": "self", "requester_name": "123", "relationship": "a" * 61, "patient_knows": "?"},
        {"patient_age": "۷"},
        {"patient_age": " 07 "},
        {"patient_age": "0"},
        {"patient_age": "120"},
        {"patient_name": "ع" * 120},
        {"patient_name": "X Æ A-12"},
        {"message": ""},
        {"message": "😀" * 1000},
        {"message": "line\r\n" * 166},
        {"about": "something_else"},
        {"contact_method": "call", "phone": "042 35761999"},
        {"contact_method": "email", "email": " name@example.com "},
        {"contact_method": "email", "email": "name@مثال.پاکستان"},
        {"contact_method": "call", "email": "name@", "whatsapp": "12"},
        {"contact_method": "whatsapp", "phone": "042 35761999", "whatsapp": "0301 2345678"},
        {"days": ["0", "9", "x"], "parts_of_day": ["noon"]},
        {"speaks": "ur", "speaks_other": "12"},
        {"city": "Lahore", "woman_staff": "on", "access_needs": "وہیل چیئر"},
        {"phone": "۰۳۰۱-۲۳۴ ۵۶۷۸"},
        {"consent": "True"},
    ]:
        assert checked(notice, **changes).errors == {}


def test_answers_are_normalized(notice: PrivacyNotice) -> None:
    form = checked(
        notice,
        patient_name=" علی\x00  خان\u200f",
        patient_age="۰۷",
        phone="(0301) 234-5678",
        message=" a\r\nb ",
    )
    assert form.is_valid()
    answers = form.answers
    assert (answers.patient_name, answers.patient_age, answers.message) == ("علی خان", 7, "a\nb")
    assert (answers.phone, answers.phone_as_typed) == ("+923012345678", "(0301) 234-5678")


def test_requester_is_dropped_for_oneself_but_stays_in_the_page(
    notice: PrivacyNotice,
) -> None:
    form = checked(notice, for_whom="self", requester_name="Ali Raza", relationship="son", patient_knows="no")
    assert form.is_valid()
    answers = form.answers
    assert (answers.requester_name, answers.relationship, answers.patient_knows) == ("", "", "")
    travels = dict(form.hidden_answers())
    assert (travels["requester_name"], travels["relationship"]) == ("Ali Raza", "son")


def test_check_page_hides_answers_that_do_not_apply(patient: Patient) -> None:
    for first, then in [
        (
            {"for_whom": "adult", "requester_name": "Ali Raza", "relationship": "son", "patient_knows": "no"},
            {"for_whom": "self"},
        ),
        ({"contact_method": "email", "email": "ayesha@example.com"}, {"contact_method": "call"}),
        ({"contact_method": "whatsapp", "whatsapp": "0333 1112223"}, {"contact_method": "call"}),
        ({"speaks": "other", "speaks_other": "Pashto"}, {"speaks": "ur"}),
    ]:
        page = patient.answers(**first | then)
        shown = page.by_class("summary-list")[0].text
        for name, words in first.items():
            if name not in then and words != "no":
                assert words not in shown
                assert f"{name}-question" not in page.ids
        # Changing back shows everything as it was typed.
        page = patient.posts(page.hidden_fields() | {name: first[name] for name in then})
        for name in first:
            assert f"{name}-question" in page.ids or name == "speaks_other"
        assert {name: page.hidden_fields()[name] for name in first} == first


def test_answers_that_do_not_apply_are_not_stored(notice: PrivacyNotice) -> None:
    form = checked(
        notice,
        contact_method="call",
        email="name@example.com",
        whatsapp="0333 1234567",
        patient_knows="no",
        speaks_other="Pashto",
    )
    assert form.is_valid()
    answers = form.answers
    assert (answers.email, answers.whatsapp, answers.whatsapp_as_typed) == ("", "", "")
    assert (answers.patient_knows, answers.speaks_other) == ("", "")


def test_a_whatsapp_number_that_is_the_phone_number_is_no_second_number(notice: PrivacyNotice) -> None:
    form = checked(notice, whatsapp="+92 301 2345678")
    assert form.is_valid()
    assert form.answers.whatsapp == ""


def test_days_and_times_that_are_not_on_offer_are_left_out(notice: PrivacyNotice) -> None:
    form = checked(notice, days=["4", "0", "0", "9", "x"], parts_of_day=["evening", "noon"])
    assert form.is_valid()
    assert (form.answers.days, form.answers.parts_of_day) == ([0, 4], ["evening"])


def test_error_is_beside_the_field_and_in_the_summary(patient: Patient) -> None:
    for changes, _field, sentence in WRONG:
        page = patient.answers(**changes)
        assert page.one("title").text.startswith("Error: ")
        link = next(child for child in page.by_class("error-summary")[0].children if child.tag == "a")
        assert link.text == sentence
        target = link["href"].removeprefix("#")
        assert target in page.ids
        assert next(element for element in page.elements if element["id"] == target).tag in (
            "input",
            "textarea",
            "select",
        )
        (beside,) = page.by_class("error-message")
        assert beside.text == f"Error: {sentence}"
        assert_nothing_typed_is_lost(patient, form_data(**changes))


def assert_nothing_typed_is_lost(patient: Patient, sent: dict[str, Any]) -> None:
    page = patient.page
    for name in ("requester_name", "relationship", "patient_name", "patient_age", "phone", "email"):
        assert page.one("input", name=name)["value"] == (sent.get(name) or "").replace("\x00", "")
    for name in ("message", "access_needs"):
        assert page.one("textarea", name=name).text == " ".join(sent.get(name, "").split())
    for name in ("for_whom", "about", "contact_method", "onset", "may_identify_clinic", "speaks"):
        ticked = [radio["value"] for radio in page.all("input", name=name) if "checked" in radio.attributes]
        offered = [radio["value"] for radio in page.all("input", name=name)]
        assert ticked == [value for value in offered if value == sent.get(name)]
    assert ("checked" in page.one("input", name="consent").attributes) == bool(sent.get("consent"))


def test_all_errors_are_listed_in_page_order(
    patient: Patient,
) -> None:
    page = patient.posts(patient.opens().hidden_fields())
    summary = [child.text for child in page.by_class("error-summary")[0].children if child.tag == "a"]
    beside = [element.text.removeprefix("Error: ") for element in page.by_class("error-message")]
    assert summary == beside
    assert len(summary) == len(set(summary)) == 10


def test_last_value_of_a_field_counts(patient: Patient) -> None:
    hidden = patient.opens().hidden_fields()
    patient.posts(hidden | form_data() | {"patient_age": ["200", "8"], "for_whom": ["dog", "child"]})
    assert ("patient_age", "8") in patient.response.context["form"].hidden_answers()
    assert "Check your answers" in patient.page.one("h1").text


def test_megabyte_in_every_field_is_an_error(patient: Patient) -> None:
    hidden = patient.opens().hidden_fields()
    for name in form_data(email="x"):
        page = patient.posts(
            hidden | form_data(contact_method="email", email="name@example.com") | {name: "آ" * 500_000}
        )
        assert patient.response.status_code == 200
        assert name == "consent" or len(page.by_class("error-message")) == 1, name


def test_unknown_procedure_is_not_found(notice: PrivacyNotice) -> None:
    assert procedure_choices.find("procedure:\x00", "en") is None
    assert procedure_choices.find("procedure:" + "a" * 100_000, "en") is None
