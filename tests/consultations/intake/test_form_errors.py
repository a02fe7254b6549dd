"""Each invalid answer gets one instruction, and nothing typed is lost."""

from typing import Any

import pytest
import time_machine

from consultations.intake import procedure_choices
from consultations.intake.request_form import RequestForm
from consultations.models import PrivacyNotice
from tests.consultations.conftest import Patient
from tests.factories import form_data

pytestmark = pytest.mark.django_db

ADULT = {"for_whom": "adult", "patient_knows": "yes"}
SPEAKS_OTHER = {"speaks": "other"}
BY_EMAIL = {"contact_method": "email"}
MOBILE = "Enter a mobile number, like 0301 2345678, or choose “Call only”"
LONG_ADDRESS = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com"

# A question, the sentence about wrong answers to it, these answers (None: left out), and other answers.
WRONG: list[tuple[str, str, list[str | None], dict[str, str]]] = [
    ("for_whom", "Choose who needs the consultation", [None, "dog"], {}),
    ("requester_name", "Enter your full name", [" "], {}),
    ("requester_name", "Enter your full name", ["123", "0301 2345678"], ADULT),
    ("requester_name", "Use 120 characters or fewer for your name", ["a" * 121], {}),
    ("relationship", "Enter your relationship to the patient, like mother, son or neighbor", ["", "?"], {}),
    ("relationship", "Use 60 characters or fewer for your relationship to the patient", ["a" * 61], {}),
    ("patient_knows", "Choose whether the patient knows about this request", [None, "perhaps"], ADULT),
    ("patient_name", "Enter the patient’s full name", ["", None, "7", "😀", "\u200f\u200b"], {}),
    ("patient_name", "Use 120 characters or fewer for the patient’s name", ["ع" * 121], {}),
    (
        "patient_age",
        "Enter the patient’s age in years, like 40. For a baby: 8 months, or 10 days",
        ["", "121", "150", "-1", "1_2", "seven", "minus three", "²", "8 moons", "1899", "130 years", "2099"],
        {},
    ),
    ("city", "Enter the name of a city or town, or leave it empty", ["54000"], {}),
    ("city", "Use 60 characters or fewer for the city or town", ["a" * 61], {}),
    (
        "about",
        "Choose what happened, or “I’m not sure”",
        [None, "procedure:secret", "procedure"],
        {},
    ),
    ("onset", "Choose when it started, or “I’m not sure”", [None, "0", "soon", ""], {}),
    ("message", "Use 1,000 characters or fewer. You have 1001", ["a" * 1001], {}),
    ("message", "Use 1,000 characters or fewer. You have 1200", ["🤚" * 1200], {}),
    ("contact_method", "Choose how we should contact you", ["pigeon"], {}),
    (
        "phone",
        "Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018",
        ["", "0301 23", "0301 2345678 / 0333 1112223", "call me"],
        {},
    ),
    ("phone", MOBILE, ["042 35761999"], {"contact_method": "sms"}),
    ("phone", MOBILE, ["042 111 222 333"], {}),
    # The last five are accepted by Django, but undeliverable.
    (
        "email",
        "Enter an email address, like name@example.com",
        [
            *("", "name@", "nobody", "زینب@gmail.com", LONG_ADDRESS),
            *("name@localhost", "name@[127.0.0.1]", "name@[IPv6:::1]", "name@127.0.0.10"),
        ],
        BY_EMAIL,
    ),
    # Accepted by Django, but refused by mail servers: a dotless i, a long s, a quoted name.
    (
        "email",
        "Enter the part before the @ in the letters a to z, like name@example.com",
        ["al\u0131@example.com", "\u017fami@example.com", '"ali"@example.com'],
        BY_EMAIL,
    ),
    ("may_identify_clinic", "Choose whether we may say who we are", [None, "maybe"], {}),
    ("speaks", "Choose a language", ["xx"], {}),
    ("speaks_other", "Enter the name of the language", [None, "12"], SPEAKS_OTHER),
    ("speaks_other", "Use 40 characters or fewer for the name of the language", ["a" * 41], SPEAKS_OTHER),
    ("access_needs", "Use 300 characters or fewer. You have 301", ["a" * 301], {}),
]


