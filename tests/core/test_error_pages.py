"""Error pages say what to do, in the site's look."""

from typing import Any

import pytest
from django.test import Client

from tests.core.content_pages import CONTENT_PAGES
from tests.core.failing_urls import SECRET
from tests.pages import read


@pytest.fixture
def visitor(settings: Any) -> Client:
    settings.ROOT_URLCONF = "tests.core.failing_urls"
    return Client(raise_request_exception=False)


@pytest.fixture
def sample_site(sample_world: None, db: None) -> None:
    """The tests here only read it; those without it may not query the database."""


def assert_helps(response: Any) -> None:
    page = read(response)
    assert page.one("h1")
    assert page.all("a", href="tel:1122")
    assert page.all("link", rel="stylesheet")
    assert page.meta("robots") == ["noindex"]
    assert page.all("link", rel="canonical") == []
    assert SECRET not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_pages_without_database_show_500_page(visitor: Client) -> None:
    for path in ("/fails/", "/", "/procedures/replantation/", "/consultation/", "/clinic/"):
        response = visitor.get(path)
        assert response.status_code == 500
        assert_helps(response)
        assert "a request that arrives twice is stored once" in read(response).main.text


def test_error_pages_help(visitor: Client, sample_site: None) -> None:
    for path, status in (
        ("/suspicious/", 400),
        ("/forbidden/", 403),
        ("/no-such-page/", 404),
        ("/<script>alert(1)</script>/", 404),
    ):
        response = visitor.get(path)
        assert response.status_code == status
        assert_helps(response)
        assert "<script>alert" not in response.content.decode()
        page = read(response)
        if status != 400:
            assert page.main.all("a", href="tel:+924200000000")
            assert page.one("nav", id="menu").all("a", href="/procedures/replantation/")


def test_missing_last_slash_redirects(visitor: Client, db: None) -> None:
    for path in ("/procedures", "/consultation", "/staff", "/surgeons"):
        response = visitor.get(path)
        assert (response.status_code, response["Location"]) == (301, f"{path}/")


def test_content_pages_accept_get_and_head_only(visitor: Client, sample_site: None) -> None:
    for path in CONTENT_PAGES:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(visitor, method)(path).status_code == 405, (method, path)


def test_strange_paths_never_fail(visitor: Client, sample_site: None) -> None:
    for path in (
        "/%00",
        "/procedures/%00/",
        "/%ff%fe/",
        "/procedures/?page=%00",
        "/?%ff=%ff",
        "/consultation/%0a/",
        "/%D9%86/",
        "/%D9%86",
        "/procedures/%D9%86/",
        "/staff/%D9%86/",
    ):
        assert visitor.get(path).status_code in (200, 301, 302, 400, 404), path
