"""Query budgets of public pages, whatever the content grows to."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import a_reviewer, an_overview, published, published_procedures

pytestmark = pytest.mark.django_db

PAGES = ["/", "/procedures/", "/procedures/procedure-1/", "/surgeons/", "/clinic/"]
MAX_QUERIES = 8


@pytest.mark.parametrize("procedures", [1, 40])
def test_content_page_stays_in_query_budget(
    client: Client, django_assert_max_num_queries: Any, procedures: int
) -> None:
    published(an_overview())
    published_procedures(procedures)
    for number in range(procedures):
        a_reviewer(name=f"Dr. {number}")
    for path in PAGES:
        with django_assert_max_num_queries(MAX_QUERIES, info=path):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/procedures/no-such-page/", "/no-such-page/"])
def test_missing_page_stays_in_query_budget(
    client: Client, django_assert_max_num_queries: Any, path: str
) -> None:
    published(an_overview())
    with django_assert_max_num_queries(MAX_QUERIES):
        assert client.get(path).status_code == 404


def test_machine_pages_need_hardly_any_query(client: Client, django_assert_max_num_queries: Any) -> None:
    for path, most in (("/healthz", 0), ("/robots.txt", 0), ("/.well-known/security.txt", 1)):
        with django_assert_max_num_queries(most, info=path):
            assert client.get(path).status_code == 200
