"""A content page needs at most three queries, however much content there is."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import a_reviewer, an_overview, published, published_procedures

pytestmark = pytest.mark.django_db

PAGES = ["/", "/procedures/", "/procedures/procedure-1/", "/surgeons/", "/clinic/"]
FEW = {"/clinic/": 4}


@pytest.mark.parametrize("procedures", [1, 40])
def test_content_page_needs_three_queries(
    client: Client, django_assert_max_num_queries: Any, procedures: int
) -> None:
    published(an_overview())
    published_procedures(procedures)
    for number in range(procedures):
        a_reviewer(name=f"Dr. {number}")
    for path in PAGES:
        with django_assert_max_num_queries(FEW.get(path, 3), info=path):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/procedures/no-such-page/", "/no-such-page/"])
def test_missing_page_needs_four_queries(
    client: Client, django_assert_max_num_queries: Any, path: str
) -> None:
    published(an_overview())
    with django_assert_max_num_queries(4):
        assert client.get(path).status_code == 404


def test_machine_addresses_need_almost_no_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    for path, most in (("/healthz", 0), ("/robots.txt", 0), ("/.well-known/security.txt", 1)):
        with django_assert_max_num_queries(most, info=path):
            assert client.get(path).status_code == 200
