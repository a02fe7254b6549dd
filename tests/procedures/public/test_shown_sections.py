"""An empty section is not shown; a section with a list is shown even without text of its own."""

from datetime import date

from msgspec.structs import replace

from procedures.models import SectionKind
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument, TitledText
from tests.factories import a_document

LISTS = (
    "key_facts",
    "benefits",
    "steps",
    "recovery_notes",
    "expectations",
    "risks",
    "care_cards",
    "questions",
)
EMPTY = replace(a_document(), **dict.fromkeys(LISTS, ()))
ITEM = (TitledText(title="A title", body="A text."),)
LIST_OF_KIND: dict[str, dict[str, object]] = {
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


def shown(kind: str, body: str = "", **lists: object) -> list[str]:
    section = documents.Section(kind=kind, heading="A heading", body=body)
    document: PageDocument = replace(EMPTY, sections=(section,), **lists)
    return [section.kind for section in document.shown_sections]


def test_section_is_shown_only_with_a_text_or_its_own_list() -> None:
    for kind in map(str, SectionKind):
        assert shown(kind, "A text.") == [kind]
        if kind not in (SectionKind.PROCEDURES, SectionKind.EMERGENCY):
            assert shown(kind) == []
        if kind in LIST_OF_KIND:
            assert shown(kind, **LIST_OF_KIND[kind]) == [kind]
            for other in LIST_OF_KIND.keys() - {kind}:
                assert shown(other, **LIST_OF_KIND[kind]) == [], (kind, other)


def test_question_with_an_answer_is_not_one_to_ask() -> None:
    document = a_document()
    assert [question.text for question in document.questions_to_ask] == ["What would you choose?"]
    assert [question.text for question in document.answered_questions] == ["Can I drive?"]


def test_page_is_overdue_on_the_day_after_its_review_was_due() -> None:
    document = a_document()
    assert not document.is_overdue(date(2029, 3, 1))
    assert document.is_overdue(date(2029, 3, 2))
    assert not replace(document, review=None).is_overdue(date(2099, 1, 1))


def test_sections_of_one_page_have_different_ids() -> None:
    """A page may have several sections of plain text."""
    text = documents.Section(kind="text", heading="Smoking", body="Stop.")
    sections = (text, replace(text, heading="Driving"), *a_document().sections)
    anchors = [section.anchor for section in replace(a_document(), sections=sections).shown_sections]
    assert len(set(anchors)) == len(anchors)
