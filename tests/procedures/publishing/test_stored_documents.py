"""Documents stored under any schema are shown by the current templates.

The files under ``data/`` are documents as the first schema stored them. They are never regenerated: a change
of code that cannot show them needs an upgrade in ``procedures.publishing.documents.UPGRADES``.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from procedures.models import Publication
from procedures.public import structured_data
from procedures.publishing import checks, comparison, documents
from procedures.publishing import services as publishing
from procedures.publishing.documents import Card, PageDocument
from tests.admin_forms import address, restore_in_admin
from tests.factories import a_document, a_procedure, an_overview, staff
from tests.pages import Page, read
from tests.procedures.publishing.strategies import DOCUMENTS

DATA = Path(__file__).parent / "data"
STORED = sorted(path.name for path in DATA.glob("schema-*.json"))
WRITTEN = datetime(2026, 5, 3, 12, tzinfo=UTC)


def stored(name: str) -> str:
    return (DATA / name).read_text("utf-8")


def put_on_the_site(text: str) -> Publication:
    """A row as it was written then: past the services, which write today's schema."""
    data = json.loads(text)
    page = an_overview() if data["kind"] == "overview" else a_procedure(data["slug"])
    card = {name: data.get(name, "") for name in json.loads(stored("card-1.json"))}
    return Publication.objects.create(
        page=page,
        language="en",
        number=1,
        slug=data.get("slug", ""),
        document=text,
        card=json.dumps(card),
        published_at=WRITTEN,
        live_from=WRITTEN,
    )


def shown(client: Client, publication: Publication) -> Page:
    response = client.get(publication.get_absolute_url())
    assert response.status_code == 200
    return read(response)


def test_stored_documents_cover_both_kinds_of_page() -> None:
    assert {json.loads(stored(name))["kind"] for name in STORED} == {"overview", "procedure"}
    assert {json.loads(stored(name))["schema"] for name in STORED} == {1}


@pytest.mark.parametrize("name", STORED)
def test_stored_document_is_read_completely(name: str) -> None:
    data = json.loads(stored(name))
    again = json.loads(PageDocument.from_json(stored(name)).to_json())
    assert {key: again.get(key) for key in data if key != "schema"} == {
        key: value for key, value in data.items() if key != "schema"
    }


def test_stored_card_is_read() -> None:
    assert Card.from_json(stored("card-1.json")).title == "Replantation"


@pytest.mark.django_db
@pytest.mark.parametrize("name", STORED)
def test_stored_document_is_shown_and_compared(client: Client, name: str) -> None:
    publication = put_on_the_site(stored(name))
    data = json.loads(stored(name))
    page = shown(client, publication)
    for words in (data["title"], data["risks"][0]["name"], data["disclaimer"]["heading"]):
        assert words in page.main.text
    for section in PageDocument.from_json(stored(name)).shown_sections:
        assert not section.heading or section.heading in page.heading_texts()

    client.force_login(staff("Editor"))
    versions = address(publication.page, "history_of")
    for path in (versions, f"{versions}1/", f"{versions}compare/?from=1&to=draft"):
        assert client.get(path).status_code == 200
    assert restore_in_admin(client, publication.page, 1).status_code == 302
    publication.page.refresh_from_db()
    assert publication.page.title == data["title"]


def _schema_zero(text: str) -> str:
    """As if there had been a schema before the first: a risk was a string, and the author a person."""
    data = json.loads(text) | {"schema": 0}
    data["risks"] = [f"{risk['name']}: {risk['body']}" for risk in data["risks"]]
    data["writer"] = {"name": data.pop("author")}
    return json.dumps(data)


def _to_first(data: dict[str, Any]) -> dict[str, Any]:
    risks = [risk.partition(": ") for risk in data["risks"]]
    return data | {
        "schema": 1,
        "author": data["writer"]["name"],
        "risks": [
            {"name": name, "medical_term": "", "body": body, "frequency": "uncommon"}
            for name, _colon, body in risks
        ],
    }


@pytest.mark.django_db
def test_older_schema_is_shown_compared_and_restored(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(documents.UPGRADES, 0, _to_first)
    old = _schema_zero(a_document(author="Dr. Old").to_json())
    publication = put_on_the_site(old)
    page = shown(client, publication)
    assert "Germs get in." in page.main.text
    assert "Dr. Old" in page.main.text

    client.force_login(staff("Editor"))
    versions = address(publication.page, "history_of")
    assert client.get(f"{versions}compare/?from=1&to=draft").status_code == 200
    assert client.get("/staff/past-pages/lymph-vessel-repair/?on=2026-05-03").status_code == 200
    publishing.restore(publication, by=None)
    assert publication.page.risks.first().name == "Infection"


@pytest.mark.django_db
@hypothesis_settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS, DOCUMENTS)
def test_any_two_documents_can_be_compared(old: PageDocument, new: PageDocument) -> None:
    for change in comparison.changes(old, new):
        segments = [segment for segment in change.segments if segment.kind != comparison.Kind.REMOVED]
        assert "".join(segment.text for segment in segments) == comparison.texts(new).get(change.key, "")
        segments = [segment for segment in change.segments if segment.kind != comparison.Kind.ADDED]
        assert "".join(segment.text for segment in segments) == comparison.texts(old).get(change.key, "")
    assert comparison.changes(old, old) == ()
    assert comparison.structure(old) == comparison.structure(old)
    assert checks.publication_problems(new) is not None
    assert structured_data.page(new, None)
