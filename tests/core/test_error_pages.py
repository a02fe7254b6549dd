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


def test_500_page_needs_no_database(visitor: Client) -> None:
    response = visitor.get("/fails/")
    assert response.status_code == 500
    assert_helps(response)
    assert "a request that arrives twice is stored once" in read(response).main.text


def test_400_page_helps(visitor: Client, sample_site: None) -> None:
    response = visitor.get("/suspicious/")
    assert response.status_code == 400
    assert_helps(response)


def test_pages_without_database_show_500_page(visitor: Client) -> None:
    for path in ("/", "/procedures/replantation/", "/consultation/", "/clinic/"):
        response = visitor.get(path)
        assert response.status_code == 500
        assert_helps(response)


def test_404_and_403_pages_have_phone_number_and_menu(visitor: Client, sample_site: None) -> None:
    for path, status in (("/no-such-page/", 404), ("/forbidden/", 403)):
        response = visitor.get(path)
        assert response.status_code == status
        assert_helps(response)
        page = read(response)
        assert page.main.all("a", href="tel:+924200000000")
        assert page.one("nav", id="menu").all("a", href="/procedures/replantation/")


def test_404_page_escapes_the_path(visitor: Client, sample_site: None) -> None:
    response = visitor.get("/<script>alert(1)</script>/")
    assert response.status_code == 404
    assert "<script>alert" not in response.content.decode()


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
    ):
        assert visitor.get(path).status_code in (200, 301, 400, 404), path
