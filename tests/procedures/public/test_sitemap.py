"""The sitemap lists live pages only."""

from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from procedures.publishing import publishing
from tests.factories import a_procedure, an_overview, published

pytestmark = pytest.mark.django_db

NAMESPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def sitemap(client: Client) -> dict[str, str]:
    """Each address with the day it last changed."""
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)  # noqa: S314
    return {
        url.findtext("s:loc", "", NAMESPACE): url.findtext("s:lastmod", "", NAMESPACE)
        for url in root.findall("s:url", NAMESPACE)
    }


def test_sitemap_lists_live_and_fixed_pages(client: Client) -> None:
    published(an_overview())
    published(a_procedure())
    a_procedure("only-a-draft")
    withdrawn = a_procedure("withdrawn")
    published(withdrawn)
    publishing.withdraw(withdrawn, language="en")
    published(a_procedure("scheduled"), live_from=timezone.now() + timezone.timedelta(days=1))
    paths = ["", "procedures/lymph-vessel-repair/", "procedures/", "surgeons/", "clinic/", "consultation/"]
    paths += [
        "surgeons/dr-ayesha-khan/",
        "emergency/",
        "privacy/",
        "accessibility/",
        "about-our-information/",
    ]
    assert sorted(sitemap(client)) == sorted(f"http://localhost:8000/{path}" for path in paths)


def test_sitemap_addresses_answer_whatever_the_requested_host(client: Client, sample_site: None) -> None:
    for url in sitemap(client):
        assert client.get(url.removeprefix("http://localhost:8000")).status_code == 200
    response = client.get("/sitemap.xml", headers={"host": "127.0.0.1"})
    assert b"127.0.0.1" not in response.content


def test_sitemap_dates_pages_and_its_queries_do_not_grow(
    client: Client, django_assert_num_queries: object
) -> None:
    assert "http://localhost:8000/" not in sitemap(client)
    live_from = published(an_overview()).live_from
    for number in range(5):
        published(a_procedure(f"procedure-{number}"))
    with django_assert_num_queries(4, exact=False):  # type: ignore[operator]
        found = sitemap(client)
    assert found["http://localhost:8000/"].startswith(str(timezone.localdate(live_from)))
