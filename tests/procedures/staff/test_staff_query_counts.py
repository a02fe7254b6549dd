"""The staff pages need as many queries for a long page and history as for short ones."""

from functools import partial

import pytest

from procedures.models import Procedure
from tests.admin_forms import address
from tests.conftest import query_count
from tests.factories import a_disclaimer, a_procedure, a_source, published, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def procedure() -> Procedure:
    a_disclaimer()
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
    for _ in range(3):
        published(procedure)
    for number in range(3):
        a_procedure(f"procedure-{number}")


def test_queries_do_not_grow_with_page_or_history(procedure: Procedure) -> None:
    client = signed_in("Clinical reviewer")
    views = ("change", "publish", "history_of", "preview", "preview_link")
    urls = ["/staff/procedures/procedure/", f"{address(procedure, 'compare')}?from=1&to=draft"]
    urls += [address(procedure, view) for view in views]

    def visit(url: str) -> None:
        assert client.get(url).status_code == 200

    visit(urls[0])
    few = {url: query_count(partial(visit, url)) for url in urls}
    longer(procedure)
    for url in urls:
        assert query_count(partial(visit, url)) <= few[url] < 35, url
