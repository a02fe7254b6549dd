"""An empty section leaves no heading; a section with a list shows it though it has no text of its own."""

from datetime import date

import pytest
from msgspec.structs import replace

from procedures.models import SectionKind
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument, TitledText
from tests.factories import a_document

EMPTY = replace(
    a_document(),
    key_facts=(),
    benefits=(),
    steps=(),
    recovery_notes=(),
    expectations=(),
    risks=(),
    care_cards=(),
    questions=(),
    emergency=None,
)
ITEM = (TitledText(title="A title", body="A text."),)
LISTS: dict[str, dict[str, object]] = {
    "emergency": {"emergency": a_document().emergency},
    "scale": {"key_facts": a_document().key_facts},
    "benefits": {"benefits": ITEM},
    "steps": {"steps": ITEM},
    "recovery": {"recovery_notes": ITEM},
    "risks": {"risks": a_document().risks},
    "help": {"care_cards": a_document().care_cards},
    "consultation": {"expectations": ITEM},
    "questions": {"questions": (documents.Question(text="Why?", answer=""),)},
    "faqs": {"questions": (documents.Question(text="Why?", answer="Because."),)},
}


def with_section(document: PageDocument, kind: str, body: str = "") -> PageDocument:
    return replace(document, sections=(documents.Section(kind=kind, heading="A heading", body=body),))


@pytest.mark.parametrize("kind", [kind.value for kind in SectionKind if kind != SectionKind.PROCEDURES])
def test_a_section_with_nothing_in_it_is_not_shown(kind: str) -> None:
    assert with_section(EMPTY, kind).shown_sections == ()


@pytest.mark.parametrize("kind", [kind.value for kind in SectionKind])
def test_a_section_with_a_text_is_shown(kind: str) -> None:
    assert [section.kind for section in with_section(EMPTY, kind, "A text.").shown_sections] == [kind]


@pytest.mark.parametrize("kind", LISTS)
def test_a_section_with_a_list_is_shown_without_a_text(kind: str) -> None:
    document = replace(with_section(EMPTY, kind), **LISTS[kind])
    assert [section.kind for section in document.shown_sections] == [kind]


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_does_not_show_a_section_of_another_kind(kind: str) -> None:
    for other in LISTS.keys() - {kind}:
        assert replace(with_section(EMPTY, other), **LISTS[kind]).shown_sections == ()


def test_a_question_with_an_answer_is_not_one_to_ask() -> None:
    document = a_document()
    assert [question.text for question in document.questions_to_ask] == ["What would you choose?"]
    assert [question.text for question in document.answered_questions] == ["Can I drive?"]


def test_a_page_is_overdue_on_the_day_after_its_review_was_due() -> None:
    document = a_document()
    assert not document.is_overdue(date(2029, 3, 1))
    assert document.is_overdue(date(2029, 3, 2))
    assert not replace(document, review=None).is_overdue(date(2099, 1, 1))


def test_sections_of_one_page_have_ids_of_their_own() -> None:
    """Even two of plain text, the one kind that a page may have twice."""
    text = documents.Section(kind="text", heading="Smoking", body="Stop.")
    document = replace(
        a_document(), sections=(text, replace(text, heading="Driving"), *a_document().sections)
    )
    anchors = [section.anchor for section in document.shown_sections]
    assert len(set(anchors)) == len(anchors)
