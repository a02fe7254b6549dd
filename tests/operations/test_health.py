"""What a machine asks before it sends patients here."""

from typing import Any

import pytest
from django.test import Client

from procedures.models import Overview
from procedures.publishing import services as publishing


def test_the_process_answers_without_a_database(client: Client) -> None:
    """This test may not use one: pytest-django refuses every query."""
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert "no-store" in response["Cache-Control"]


def test_without_a_database_it_is_not_ready_and_says_so(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["ready"] is False
    assert "database" in response.json()["failed"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_an_empty_site_is_not_ready_and_names_what_is_missing(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert {"overview", "privacy notice"} <= set(response.json()["failed"])
    assert "database" not in response.json()["failed"]


def test_a_site_with_its_content_is_ready(client: Client, sample_site: None) -> None:
    failed = client.get("/readyz").json()["failed"]
    # Mail waits for its worker, which is a process of its own.
    assert set(failed) <= {"outbox"}


def test_a_withdrawn_overview_takes_no_other_page_away(client: Client, sample_site: None) -> None:
    publishing.withdraw(Overview.objects.get(), language="en")
    assert client.get("/").status_code == 410
    assert client.get("/procedures/replantation/").status_code == 200
    assert "overview" not in client.get("/readyz").json()["failed"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/robots.txt", "/sitemap.xml"])
def test_they_are_only_read(client: Client, db: None, path: str) -> None:
    assert client.post(path).status_code == 405 or path == "/sitemap.xml"


def test_robots_are_told_where_the_sitemap_is_and_to_leave_the_staff_alone(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "User-agent: *\n" in text
    assert "Disallow: /staff/\n" in text
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml\n" in text
    assert client.get("/robots.txt")["Content-Type"].startswith("text/plain")


def _security_txt(client: Client) -> dict[str, str]:
    lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_who_finds_a_weakness_is_told_whom_to_write_to(client: Client, sample_site: None) -> None:
    from datetime import datetime, timedelta

    from django.utils import timezone

    fields = _security_txt(client)
    assert fields["Contact"] == "mailto:sample@clinic.example"
    assert fields["Canonical"] == "http://127.0.0.1:8000/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timezone.now() + timedelta(days=250) < expires < timezone.now() + timedelta(days=366)


def test_while_there_is_no_address_the_clinics_page_stands_in(client: Client, db: None) -> None:
    assert _security_txt(client)["Contact"] == "http://127.0.0.1:8000/clinic/"


@pytest.mark.parametrize(
    "path", ["/", "/procedures/", "/surgeons/", "/clinic/", "/privacy/", "/consultation/"]
)
def test_an_empty_site_fails_nowhere(client: Client, db: None, path: str) -> None:
    response: Any = client.get(path)
    assert response.status_code == (404 if path == "/" else 200)