def checked(notice: PrivacyNotice, **changes: Any) -> RequestForm:
    return RequestForm(form_data(**changes) | {"notice": str(notice.pk)}, notice=notice)


def valid_answers(notice: PrivacyNotice, **changes: Any) -> dict[str, Any]:
    form = checked(notice, **changes)
    assert form.is_valid(), form.errors
    answers = form.answers
    return {name: getattr(answers, name) for name in changes}


def test_each_error_has_its_own_sentence(notice: PrivacyNotice) -> None:
    for question, sentence, wrong, others in WRONG:
        for answer in wrong:
            form = checked(notice, **others | {question: answer})
            assert form.errors == {question: [sentence]}, (question, answer)
    never_wrong = {"days", "parts_of_day", "woman_staff", "phone_is_shared", "website"}
    questions = {field.name for field in checked(notice).visible_fields()} - never_wrong
    assert {question for question, *_rest in WRONG} == questions


def test_valid_answers_are_accepted(notice: PrivacyNotice) -> None:
    for changes in [
        {},
        {"for_whom": "self", "requester_name": "", "relationship": ""},
        {"for_whom": "adult", "patient_knows": "no"},
        {"for_whom": "self", "requester_name": "123", "relationship": "a" * 61, "patient_knows": "?"},
        *({"patient_age": age} for age in ("۷", " 07 ", "0", "120")),
        {"phone_is_shared": None, "may_identify_clinic": "maybe"},
        *({"patient_name": name} for name in ("ع" * 120, "X Æ A-12")),
        *({"message": message} for message in ("", "😀" * 1000, "line\r\n" * 166)),
        {"about": "something_else"},
        {"contact_method": "call", "phone": "042 35761999"},
        {"contact_method": "email", "email": " name@example.com "},
        {"contact_method": "email", "email": "name@مثال.پاکستان"},
        {"contact_method": "call", "email": "name@"},
        {"contact_method": None, "phone": "042 35761999", "speaks": None},
        {"days": ["0", "9", "x"], "parts_of_day": ["noon"]},
        {"speaks": "ur", "speaks_other": "12"},
        {"city": "Lahore", "woman_staff": "on", "access_needs": "وہیل چیئر"},
        {"phone": "۰۳۰۱-۲۳۴ ۵۶۷۸"},
    ]:
        assert checked(notice, **changes).errors == {}, changes


def test_answers_are_normalized(notice: PrivacyNotice) -> None:
    typed = {"patient_name": " علی\x00  خان\u200f", "patient_age": "۰۷", "message": " a\r\nb "}
    assert valid_answers(notice, **typed) == {"patient_name": "علی خان", "patient_age": 7, "message": "a\nb"}
    answers = checked(notice, phone="(0301) 234-5678 ext 204")
    assert answers.is_valid()
    assert answers.answers.phone_as_typed == "(0301) 234-5678 ext 204"
    assert (answers.answers.phone, answers.answers.phone_extension) == ("+923012345678", "204")
    days = {"days": ["4", "0", "0", "9", "x"], "parts_of_day": ["evening", "noon"]}
    assert valid_answers(notice, **days) == {"days": [0, 4], "parts_of_day": ["evening"]}


def test_answers_that_do_not_apply_are_not_stored_but_stay_in_the_page(notice: PrivacyNotice) -> None:
    dropped = {"email": "name@example.com", "patient_knows": "no"}
    dropped |= {"speaks_other": "Pashto", "requester_name": "Ali Raza", "relationship": "son"}
    form = checked(notice, for_whom="self", contact_method="call", **dropped)
    assert form.is_valid()
    assert {getattr(form.answers, name) for name in dropped} == {""}
    assert dropped.items() <= dict(form.hidden_answers()).items()


def test_check_page_hides_answers_that_do_not_apply(patient: Patient) -> None:
    for first, then, words in [
        (ADULT | {"requester_name": "Ali Raza"}, {"for_whom": "self"}, "Ali Raza"),
        (BY_EMAIL | {"email": "ayesha@example.com"}, {"contact_method": "call"}, "ayesha@example.com"),
        (SPEAKS_OTHER | {"speaks_other": "Pashto"}, {"speaks": "ur"}, "Pashto"),
    ]:
        page = patient.answers(**first | then)
        assert words not in patient.text
        # Changing back shows everything as it was typed.
        page = patient.posts(page.hidden_fields() | {name: first[name] for name in then})
        assert words in patient.text
        assert first.items() <= page.hidden_fields().items()


