"""How the forms are built, so that everyone can use them: by eye, by ear, by keyboard, without script."""

from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consultations.models import PrivacyNotice
from tests.conftest import shared_world
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.factories import a_notice, a_procedure, form_data, published

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


@pytest.fixture(scope="module", params=STATES)
def page(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Page:
    """Each state is come to once, and looked at from many sides."""
    with shared_world(django_db_blocker), django_db_blocker.unblock():
        a_notice()
        return STATES[request.param](Patient(Client()))


def test_no_id_stands_twice(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))


def test_whatever_is_pointed_to_is_on_the_page(page: Page) -> None:
    for name in ("aria-describedby", "aria-labelledby", "for"):
        pointed_to = {target for element in page.elements for target in element[name].split()}
        assert pointed_to <= set(page.ids)
    assert {link["href"][1:] for link in page.all("a") if link["href"].startswith("#")} <= set(page.ids)


def test_every_control_has_a_label_of_its_own(page: Page) -> None:
    labels = [label["for"] for label in page.all("label")]
    controls = [
        control["id"]
        for control in page.elements
        if control.tag in ("input", "select", "textarea") and control["type"] != "hidden"
    ]
    assert sorted(labels) == sorted(controls)


def test_every_group_of_radio_buttons_has_a_legend(page: Page) -> None:
    groups = page.all("fieldset")
    radios = page.all("input", type="radio")
    assert sum(
        len([child for child in group.children if child["type"] == "radio"]) for group in groups
    ) == len(radios)
    assert all(group.children[0].tag == "legend" and group.children[0].text for group in groups)


def test_nothing_of_another_library_and_no_placeholder_is_on_the_page(page: Page) -> None:
    classes = {name for element in page.elements for name in element["class"].split()}
    assert not classes & {
        "btn-primary",
        "form-control",
        "form-group",
        "mb-3",
        "asteriskField",
        "requiredField",
    }
    assert not [element for element in page.elements if "placeholder" in element.attributes]
    assert "*" not in "".join(label.text for label in page.all("label"))


def test_the_browser_does_not_judge_the_form_before_we_do(page: Page) -> None:
    for form in page.all("form"):
        if any(child["type"] in ("radio", "text") for child in form.children):
            assert "novalidate" in form.attributes
    assert not [element for element in page.elements if "required" in element.attributes]
    assert not [element for element in page.elements if "maxlength" in element.attributes]


def test_every_form_is_posted_with_its_token(page: Page) -> None:
    for form in page.all("form"):
        assert form["method"] == "post"
        assert [child for child in form.children if child["name"] == "csrfmiddlewaretoken"]


def test_at_most_one_element_takes_the_focus(page: Page) -> None:
    assert len([element for element in page.elements if "autofocus" in element.attributes]) <= 1


def test_a_page_has_one_first_heading_and_skips_no_level(page: Page) -> None:
    levels = [int(element.tag[1]) for element in page.elements if element.tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    after_first = levels[levels.index(1) :]
    assert all(after <= before + 1 for before, after in pairwise(after_first))


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


def test_a_line_about_radio_buttons_leads_to_the_first_of_them(patient: Patient) -> None:
    page = patient.answers(contact_method=None)
    assert [link["href"] for link in page.all("a") if link.text == "Choose how we should contact you"] == [
        "#id_contact_method_0"
    ]


def test_only_what_may_be_left_out_says_that_it_is_optional(patient: Patient) -> None:
    labels = [label.text for label in patient.opens().all("label") if label["for"] != "id_website"]
    assert [label for label in labels if "(optional)" in label] == [
        "City or town (optional)",
        "A few words about the problem (optional)",
        "I would like to talk to a female member of staff. (optional)",
        "What you need at the clinic (optional)",
    ]


def test_what_depends_on_another_answer_says_on_which(patient: Patient) -> None:
    page = patient.opens()
    for name, words in [("requester_name", "Only if"), ("relationship", "Only if"), ("email", "Only if")]:
        assert page.one("div", id=f"id_{name}_helptext").text.startswith(words)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("requester_name", {"autocomplete": "section-requester name"}),
        # The patient is somebody else: a browser must not fill in the requester's name.
        ("patient_name", {"autocomplete": "section-patient name"}),
        ("patient_age", {"inputmode": "numeric"}),
        ("phone", {"type": "tel", "inputmode": "tel", "autocomplete": "section-requester tel", "dir": "ltr"}),
        ("email", {"type": "email", "inputmode": "email", "autocomplete": "section-requester email"}),
    ],
)
def test_a_phones_keyboard_and_memory_fit_the_question(
    patient: Patient, name: str, attributes: dict[str, str]
) -> None:
    control = patient.opens().one("input", name=name)
    assert {attribute: control[attribute] for attribute in attributes} == attributes


def test_the_box_to_agree_is_not_ticked_before(patient: Patient) -> None:
    assert "checked" not in patient.opens().one("input", name="consent").attributes


def test_the_notice_stands_above_the_box_with_a_way_to_the_whole_of_it(
    patient: Patient, notice: PrivacyNotice
) -> None:
    page = patient.opens()
    (summary,) = page.by_class("inset")
    assert notice.summary in summary.text
    assert reverse("consultations:privacy") in [child["href"] for child in summary.children]
    order = page.elements.index
    assert order(summary) < order(page.one("input", name="consent"))


def test_many_procedures_become_a_list_to_pick_from(patient: Patient) -> None:
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
