"""A new procedure starts with the standard outline, with guidance for staff."""

import pytest
from django.test import Client

from procedures.models import Procedure, SectionKind
from procedures.staff import outline
from tests.admin_forms import add_in_admin, address, form_in
from tests.factories import a_disclaimer, a_source, published
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
    a_disclaimer()
    procedure: Procedure = add_in_admin(editor, Procedure, FIELDS)
    return procedure


def test_new_procedure_has_the_outline_with_guidance_at_empty_sections(
    client: Client, editor: Client, procedure: Procedure
) -> None:
    outlined = [(kind, section["heading"], "") for kind, section in outline.OUTLINE.items()]
    sections = procedure.sections.values_list("position", "kind", "heading", "body")
    assert list(sections) == [(place, *section) for place, section in enumerate(outlined, start=1)]
    required = {SectionKind.ALTERNATIVES, SectionKind.RISKS, SectionKind.HELP}
    assert required <= outline.OUTLINE.keys() <= set(SectionKind)
    assert client.get("/procedures/tendon-transfer/").status_code == 404

    page = read(editor.get(address(procedure)))
    first, second, *_others = guidance = [section["guidance"] for section in outline.OUTLINE.values()]
    assert all(hint in page.text for hint in guidance)
    (field,) = page.all("textarea", name="sections-0-body")
    assert first in page.one(id=field["aria-describedby"]).text
    # Saving the form does not add the outline again.
    sent = form_in(page) | {"sections-0-body": "To let a finger bend again."}
    assert editor.post(address(procedure), sent).status_code == 302
    assert procedure.sections.count() == len(outlined)
    text = read(editor.get(address(procedure))).text
    assert first not in text and second in text


def test_empty_sections_and_guidance_are_not_on_the_page(client: Client, procedure: Procedure) -> None:
    Procedure.objects.update(author="The clinic")
    procedure.refresh_from_db()
    procedure.sections.filter(kind="alternatives").update(body="Bandages, or no operation.")
    procedure.risks.create(name="Infection", body="Germs get in.")
    procedure.carecards.create(level="routine", heading="Contact the clinic if:", items="a question")
    procedure.citations.create(source=a_source(), section="why", statement="Tendons heal.")
    published(procedure)
    page = read(client.get("/procedures/tendon-transfer/"))
    assert "Other options, including no operation" in page.heading_texts()
    for empty in ("Why it is done", "How to prepare", "In the hospital after", "Recovery over time"):
        assert empty not in page.main.text
    assert not any(section["guidance"] in page.text for section in outline.OUTLINE.values())
