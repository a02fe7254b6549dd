"""Error pages say what to do, in the site's look."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from clinic_site.clinic import last_known
from tests.core.content_pages import CONTENT_PAGES
from tests.core.failing_urls import SECRET
from tests.factories import staff
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
        assert response.status_code == 500, path
        assert_helps(response)
        assert "we’ll save it only once" in read(response).main.text


def hidden_fields(response: Any) -> list[tuple[str, str]]:
    return [(field["name"], field["value"]) for field in read(response).all("input", type="hidden")]


def test_fault_page_keeps_what_was_typed(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_known, "_remembered", "042 0000 0000\nhttps://wa.me/923000000000")
    typed = {"message": 'Two lines\n"quoted" & <b>', "days": ["1", "4"], "send": "yes", "password": "p"}
    for path in ("/no-database/", "/no-database/secret-token/", "/full-disk/", "/staff/no-database/"):
        response = visitor.post(path, typed)
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert "private" in response["Cache-Control"] and "no-store" not in response["Cache-Control"]
        page = read(response)
        (form,) = page.all("form")
        assert "action" not in form.attributes  # the same address again
        kept = [("message", typed["message"]), ("days", "1"), ("days", "4"), ("send", "yes")]
        assert hidden_fields(response) == kept, path
        assert "secret-token" not in response.content.decode()
        assert SECRET not in response.content.decode()
        if not path.startswith("/staff/"):
            assert_helps(response)
            assert page.all("a", href="tel:+924200000000") and page.all(
                "a", href="https://wa.me/923000000000"
            )
        assert visitor.get(path).status_code == 503
    assert 'class="brand"' in visitor.get("/staff/no-database/").content.decode()


@pytest.mark.django_db
def test_every_form_keeps_what_was_typed_without_database(visitor: Client) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError("the database system is shutting down")

    typed = {"message": "Kept", "text": "Kept", "phone": "0301 2345678"}
    for name in ("request", "private_note", "private_contact", "private_attachments"):
        token = ["token"] if name.startswith("private") else []
        with connection.execute_wrapper(fail):
            response = visitor.post(reverse(f"consultations:{name}", args=token), typed)
        assert response.status_code == 503, name
        assert dict(hidden_fields(response)) == typed, name
    for path in (reverse("procedures:feedback"), "/staff/login/"):
        with connection.execute_wrapper(fail):
            response = visitor.post(path, typed | {"login": "a@example.com", "password": "secret"})
        assert response.status_code == 503, path
        assert dict(hidden_fields(response)).items() >= typed.items(), path
        assert "secret" not in response.content.decode()


@pytest.mark.django_db
def test_guesses_that_cannot_be_counted_are_answered(visitor: Client) -> None:
    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if "core_ratelimitcounter" in sql:
            raise OperationalError("database is locked")
        return execute(sql, *args)

    with connection.execute_wrapper(fail):
        for path in (
            reverse("consultations:private", args=["guess"]),
            reverse("calendar_feed", args=["guess"]),
        ):
            assert visitor.get(path).status_code == 404, path


def test_phone_is_known_without_database(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(last_known, "_remembered", None)
    assert last_known.phone_and_whatsapp() == ("", "")
    last_known.remember("042 1", "https://wa.me/923001234567")
    monkeypatch.setattr(last_known, "_remembered", None)  # as in another process
    assert last_known.phone_and_whatsapp() == ("042 1", "https://wa.me/923001234567")


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
        "/r/%0a/",
        "/%D9%86/",
        "/%D9%86",
        "/procedures/%D9%86/",
        "/staff/%D9%86/",
    ):
        assert visitor.get(path).status_code in (200, 301, 302, 400, 404), path


def test_unknown_methods_are_refused_as_such(sample_site: None) -> None:
    client = Client(enforce_csrf_checks=True)
    for method in ("PUT", "DELETE", "FOO"):
        for path in ("/consultation/", "/staff/login/"):
            assert client.generic(method, path).status_code == 405, (method, path)


def assert_staff_page(response: Any, status: int) -> None:
    page = read(response)
    assert response.status_code == status
    assert page.one("h1") and page.by_class("brand")[0]["href"] == "/staff/"
    for patients_word in ("1122", "Call the clinic", SECRET, "Traceback"):
        assert patients_word not in response.content.decode()


def test_error_pages_of_the_staff_side_look_like_it(visitor: Client, db: None) -> None:
    visitor.force_login(staff("Editor"))
    for path, status in (
        ("/staff/suspicious/", 400),
        ("/staff/forbidden/", 403),
        ("/staff/accounts/user/", 403),
        ("/staff/no-such-page/", 404),
        ("/staff/fails/", 500),
    ):
        assert_staff_page(visitor.get(path), status)
    assert_staff_page(visitor.post("/staff/past-pages/"), 405)
    assert read(visitor.get("/staff/forbidden/")).all("form", id="logout-form")


def test_csrf_failure_on_the_staff_side_leads_back_to_the_form(sample_site: None) -> None:
    form = "/staff/procedures/source/add/"
    editor = Client(enforce_csrf_checks=True)
    editor.force_login(staff("Editor"))
    for referer, leads_back in ((form, True), ("https://evil.example/staff/", False)):
        address = referer if "://" in referer else f"http://testserver{referer}"
        response = editor.post(form, headers={"referer": address})
        assert_staff_page(response, 403)
        assert bool(read(response).all("a", href=form)) == leads_back


def test_staff_error_page_without_database(visitor: Client) -> None:
    assert_staff_page(visitor.get("/staff/fails/"), 500)
