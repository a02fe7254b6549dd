"""Query budgets of public pages, whatever the content grows to."""

from typing import Any

import pytest
from django.test import Client

from procedures.models import Procedure
from tests.factories import a_procedure, a_reviewer, an_overview, published

pytestmark = pytest.mark.django_db

PAGES = ["/", "/procedures/", "/procedures/procedure-1/", "/surgeons/", "/surgeons/dr-1/", "/clinic/"]
MAX_QUERIES = 8


def test_content_pages_stay_in_query_budget(client: Client, django_assert_max_num_queries: Any) -> None:
    published(an_overview())
    for number in range(1, 17):
        published(a_procedure(f"procedure-{number}", position=number))
        a_reviewer(name=f"Dr. {number}").procedures.set(Procedure.objects.all())
        if number in (1, 16):
            for path in PAGES:
                with django_assert_max_num_queries(MAX_QUERIES, info=path):
                    assert client.get(path).status_code == 200
    for path in ("/procedures/no-such-page/", "/no-such-page/"):
        with django_assert_max_num_queries(MAX_QUERIES, info=path):
            assert client.get(path).status_code == 404


def test_machine_pages_need_hardly_any_query(client: Client, django_assert_max_num_queries: Any) -> None:
    for path, most in (("/healthz", 0), ("/robots.txt", 0), ("/.well-known/security.txt", 1)):
        with django_assert_max_num_queries(most, info=path):
            assert client.get(path).status_code == 200
