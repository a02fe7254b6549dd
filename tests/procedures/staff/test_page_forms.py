"""The admin form of a page: parts in order, and errors in words."""

import pytest
from django.test import Client

from procedures.models import Procedure
from procedures.publishing import drafts
from tests.admin_forms import address, errors_in, form_of, with_parts
from tests.factories import a_procedure

pytestmark = pytest.mark.django_db


@pytest.fixture
def procedure() -> Procedure:
    a_procedure("replantation")
    return a_procedure()


def test_part_without_a_position_goes_to_the_end(editor: Client, procedure: Procedure) -> None:
    more = [
        {"name": "Bleeding", "body": "A little.", "frequency": "serious", "position": ""},
        {"name": "Scars", "body": "One.", "frequency": "common", "position": "0"},
    ]
    sent = with_parts(form_of(editor, address(procedure)), {"risks": more})
    response = editor.post(address(procedure), sent)
    assert response.status_code == 302, errors_in(response)
    assert [(risk.name, risk.position) for risk in procedure.risks.all()] == [
        ("Scars", 1),
        ("Infection", 2),
        ("Bleeding", 3),
    ]


def test_removed_part_leaves_no_gap(editor: Client, procedure: Procedure) -> None:
    sent = form_of(editor, address(procedure)) | {"sections-1-DELETE": "on"}
    assert editor.post(address(procedure), sent).status_code == 302
    sections = list(procedure.sections.all())
    assert [section.position for section in sections] == list(range(1, len(sections) + 1))
    assert [section.kind for section in sections[:2]] == ["why", "steps"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"slug": "replantation"}, "Another procedure has this address."),
        ({"slug": "Replantation"}, "Another procedure has this address."),
        ({"title": "REPLANTATION"}, "Another procedure has this title."),
        ({"slug": "not an address"}, "valid"),
        ({"title": ""}, "required"),
        ({"title": "T" * 66}, "at most 65"),
        ({"carecards-0-items": "\n".join("abcdefg")}, "Write at most 6 lines; there are 7."),
        ({"carecards-0-items": "x" * 121}, "Shorten line 1 to 120 characters; it has 121."),
        ({"carecards-0-level": ""}, "required"),
        ({"risks-0-position": "-1"}, "greater than or equal to 0"),
        ({"sections-1-kind": "why"}, "This page has a section of this kind already. Choose another kind."),
    ],
)
def test_page_form_errors_are_shown_and_nothing_is_saved(
    editor: Client, procedure: Procedure, changes: dict[str, str], sentence: str
) -> None:
    before = Procedure.objects.values().get(pk=procedure.pk)
    response = editor.post(address(procedure), form_of(editor, address(procedure)) | changes)
    assert response.status_code == 200
    assert any(sentence in error for error in errors_in(response)), errors_in(response)
    assert Procedure.objects.values().get(pk=procedure.pk) == before


def test_two_new_parts_of_a_unique_kind_are_refused(editor: Client, procedure: Procedure) -> None:
    card = {"level": "urgent", "heading": "Call if:", "items": "pus"}
    section = {"kind": "recovery", "heading": "Recovery", "body": "Slow."}
    for twins in ({"carecards": [card, card]}, {"sections": [section, section]}):
        response = editor.post(address(procedure), with_parts(form_of(editor, address(procedure)), twins))
        assert response.status_code == 200
        assert errors_in(response)
    assert procedure.carecards.count() == 1


def test_new_section_may_replace_a_removed_one_of_its_kind(editor: Client, procedure: Procedure) -> None:
    sent = form_of(editor, address(procedure)) | {"sections-0-DELETE": "on"}
    sent = with_parts(sent, {"sections": [{"kind": "why", "heading": "Why, again", "body": "Because."}]})
    response = editor.post(address(procedure), sent)
    assert response.status_code == 302, errors_in(response)
    assert procedure.sections.get(kind="why").heading == "Why, again"


@pytest.mark.parametrize("set_and_field", ["sections-{}-kind", "carecards-{}-level"])
def test_swapped_unique_kinds_never_fail(editor: Client, procedure: Procedure, set_and_field: str) -> None:
    """Parts are saved one by one: for a moment both would have the same kind."""
    procedure.carecards.create(level="urgent", heading="Call if:", items="pus", position=9)
    sent = form_of(editor, address(procedure))
    one, other = (set_and_field.format(number) for number in (0, 1))
    sent[one], sent[other] = sent[other], sent[one]
    response = editor.post(address(procedure), sent)
    assert response.status_code == 302 or errors_in(response)


def test_page_may_have_several_text_sections(editor: Client, procedure: Procedure) -> None:
    more = [{"kind": "text", "heading": name, "body": "…"} for name in ("Smoking", "Driving")]
    sent = with_parts(form_of(editor, address(procedure)), {"sections": more})
    assert editor.post(address(procedure), sent).status_code == 302
    assert procedure.sections.filter(kind="text").count() == 2


def test_untouched_form_changes_nothing(editor: Client, sample_site: None) -> None:
    """Browsers send other line ends."""
    page = Procedure.objects.get(slug="nerve-repair")
    before = drafts.read_draft(page, "en")
    assert editor.post(address(page), form_of(editor, address(page))).status_code == 302
    assert drafts.read_draft(Procedure.objects.get(pk=page.pk), "en") == before
