"""Health checks and the other pages for machines."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from procedures.models import Overview
from procedures.publishing import publishing


def test_healthz_needs_no_database(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert "no-store" in response["Cache-Control"]


def test_readyz_without_database_fails(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["ready"] is False
    assert "database" in response.json()["failed"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_of_an_empty_site_names_what_is_missing(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert {"overview", "privacy notice"} <= set(response.json()["failed"])
    assert "database" not in response.json()["failed"]


def test_readyz_of_a_site_with_content_passes(client: Client, sample_site: None) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "failed": []})


def test_withdrawn_overview_affects_no_other_page(client: Client, sample_site: None) -> None:
    publishing.withdraw(Overview.objects.get(), language="en")
    assert client.get("/").status_code == 410
    assert client.get("/procedures/replantation/").status_code == 200
    assert "overview" not in client.get("/readyz").json()["failed"]


def test_machine_pages_refuse_post(client: Client, db: None) -> None:
    for path in ("/healthz", "/readyz", "/robots.txt", "/.well-known/security.txt"):
        assert client.post(path).status_code == 405, path


def test_robots_txt_has_sitemap_and_excludes_staff_side(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "User-agent: *\n" in text
    assert "Disallow: /staff/\n" in text
    assert "Sitemap: http://localhost:8000/sitemap.xml\n" in text
    assert client.get("/robots.txt")["Content-Type"].startswith("text/plain")


def _security_txt(client: Client) -> dict[str, str]:
    lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_security_txt_has_contact_and_expiry(client: Client, sample_site: None) -> None:
    fields = _security_txt(client)
    assert fields["Contact"] == "mailto:sample@clinic.example"
    assert fields["Canonical"] == "http://localhost:8000/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timezone.now() + timedelta(days=250) < expires < timezone.now() + timedelta(days=366)


def test_security_txt_links_to_clinic_page_without_email(client: Client, db: None) -> None:
    assert _security_txt(client)["Contact"] == "http://localhost:8000/clinic/"


def test_empty_site_fails_nowhere(client: Client, db: None) -> None:
    for path in ("/", "/procedures/", "/surgeons/", "/clinic/", "/privacy/", "/consultation/"):
        assert client.get(path).status_code == (404 if path == "/" else 200), path
