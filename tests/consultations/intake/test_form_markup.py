"""Markup of the request form: labels, groups, headings, errors and focus."""

from itertools import pairwise

import pytest
from django.urls import reverse

from consultations.models import PrivacyNotice
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.factories import a_procedure, form_data, published

pytestmark = pytest.mark.django_db


def start(patient: Patient) -> Page:
    return patient.opens(reverse("consultations:start"))


def start_unanswered(patient: Patient) -> Page:
    patient.response = patient.client.post(reverse("consultations:start"))
    return patient.page


def changed(patient: Patient) -> Page:
    patient.answers()
    return patient.presses("change", "about")


STATES = {
    "start": start,
    "start, unanswered": start_unanswered,
    "the form, empty": lambda patient: patient.opens(),
    "the form, nothing answered": lambda patient: patient.posts({}),
    "the form, all of it wrong": lambda patient: patient.answers(
        requester_name="1",
        relationship="1",
        patient_name="1",
        patient_age="x",
        message="a" * 1001,
        phone="1",
        email="1",
    ),
    "check your answers": lambda patient: patient.answers(),
    "the form again, to change an answer": changed,
}


def test_every_state_has_sound_markup(patient: Patient) -> None:
    for state, opens in STATES.items():
        assert_ids_and_labels(opens(patient), state)
        assert_form_attributes(patient.page, state)
        levels = [int(each.tag[1]) for each in patient.page.elements if each.tag in ("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1, state
        after_first = levels[levels.index(1) :]
        assert all(after <= before + 1 for before, after in pairwise(after_first)), state
        focused = [each for each in patient.page.elements if "autofocus" in each.attributes]
        assert len(focused) <= 1, state


def assert_ids_and_labels(page: Page, state: str) -> None:
    ids = set(page.ids)
    assert len(page.ids) == len(ids), state
    for name in ("aria-describedby", "aria-labelledby", "for"):
        assert {target for each in page.elements for target in each[name].split()} <= ids, state
    assert {link["href"][1:] for link in page.all("a") if link["href"].startswith("#")} <= ids, state
    controls = [
        each["id"]
        for each in page.elements
        if each.tag in ("input", "select", "textarea") and each["type"] != "hidden"
    ]
    assert sorted(label["for"] for label in page.all("label")) == sorted(controls), state
    groups = page.all("fieldset")
    grouped = [child for group in groups for child in group.children if child["type"] == "radio"]
    assert len(grouped) == len(page.all("input", type="radio")), state
    assert all(group.children[0].tag == "legend" and group.children[0].text for group in groups), state


def assert_form_attributes(page: Page, state: str) -> None:
    """No styles of another library, no validation by the browser, and a CSRF token in each form."""
    classes = {name for each in page.elements for name in each["class"].split()}
    assert not classes & {"btn-primary", "form-control", "form-group", "mb-3", "asteriskField"}, state
    for attribute in ("placeholder", "required", "maxlength"):
        assert not [each for each in page.elements if attribute in each.attributes], (state, attribute)
    assert "*" not in "".join(label.text for label in page.all("label")), state
    for form in page.all("form"):
        if any(child["type"] in ("radio", "text") for child in form.children):
            assert "novalidate" in form.attributes, state
        assert form["method"] == "post"
        assert [child for child in form.children if child["name"] == "csrfmiddlewaretoken"], state


def test_hint_and_error_describe_their_control(patient: Patient) -> None:
    page = patient.answers(patient_age="x", about=None)
    age = page.one("input", id="id_patient_age")
    assert age["aria-describedby"] == "id_patient_age_helptext id_patient_age_error"
    assert age["aria-invalid"] == "true"
    (about,) = [group for group in page.all("fieldset") if group["aria-invalid"]]
    assert about["aria-describedby"] == "id_about_error"
    assert not [radio for radio in page.all("input", type="radio") if "aria-invalid" in radio.attributes]


def test_the_error_summary_takes_the_focus_without_script(patient: Patient) -> None:
    (summary,) = patient.answers(patient_age="x").by_class("error-summary")
    assert "autofocus" in summary.attributes
    assert summary["tabindex"] == "-1"
    assert patient.page.one("h2", id=summary["aria-labelledby"]).text == "There is a problem"


def test_error_of_a_radio_group_links_to_its_first_button(patient: Patient) -> None:
    page = patient.answers(contact_method=None)
    assert [link["href"] for link in page.all("a") if link.text == "Choose how we should contact you"] == [
        "#id_contact_method_0"
    ]


def test_only_optional_questions_are_marked_optional(patient: Patient) -> None:
    labels = [label.text for label in patient.opens().all("label") if label["for"] != "id_website"]
    assert [label for label in labels if "(optional)" in label] == [
        "City or town (optional)",
        "A few words about the problem (optional)",
        "I would like to talk to a female member of staff. (optional)",
        "What you need at the clinic (optional)",
    ]


def test_conditional_questions_say_when_they_apply(patient: Patient) -> None:
    page = patient.opens()
    for name, words in [("requester_name", "Only if"), ("relationship", "Only if"), ("email", "Only if")]:
        assert page.one("div", id=f"id_{name}_helptext").text.startswith(words)


def test_autocomplete_and_keyboard_fit_each_question(patient: Patient) -> None:
    page = patient.opens()
    for name, attributes in {
        "requester_name": {"autocomplete": "section-requester name"},
        # Another person: a browser must not fill in the requester's name.
        "patient_name": {"autocomplete": "section-patient name"},
        "patient_age": {"inputmode": "numeric"},
        "phone": {"type": "tel", "inputmode": "tel", "autocomplete": "section-requester tel", "dir": "ltr"},
        "email": {"type": "email", "inputmode": "email", "autocomplete": "section-requester email"},
    }.items():
        control = page.one("input", name=name)
        assert {attribute: control[attribute] for attribute in attributes} == attributes


def test_consent_is_not_ticked_beforehand(patient: Patient) -> None:
    assert "checked" not in patient.opens().one("input", name="consent").attributes


def test_notice_is_above_the_consent_with_a_link(patient: Patient, notice: PrivacyNotice) -> None:
    page = patient.opens()
    (summary,) = page.by_class("inset")
    assert notice.summary in summary.text
    assert reverse("consultations:privacy") in [child["href"] for child in summary.children]
    order = page.elements.index
    assert order(summary) < order(page.one("input", name="consent"))


def test_many_procedures_become_a_select(patient: Patient) -> None:
    for number in range(13):
        published(a_procedure(f"procedure-{number}"))
    page = patient.opens(about="procedure-3")
    select = page.one("select", name="about")
    options = [child["value"] for child in select.children]
    assert options[0] == ""
    assert len(options) == 1 + 13 + 2
    assert [option["value"] for option in select.children if "selected" in option.attributes] == [
        "procedure:procedure-3"
    ]
    assert patient.posts(page.hidden_fields() | form_data(about="")).all("a", href="#id_about")
