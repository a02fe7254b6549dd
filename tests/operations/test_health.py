"""Health checks and the other pages for machines."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from procedures.models import Overview
from procedures.publishing import publishing


def test_health_without_database(client: Client) -> None:
    alive, ready = client.get("/healthz"), client.get("/readyz")
    assert (alive.status_code, alive.content) == (200, b"ok\n")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert "database" in ready.json()["failed"]
    for response in (alive, ready):
        assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_empty_site_is_not_ready_and_fails_nowhere(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert {"overview", "privacy notice"} <= set(response.json()["failed"])
    assert "database" not in response.json()["failed"]
    assert _security_txt(client)["Contact"] == "http://localhost:8000/clinic/"
    for path in ("/", "/procedures/", "/surgeons/", "/clinic/", "/privacy/", "/consultation/"):
        assert client.get(path).status_code == (404 if path == "/" else 200), path


def test_site_with_content_is_ready_also_without_overview(client: Client, sample_site: None) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "failed": []})
    fields = _security_txt(client)
    assert fields["Contact"] == "mailto:sample@clinic.example"
    assert fields["Canonical"] == "http://localhost:8000/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timezone.now() + timedelta(days=250) < expires < timezone.now() + timedelta(days=366)

    publishing.withdraw(Overview.objects.get(), language="en")
    assert client.get("/").status_code == 410
    assert client.get("/procedures/replantation/").status_code == 200
    assert "overview" not in client.get("/readyz").json()["failed"]


def test_robots_txt_has_sitemap_and_excludes_staff_side(client: Client) -> None:
    response = client.get("/robots.txt")
    text = response.content.decode()
    assert "User-agent: *\n" in text
    assert "Disallow: /staff/\n" in text
    assert "Sitemap: http://localhost:8000/sitemap.xml\n" in text
    assert response["Content-Type"].startswith("text/plain")
    for path in ("/healthz", "/readyz", "/robots.txt", "/.well-known/security.txt"):
        assert client.post(path).status_code == 405, path


def _security_txt(client: Client) -> dict[str, str]:
    lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)