def test_age_is_understood_as_people_say_it(notice: PrivacyNotice) -> None:
    for typed, years in {
        "8 months": 0,
        "۸ ماہ": 0,
        "11 Months old": 0,
        "10 days": 0,
        "6 weeks": 0,
        "0.5": 0,
        "18 months": 1,
        "2 years 3 months": 2,
        "4.5": 4,
        "40 years": 40,
        "40yrs.": 40,
        "۴۰ سال": 40,
        "40 saal": 40,
        "8m": 0,
        "8-months": 0,
        "6 mahine": 0,
        "8 ماہ کی": 0,
        "10 din ka": 0,
        "5 hours": 0,
        "New born": 0,
        "نومولود": 0,
    }.items():
        assert valid_answers(notice, patient_age=typed) == {"patient_age": years}, typed
    with time_machine.travel("2026-11-29"):
        for year, question in {
            "1986": "Is the patient 40? Write the age in years",
            "2026": "For a baby, write the age like this: 8 months, or 10 days",
        }.items():
            assert checked(notice, patient_age=year).errors == {"patient_age": [question]}
    for typed, shown in (("10 days", "10 days"), ("۱۸ ماہ", "۱۸ ماہ"), ("0", "Under 1 year"), ("۱", "1")):
        form = checked(notice, patient_age=typed)
        assert form.is_valid() and form.answers.age_in_words == shown
    form = checked(notice, for_whom="self", patient_age="0")
    assert form.errors == {"patient_age": ["Enter your own age, or choose “My child” above"]}


def test_error_is_beside_the_field_and_in_the_summary(patient: Patient) -> None:
    """One wrong answer to each question: the sentences were seen already."""
    cases = {question: (sentence, wrong, others) for question, sentence, wrong, others in WRONG}
    for question, (sentence, wrong, others) in cases.items():
        sent = others | {question: wrong[-1]}
        page = patient.answers(**sent)
        assert page.one("title").text.startswith("Error: ")
        (link,) = page.by_class("error-summary")[0].all("a")
        assert link.text == sentence
        assert page.one("input", "textarea", "select", id=link["href"][1:])
        (beside,) = page.by_class("error-message")
        assert beside.text == f"Error: {sentence}"
        assert_nothing_typed_is_lost(patient, form_data(**sent))


def assert_nothing_typed_is_lost(patient: Patient, sent: dict[str, Any]) -> None:
    page = patient.page
    for name in ("requester_name", "relationship", "patient_name", "patient_age", "phone", "email"):
        assert page.one("input", name=name).get("value") == (sent.get(name) or "")
    for name in ("message", "access_needs"):
        assert page.one("textarea", name=name).text == " ".join(sent.get(name, "").split())
    for name in ("for_whom", "about", "contact_method", "may_identify_clinic", "speaks"):
        radios = page.all("input", name=name)
        ticked = [radio["value"] for radio in radios if "checked" in radio.attributes]
        assert ticked == [radio["value"] for radio in radios if radio["value"] == sent.get(name)]


def test_all_errors_are_listed_in_page_order(patient: Patient) -> None:
    page = patient.posts(patient.opens().hidden_fields())
    summary = [link.text for link in page.by_class("error-summary")[0].all("a")]
    beside = [element.text.removeprefix("Error: ") for element in page.by_class("error-message")]
    assert summary == beside
    assert len(summary) == len(set(summary)) == 6


def test_last_value_of_a_field_counts(patient: Patient) -> None:
    page = patient.answers(patient_age=["200", "8"], for_whom=["dog", "child"])
    assert page.one("h1").text == "Check your answers"
    assert page.hidden_fields()["patient_age"] == "8"


def test_megabyte_in_every_field_is_an_error(notice: PrivacyNotice) -> None:
    for name in form_data(email="x"):
        form = checked(notice, **BY_EMAIL | {"email": "name@example.com"} | {name: "آ" * 500_000})
        assert list(form.errors) == ([] if name == "phone_is_shared" else [name])
    assert procedure_choices.find("procedure:" + "a" * 100_000, "en") is None
    assert procedure_choices.find("procedure:\x00", "en") is None
