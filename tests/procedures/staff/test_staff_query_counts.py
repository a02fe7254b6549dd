"""The staff pages need as many queries for a long page and history as for short ones."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from procedures.models import Procedure
from tests.admin_forms import address
from tests.factories import a_procedure, a_source, published, shared_texts, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def queries(db: None) -> Callable[[str], int]:
    client = Client()
    client.force_login(staff("Clinical reviewer"))

    def count(url: str) -> int:
        assert client.get(url).status_code == 200
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    return count


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    procedure = a_procedure()
    source = procedure.citations.get().source
    procedure.keyfacts.create(label="How long", value="Depends", source=source)
    published(procedure)
    return procedure


def longer(procedure: Procedure) -> None:
    for number in range(12):
        source = a_source(f"source-{number}")
        procedure.risks.create(name=f"Risk {chr(97 + number)}", body="…", position=9)
        procedure.questions.create(text=f"Question {chr(97 + number)}?", position=9)
        procedure.keyfacts.create(label=f"Fact {chr(97 + number)}", value="…", source=source, position=9)
        procedure.citations.create(source=source, section="why", statement="…", position=9)
        procedure.sections.create(kind="text", heading=f"Text {chr(97 + number)}", body="…", position=9)
    for _ in range(6):
        published(procedure)
    for number in range(12):
        a_procedure(f"procedure-{number}")


@pytest.mark.parametrize(
    "view", ["change", "publish", "history_of", "preview", "preview_link", "compare", "changelist"]
)
def test_queries_do_not_grow_with_page_or_history(
    queries: Callable[[str], int], procedure: Procedure, view: str, monkeypatch: Any
) -> None:
    url = "/staff/procedures/procedure/" if view == "changelist" else address(procedure, view)
    url += "?from=1&to=draft" if view == "compare" else ""
    few = queries(url)
    longer(procedure)
    assert queries(url) <= few
    assert few < 60
