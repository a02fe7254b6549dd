"""Security headers on every kind of answer: pages, errors, files, machine pages and the staff side."""

from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from tests.factories import staff

pytestmark = pytest.mark.django_db

PUBLIC_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
PATHS = {
    "/": 200,
    "/procedures/replantation/": 200,
    "/consultation/": 200,
    "/r/no-such-token-of-a-request/": 404,
    "/no-such-page/": 404,
    "/procedures/no-such-page/": 404,
    "/media/photos/no-such-photo.webp": 404,
    "/forbidden/": 403,
    "/suspicious/": 400,
    "/fails/": 500,
    "/healthz": 200,
    "/readyz": 200,
    "/robots.txt": 200,
    "/sitemap.xml": 200,
    "/.well-known/security.txt": 200,
    "/procedures": 301,
    "/staff/": 302,
    "/staff/login/": 200,
    "/static/no-such-file.css": 404,
}


@pytest.fixture
def visitor(settings: Any, sample_world: None) -> Client:
    settings.ROOT_URLCONF = "tests.core.failing_urls"
    return Client(raise_request_exception=False)


def policy(response: Any) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))


def assert_locked(response: Any) -> None:
    found = policy(response)
    assert found["default-src"] == "'none'"
    assert found["frame-ancestors"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "http" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in response["Permissions-Policy"]


def test_every_answer_has_security_headers(visitor: Client, settings: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = False  # as in production
    for path, status in PATHS.items():
        response = visitor.get(path)
        assert response.status_code == status or path == "/readyz", path
        assert_locked(response)
        if status == 200 and "text/html" in response["Content-Type"]:
            assert response["X-Frame-Options"] == "DENY"
    # An SVG opened by itself is a document, which could run scripts.
    for file in (
        "components/site.css",
        "components/favicon.svg",
        "procedures/lens/nerve.svg",
        "admin/js/core.js",
    ):
        response = visitor.get(staticfiles_storage.url(file))
        assert response.status_code == 200, file
        assert "immutable" in response["Cache-Control"]
        assert_locked(response)
    found = policy(visitor.get("/"))
    assert PUBLIC_POLICY.items() <= found.items()
    assert "script-src" not in found


def test_staff_side_allows_own_scripts_and_nothing_inline(visitor: Client) -> None:
    visitor.force_login(staff("Manager"))
    for path in ("/staff/", "/staff/procedures/procedure/"):
        found = policy(visitor.get(path))
        assert found["script-src"] == "'self'"
        assert found["style-src"] == "'self'"
        assert found["form-action"] == "'self'"


def test_unknown_host_is_refused_and_not_repeated(visitor: Client) -> None:
    for path in ("/", "/consultation/", "/no-such-page/"):
        response = visitor.get(path, headers={"host": "evil.example"})
        assert response.status_code == 400
        assert b"evil.example" not in response.content
        assert_locked(response)


def test_form_without_token_is_refused_with_an_explanation(settings: Any, sample_world: None) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/report-a-mistake/", {"text": "A wrong word."})
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()
    assert_locked(response)


def test_https_sends_hsts_and_redirects(settings: Any, sample_world: None) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_SSL_REDIRECT = True
    assert "max-age=31536000" in Client().get("/accessibility/", secure=True)["Strict-Transport-Security"]
    redirect = Client().get("/accessibility/")
    assert redirect.status_code == 301
    assert redirect["Location"] == "https://testserver/accessibility/"
