"""A new procedure starts from the standard outline: guidance for staff, nothing for patients while empty."""

import pytest
from django.test import Client

from procedures.models import Procedure, SectionKind
from procedures.staff import outline
from tests.admin_forms import add_in_admin, address, form_of
from tests.factories import published, shared_texts
from tests.pages import read

pytestmark = pytest.mark.django_db

FIELDS = {
    "title": "Tendon Transfer",
    "slug": "tendon-transfer",
    "plain_name": "moving a working tendon",
    "menu_label": "Tendons",
    "summary": "A tendon is moved.",
    "description": "Why a tendon is moved.",
    "urgency": "planned",
    "position": "5",
    "drawing": "field",
}


@pytest.fixture
def procedure(editor: Client) -> Procedure:
    shared_texts()
    procedure: Procedure = add_in_admin(editor, Procedure, FIELDS)
    return procedure


def test_it_has_every_section_of_the_outline_in_order_and_empty(procedure: Procedure) -> None:
    found = [
        (section.position, section.kind, section.heading, section.body)
        for section in procedure.sections.all()
    ]
    assert found == [
        (place, heading.kind.value, str(heading.heading), "")
        for place, heading in enumerate(outline.OUTLINE, start=1)
    ]


def test_each_empty_section_says_what_belongs_into_it_and_a_filled_one_does_not(
    editor: Client, procedure: Procedure
) -> None:
    page = read(editor.get(address(procedure)))
    for heading in outline.OUTLINE:
        assert str(heading.guidance) in page.text
    sent = form_of(editor, address(procedure)) | {"sections-0-body": "To let a finger bend again."}
    editor.post(address(procedure), sent)
    page = read(editor.get(address(procedure)))
    assert str(outline.OUTLINE[0].guidance) not in page.text
    assert str(outline.OUTLINE[1].guidance) in page.text


def test_guidance_is_joined_to_its_field_for_screen_readers(editor: Client, procedure: Procedure) -> None:
    page = read(editor.get(address(procedure)))
    (field,) = page.all("textarea", name="sections-0-body")
    assert str(outline.OUTLINE[0].guidance) in page.one(id=field["aria-describedby"]).text


def test_a_section_left_empty_leaves_no_heading_and_no_guidance_on_the_page(
    client: Client, procedure: Procedure
) -> None:
    procedure.author = "The clinic"
    procedure.save()
    procedure.sections.filter(kind="alternatives").update(body="Bandages, or no operation.")
    procedure.risks.create(name="Infection", body="Germs get in.")
    procedure.carecards.create(level="routine", heading="Contact the clinic if:", items="a question")
    from tests.factories import a_source

    procedure.citations.create(source=a_source(), section="why", statement="Tendons heal.")
    published(procedure)
    page = read(client.get("/procedures/tendon-transfer/"))
    headings = page.heading_texts()
    assert "Other options, including no operation" in headings
    for empty in (
        "Why it is done",
        "How to prepare",
        "In the hospital after the operation",
        "Recovery over time",
    ):
        assert empty not in headings
        assert empty not in page.main.text
    for heading in outline.OUTLINE:
        assert str(heading.guidance) not in page.text


def test_patients_see_nothing_of_it_before_it_is_published(client: Client, procedure: Procedure) -> None:
    assert client.get("/procedures/tendon-transfer/").status_code == 404


def test_a_second_save_of_the_form_does_not_start_the_outline_again(
    editor: Client, procedure: Procedure
) -> None:
    assert editor.post(address(procedure), form_of(editor, address(procedure))).status_code == 302
    assert procedure.sections.count() == len(outline.OUTLINE)


def test_the_outline_meets_every_section_that_the_gate_asks_for() -> None:
    kinds = {heading.kind for heading in outline.OUTLINE}
    assert {SectionKind.ALTERNATIVES, SectionKind.RISKS, SectionKind.HELP} <= kinds
