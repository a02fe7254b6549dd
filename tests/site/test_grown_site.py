"""A site with forty procedures and long texts keeps its budgets, and every page can be found."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.conftest import shared_world
from tests.factories import a_procedure, an_overview, published
from tests.pages import read
from tests.site.test_budgets import HTML_AND_CSS, html_and_css

pytestmark = pytest.mark.django_db

PROCEDURES = 40


@pytest.fixture(scope="module", autouse=True)
def grown(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with shared_world(django_db_blocker):
        with django_db_blocker.unblock():
            published(an_overview())
            for number in range(PROCEDURES):
                published(a_procedure(f"procedure-{number}", position=number, **words_of(number)))
        yield


def words_of(number: int) -> dict[str, str]:
    return {
        "title": f"Repair of a Very Small Vessel in the {number}th Place of the Hand"[:65],
        "summary": f"This is operation number {number}, told in two sentences. It joins what is small.",
    }


def test_pagination_reaches_every_procedure_and_each_page_has_its_own_address(client: Client) -> None:
    found: list[str] = []
    seen: dict[str, str] = {}
    address = "/procedures/"
    for _page in range(10):
        page = read(client.get(address))
        found += [heading.one("a")["href"] for heading in page.main.all("h2") if heading.all("a")]
        seen[page.one("link", rel="canonical")["href"]] = page.title
        following = page.main.all("a", rel="next")
        if not following:
            break
        address = "/procedures/" + following[0]["href"]
    assert found == [f"/procedures/procedure-{number}/" for number in range(PROCEDURES)]
    assert [*seen][:2] == [f"{settings.SITE_URL}/procedures/", f"{settings.SITE_URL}/procedures/?page=2"]
    assert len(set(seen.values())) == len(seen) > 1
    for query in ("page=-1", "page=999", "page=two", "page=", "page=2&page=3"):
        response = client.get(f"/procedures/?{query}")
        assert response.status_code in (200, 404), query
        assert read(response).one("h1")


def test_grown_site_keeps_budget_and_menu_leads_to_list(client: Client) -> None:
    for address in ("/", "/procedures/", "/procedures/procedure-1/", "/consultation/"):
        response = client.get(address)
        assert html_and_css(read(response), response.content) <= HTML_AND_CSS, address
    menu = read(client.get("/")).one("nav", id="menu")
    assert "/procedures/" in [link["href"] for link in menu.all("a")]
    assert len(menu.all("a")) < 20


def test_longest_page_stays_readable(client: Client) -> None:
    """Every field at its limit: bytes grow, but nothing breaks."""
    procedure = a_procedure(title="W" * 65, plain_name="w" * 80, menu_label="W" * 30, summary="w " * 100)
    for number in range(12):
        procedure.steps.create(title="S" * 50, body=f"{number} " * 100, position=number)
        procedure.questions.create(text="Q" * 119 + "?", position=number)
    procedure.citations.create(source=procedure.citations.get().source, section="steps", statement="…")
    published(procedure)
    response = client.get("/procedures/lymph-vessel-repair/")
    assert response.status_code == 200
    assert len(gzip.compress(response.content)) < 60 * 1024
