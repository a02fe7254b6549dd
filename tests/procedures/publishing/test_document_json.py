"""A document is stored as JSON, and read back for years."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from procedures.publishing import documents
from procedures.publishing.documents import Card, PageDocument
from tests.factories import a_document
from tests.procedures.publishing.strategies import DOCUMENTS


@given(DOCUMENTS)
def test_a_document_read_back_from_its_json_is_the_same(document: PageDocument) -> None:
    assert PageDocument.from_json(document.to_json()) == document


@given(DOCUMENTS)
def test_reading_and_storing_again_gives_the_same_bytes(document: PageDocument) -> None:
    stored = document.to_json()
    assert PageDocument.from_json(stored).to_json() == stored


@given(DOCUMENTS)
def test_the_json_is_plain_json_that_any_program_reads(document: PageDocument) -> None:
    assert json.loads(document.to_json())["title"] == document.title


@given(DOCUMENTS)
def test_a_card_says_what_its_document_says_and_survives_its_json(document: PageDocument) -> None:
    card = Card.from_json(document.card.to_json())
    assert card == document.card
    assert (card.title, card.slug, card.menu_label) == (document.title, document.slug, document.menu_label)


def test_a_document_cannot_be_changed() -> None:
    document = a_document()
    with pytest.raises(AttributeError):
        document.title = "Another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        document.risks[0].body = "None at all"  # type: ignore[misc]
    assert isinstance(document.risks, tuple)


def test_signing_changes_nothing_but_the_signature() -> None:
    unsigned = a_document(review=None)
    signed = unsigned.signed(
        version=documents.Version(
            number=3,
            published_at="2026-01-01",  # type: ignore[arg-type]
            first_published_at="2026-01-01",  # type: ignore[arg-type]
            change_note="",
        ),
        review=a_document().review,
    )
    assert signed != unsigned
    assert signed.unsigned() == unsigned


def test_two_versions_that_say_the_same_are_equal_once_unsigned() -> None:
    first, second = a_document(review=None), a_document()
    assert first != second
    assert first.unsigned() == second.unsigned()


def test_a_field_this_code_does_not_know_is_passed_over() -> None:
    """An older process beside a newer one, for the minute of a release."""
    data = json.loads(a_document().to_json()) | {"mood": "calm"}
    assert PageDocument.from_json(json.dumps(data)) == a_document()


def test_a_field_that_came_later_has_its_default() -> None:
    data = json.loads(a_document().to_json())
    del data["body_location"]
    assert PageDocument.from_json(json.dumps(data)).body_location == ""


def _second_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if schema 2 had come: its titles are in capitals, and ``summary`` was once ``lead``."""

    def to_first(data: dict[str, Any]) -> dict[str, Any]:
        lead = data.pop("lead")
        return data | {"schema": documents.SCHEMA, "summary": lead}

    def to_zero(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"schema": documents.SCHEMA - 1, "title": data["title"].upper()}

    older = {documents.SCHEMA - 1: to_first, documents.SCHEMA - 2: to_zero}
    monkeypatch.setattr(documents, "UPGRADES", older)


@pytest.mark.parametrize(("steps", "title"), [(1, "Lymph Vessel Repair"), (2, "LYMPH VESSEL REPAIR")])
def test_a_document_of_an_older_schema_is_raised_step_by_step(
    monkeypatch: pytest.MonkeyPatch, steps: int, title: str
) -> None:
    _second_schema(monkeypatch)
    data = json.loads(a_document().to_json())
    data["lead"] = data.pop("summary")
    data["schema"] = documents.SCHEMA - steps

    assert PageDocument.from_json(json.dumps(data)) == a_document(title=title)


def test_an_older_document_that_has_every_field_of_today_is_raised_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only its number tells that a field meant something else then."""
    monkeypatch.setattr(
        documents,
        "UPGRADES",
        {documents.SCHEMA - 1: lambda data: data | {"schema": documents.SCHEMA, "author": "Staff"}},
    )
    old = a_document(schema=documents.SCHEMA - 1, author="staff")
    assert PageDocument.from_json(old.to_json()) == a_document(author="Staff")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '"text"', '{"schema": 1}', '{"schema": 1, "title"'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        PageDocument.from_json(text)
