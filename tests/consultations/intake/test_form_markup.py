"""Markup of the request form: labels, groups, headings, errors and focus."""

from itertools import pairwise

import pytest
from django.urls import reverse

from consultations.models import PrivacyNotice
from tests.consultations.conftest import Patient
from tests.factories import form_data, published_procedures
from tests.pages import Page

pytestmark = pytest.mark.django_db

WRONG = {"requester_name": "1", "relationship": "1", "patient_name": "1", "message": "a" * 1001, "phone": "1"}
STATES = {
    "the form, empty": lambda patient: patient.opens(),
    "the form, nothing answered": lambda patient: patient.posts({}),
    "the form, all of it wrong": lambda patient: patient.answers(**WRONG, patient_age="x", email="1"),
    "check your answers": lambda patient: patient.answers(),
    "the form again, to change an answer": lambda patient: patient.presses("change", "about"),
}


def test_every_state_has_sound_markup(patient: Patient) -> None:
    for state, opens in STATES.items():
        page = opens(patient)
        assert_ids_and_labels(page, state)
        assert_form_attributes(page, state)
        levels = [level for level, _text in page.headings]
        assert levels.count(1) == 1, state
        after_first = levels[levels.index(1) :]
        assert all(after <= before + 1 for before, after in pairwise(after_first)), state
        focused = [each for each in page.all() if "autofocus" in each.attributes]
        assert len(focused) <= 1, state


def assert_ids_and_labels(page: Page, state: str) -> None:
    ids = set(page.ids)
    assert len(page.ids) == len(ids), state
    for name in ("aria-describedby", "aria-labelledby", "for"):
        assert {target for each in page.all() for target in each.get(name).split()} <= ids, state
    assert {link["href"][1:] for link in page.all("a") if link.get("href").startswith("#")} <= ids, state
    controls = [
        each["id"] for each in page.all("input", "select", "textarea") if each.get("type") != "hidden"
    ]
    assert sorted(label["for"] for label in page.all("label")) == sorted(controls), state
    groups = page.all("fieldset")
    grouped = [radio for group in groups for radio in group.all("input", type="radio")]
    assert len(grouped) == len(page.all("input", type="radio")), state
    assert all(group.all()[0].tag == "legend" and group.all()[0].text for group in groups), state


def assert_form_attributes(page: Page, state: str) -> None:
    """No styles of another library, no validation by the browser, and a CSRF token in each form."""
    classes = {name for each in page.all() for name in each.get("class").split()}
    assert not classes & {"btn-primary", "form-control", "form-group", "mb-3", "asteriskField"}, state
    for attribute in ("placeholder", "required", "maxlength"):
        assert not [each for each in page.all() if attribute in each.attributes], (state, attribute)
    assert "*" not in "".join(label.text for label in page.all("label")), state
    for form in page.all("form"):
        if form.all(type="radio") or form.all(type="text"):
            assert "novalidate" in form.attributes, state
        assert form["method"] == "post"
        assert form.one(name="csrfmiddlewaretoken"), state


def test_errors_describe_their_control_and_the_summary_takes_the_focus(patient: Patient) -> None:
    page = patient.answers(patient_age="x", about=None)
    age = page.one("input", id="id_patient_age")
    assert age["aria-describedby"] == "id_patient_age_helptext id_patient_age_error"
    assert age["aria-invalid"] == "true"
    (about,) = [group for group in page.all("fieldset") if group.get("aria-invalid")]
    assert about["aria-describedby"] == "id_about_error"
    assert not [radio for radio in page.all("input", type="radio") if "aria-invalid" in radio.attributes]
    (summary,) = page.by_class("error-summary")
    assert "autofocus" in summary.attributes and summary["tabindex"] == "-1"
    assert page.one("h2", id=summary["aria-labelledby"]).text == "There is a problem"
    links = {link["href"] for link in summary.all("a")}
    assert links == {"#id_patient_age", "#id_about_0"}, "of radios, the first button"


def test_form_opens_with_hints_and_what_a_browser_needs(patient: Patient, notice: PrivacyNotice) -> None:
    page = patient.opens()
    controls = {each["name"] for each in page.all("input", "select", "textarea")}
    assert controls == {*patient.response.context["form"].fields, "csrfmiddlewaretoken"}
    labels = [label.text for label in page.all("label") if label["for"] != "id_website"]
    assert [label for label in labels if "(optional)" in label] == [
        "In your own words (optional)",
    ]
    for name in (
        "requester_name",
        "relationship",
        "patient_knows",
        "may_identify_clinic",
        "email",
        "speaks_other",
    ):
        assert page.one("div", id=f"id_{name}_helptext").text.startswith("Only if"), name
    for name, attributes in {
        "requester_name": {"autocomplete": "section-requester name"},
        # Another person: a browser must not fill in the requester's name.
        "patient_name": {"autocomplete": "section-patient name"},
        "phone": {"type": "tel", "inputmode": "tel", "autocomplete": "section-requester tel", "dir": "ltr"},
        "email": {"type": "email", "inputmode": "email", "autocomplete": "section-requester email"},
    }.items():
        assert attributes.items() <= page.one("input", name=name).attributes.items(), name
    (summary,) = page.by_class("inset")
    assert notice.summary in summary.text
    assert reverse("consultations:privacy") in [link["href"] for link in summary.all("a")]
    assert "By sending this request, you agree" in patient.text


def test_folded_questions_open_when_one_is_answered_wrong_or_to_be_changed(patient: Patient) -> None:
    def is_open() -> bool:
        return "open" in patient.page.by_class("folded")[0].attributes

    patient.opens()
    assert not is_open()
    for answered in ({"days": ["1"]}, {"woman_staff": "on"}, {"access_needs": "a" * 301}):
        patient.answers(phone="1", contact_method=None, **answered)
        assert is_open(), answered
    patient.answers(contact_method="any")
    patient.presses("change", "phone")
    assert not is_open()
    patient.answers()
    patient.presses("change", "days")
    assert is_open()


def test_length_of_a_message_is_shown(patient: Patient) -> None:
    page = patient.answers(message="a" * 1001)
    assert "You have 1001 so far." in page.one("div", id="id_message_helptext").text


def test_many_procedures_become_a_select(patient: Patient) -> None:
    published_procedures(13)
    page = patient.opens(about="procedure-3")
    select = page.one("select", name="about")
    options = [option["value"] for option in select.all("option")]
    assert options[0] == ""
    assert len(options) == 1 + 13 + 2
    assert [option["value"] for option in select.all() if "selected" in option.attributes] == [
        "procedure:procedure-3"
    ]
    assert patient.posts(page.hidden_fields() | form_data(about="")).all("a", href="#id_about")
