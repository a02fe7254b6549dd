"""When something fails the reader is told what to do, in the site's look, with what is still there."""

from typing import Any

import pytest
from django.test import Client

from tests.core.failing_urls import SECRET
from tests.pages import read


@pytest.fixture
def visitor(settings: Any) -> Client:
    settings.ROOT_URLCONF = "tests.core.failing_urls"
    return Client(raise_request_exception=False)


@pytest.fixture
def sample_site(sample_world: None, db: None) -> None:
    """Those that ask for it here only read it; the others may ask the database nothing."""


def assert_helps(response: Any) -> None:
    page = read(response)
    assert page.one("h1")
    assert page.all("a", href="tel:1122")
    assert page.all("link", rel="stylesheet")
    assert page.meta("robots") == ["noindex"]
    assert page.all("link", rel="canonical") == []
    assert SECRET not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_a_failure_has_a_page_that_needs_no_database(visitor: Client) -> None:
    """No query is allowed in this test."""
    response = visitor.get("/fails/")
    assert response.status_code == 500
    assert_helps(response)
    assert "a request that arrives twice is stored once" in read(response).main.text


def test_a_request_that_cannot_be_read_has_one_too(visitor: Client, sample_site: None) -> None:
    response = visitor.get("/suspicious/")
    assert response.status_code == 400
    assert_helps(response)


def test_when_the_database_is_gone_every_page_fails_with_that_page(visitor: Client) -> None:
    for path in ("/", "/procedures/replantation/", "/consultation/", "/clinic/"):
        response = visitor.get(path)
        assert response.status_code == 500
        assert_helps(response)


@pytest.mark.parametrize(("path", "status"), [("/no-such-page/", 404), ("/forbidden/", 403)])
def test_other_errors_say_whom_to_call(visitor: Client, sample_site: None, path: str, status: int) -> None:
    response = visitor.get(path)
    assert response.status_code == status
    assert_helps(response)
    page = read(response)
    assert page.main.all("a", href="tel:+924200000000")
    assert page.one("nav", id="menu").all("a", href="/procedures/replantation/")


def test_an_address_that_does_not_exist_is_shown_nowhere_unescaped(
    visitor: Client, sample_site: None
) -> None:
    response = visitor.get("/<script>alert(1)</script>/")
    assert response.status_code == 404
    assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize("path", ["/procedures", "/consultation", "/staff", "/surgeons"])
def test_an_address_without_its_last_slash_leads_to_the_page(visitor: Client, db: None, path: str) -> None:
    response = visitor.get(path)
    assert response.status_code == 301
    assert response["Location"] == f"{path}/"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/", "/procedures/", "/procedures/replantation/", "/surgeons/", "/clinic/"])
def test_a_content_page_is_only_read(visitor: Client, sample_site: None, method: str, path: str) -> None:
    assert getattr(visitor, method)(path).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/%00", "/procedures/%00/", "/%ff%fe/", "/procedures/?page=%00", "/?%ff=%ff", "/consultation/%0a/"],
)
def test_strange_addresses_never_fail(visitor: Client, sample_site: None, path: str) -> None:
    assert visitor.get(path).status_code in (200, 301, 400, 404)
