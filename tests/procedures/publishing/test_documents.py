"""Documents as JSON, and documents that were stored earlier.

The files under ``data/`` are documents as the first schema stored them. They are never regenerated: a change
of code that cannot show them must convert them in ``PageDocument.from_json``.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from msgspec.structs import replace

from clinic_site.core.editing.text_changes import Kind
from procedures.models import Publication
from procedures.public import structured_data
from procedures.publishing import checks, comparison, documents
from procedures.publishing.documents import Card, PageDocument
from tests.admin_forms import address, restore_in_admin
from tests.factories import a_document, a_procedure, an_overview, staff
from tests.pages import read
from tests.procedures.publishing.strategies import DOCUMENTS

DATA = Path(__file__).parent / "data"
STORED = {path.name: path.read_text("utf-8") for path in sorted(DATA.glob("schema-*.json"))}
STORED_CARD = (DATA / "card-1.json").read_text("utf-8")
WRITTEN = datetime(2026, 5, 3, 12, tzinfo=UTC)


@hypothesis_settings(max_examples=60)
@given(DOCUMENTS)
def test_document_and_card_json_round_trip(document: PageDocument) -> None:
    stored = document.to_json()
    assert PageDocument.from_json(stored) == document
    assert PageDocument.from_json(stored).to_json() == stored
    assert json.loads(stored)["title"] == document.title, "not standard JSON"
    card = Card.from_json(document.card.to_json())
    assert card == document.card
    assert (card.title, card.slug, card.menu_label) == (document.title, document.slug, document.menu_label)


@hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS, DOCUMENTS)
def test_any_two_documents_are_checked_and_compared(old: PageDocument, new: PageDocument) -> None:
    for change in comparison.changes(old, new):
        for document, other in ((new, Kind.REMOVED), (old, Kind.ADDED)):
            segments = [segment.text for segment in change.segments if segment.kind != other]
            assert "".join(segments) == comparison.texts(document).get(change.key, "")
    assert comparison.changes(old, old) == ()
    assert comparison.structure(old) == comparison.structure(old)
    assert structured_data.page(new, None)
    for problem in checks.publication_problems(new):
        assert problem.field
        assert problem.message.endswith((".", "?"))


def test_document_is_immutable() -> None:
    document = a_document()
    with pytest.raises(AttributeError):
        document.title = "Another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        document.risks[0].body = "None at all"  # type: ignore[misc]
    assert isinstance(document.risks, tuple)


def test_signing_keeps_the_content() -> None:
    unsigned = a_document(review=None)
    version = documents.Version(3, published_at=WRITTEN, first_published_at=WRITTEN, change_note="")
    signed = replace(unsigned, version=version, review=a_document().review, share_picture="a.jpg")
    assert signed != unsigned
    assert signed.unsigned() == unsigned == a_document().unsigned()


def test_document_json_of_another_release_is_read() -> None:
    """Without the fields added since, and with those that an older process does not know yet."""
    data = json.loads(a_document().to_json()) | {"mood": "calm"}
    del data["body_location"], data["share_picture"]
    assert PageDocument.from_json(json.dumps(data)) == a_document(body_location="")


def test_invalid_document_json_is_refused() -> None:
    for text in ("", "null", "[]", "{}", '"text"', '{"schema": 1}', '{"schema": 1, "title"'):
        with pytest.raises(msgspec.MsgspecError):
            PageDocument.from_json(text)


# Documents of the first schema


def test_stored_documents_are_read_completely() -> None:
    kinds = set()
    for name, text in STORED.items():
        data = json.loads(text)
        # Pages once kept a copy of the emergency text.
        del data["emergency"]
        again = json.loads(PageDocument.from_json(text).to_json())
        assert {key: again.get(key) for key in data} == data, name
        assert data["schema"] == 1
        kinds.add(data["kind"])
    assert kinds == {"overview", "procedure"}
    assert Card.from_json(STORED_CARD).title == "Replantation"


@pytest.mark.django_db
def test_stored_documents_are_shown_compared_and_restored(client: Client) -> None:
    client.force_login(staff("Editor"))
    for text in STORED.values():
        data = json.loads(text)
        page = an_overview() if data["kind"] == "overview" else a_procedure(data["slug"])
        # Past the code that publishes, which writes the schema of today.
        publication = Publication.objects.create(
            page=page,
            language="en",
            number=1,
            slug=data.get("slug", ""),
            document=text,
            card=json.dumps({name: data.get(name, "") for name in json.loads(STORED_CARD)}),
            published_at=WRITTEN,
            live_from=WRITTEN,
        )
        shown = read(client.get(publication.get_absolute_url()))
        for words in (data["title"], data["risks"][0]["name"], data["disclaimer"]["heading"]):
            assert words in shown.main.text
        for section in PageDocument.from_json(text).shown_sections:
            assert not section.heading or section.heading in shown.heading_texts()

        versions = address(page, "history_of")
        for path in (versions, f"{versions}1/", f"{versions}compare/?from=1&to=draft"):
            assert client.get(path).status_code == 200
        assert restore_in_admin(client, page, 1).status_code == 302
        page.refresh_from_db()
        assert page.title == data["title"]
