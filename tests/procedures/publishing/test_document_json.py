"""Documents as JSON, of this schema and older ones."""

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
def test_document_json_round_trip(document: PageDocument) -> None:
    assert PageDocument.from_json(document.to_json()) == document


@given(DOCUMENTS)
def test_document_json_is_stable(document: PageDocument) -> None:
    stored = document.to_json()
    assert PageDocument.from_json(stored).to_json() == stored


@given(DOCUMENTS)
def test_document_json_is_standard_json(document: PageDocument) -> None:
    assert json.loads(document.to_json())["title"] == document.title


@given(DOCUMENTS)
def test_card_json_round_trip(document: PageDocument) -> None:
    card = Card.from_json(document.card.to_json())
    assert card == document.card
    assert (card.title, card.slug, card.menu_label) == (document.title, document.slug, document.menu_label)


def test_document_is_immutable() -> None:
    document = a_document()
    with pytest.raises(AttributeError):
        document.title = "Another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        document.risks[0].body = "None at all"  # type: ignore[misc]
    assert isinstance(document.risks, tuple)


def test_signing_keeps_the_content() -> None:
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


def test_unsigned_versions_of_the_same_content_are_equal() -> None:
    first, second = a_document(review=None), a_document()
    assert first != second
    assert first.unsigned() == second.unsigned()


def test_document_json_with_unknown_field_is_read() -> None:
    """An older process beside a newer one, for the minute of a release."""
    data = json.loads(a_document().to_json()) | {"mood": "calm"}
    assert PageDocument.from_json(json.dumps(data)) == a_document()


def test_document_json_without_new_field_uses_its_default() -> None:
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
def test_older_schema_is_upgraded_step_by_step(
    monkeypatch: pytest.MonkeyPatch, steps: int, title: str
) -> None:
    _second_schema(monkeypatch)
    data = json.loads(a_document().to_json())
    data["lead"] = data.pop("summary")
    data["schema"] = documents.SCHEMA - steps

    assert PageDocument.from_json(json.dumps(data)) == a_document(title=title)


def test_older_schema_with_all_fields_is_upgraded(
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
def test_invalid_document_json_is_refused(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        PageDocument.from_json(text)
