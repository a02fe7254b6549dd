"""Health checks and the other pages for machines."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from clinic_site.operations import readiness, views
from consultations.models import Attachment
from procedures.models import Overview
from procedures.publishing import publishing
from tests.factories import a_request, staff
from tests.pages import read


def test_health_without_database(client: Client) -> None:
    alive, ready = client.get("/healthz"), client.get("/readyz")
    assert (alive.status_code, alive.content) == (200, b"ok\n")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert "database" in ready.json()["failed"]
    for response in (alive, ready):
        assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_empty_site_is_ready_and_fails_nowhere(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "failed": []})
    assert {"overview", "privacy notice"} <= {*readiness.failed_checks(settings.STATUS_CHECKS)}
    assert _security_txt(client)["Contact"] == "http://localhost:8000/clinic/"
    for path in ("/", "/procedures/", "/surgeons/", "/clinic/", "/privacy/", "/consultation/"):
        assert client.get(path).status_code == {"/": 404, "/consultation/": 503}.get(path, 200), path


@pytest.mark.django_db
def test_full_disk_and_missing_storage_are_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(readiness, "free_bytes", lambda: readiness.MIN_FREE_BYTES - 1)
    assert client.get("/readyz").json()["failed"] == ["free space"]
    monkeypatch.setattr(readiness, "free_bytes", lambda: readiness.MIN_FREE_BYTES)
    Attachment.objects.create(
        request=a_request(), kind="photo", name="a.jpg", size=1, digest="d", added_at=timezone.now()
    )
    settings.PRIVATE_ROOT = tmp_path / "not mounted"
    assert client.get("/readyz").json()["failed"] == ["storage"]


@pytest.mark.django_db
def test_nothing_can_be_written_is_not_ready(client: Client) -> None:
    def refuse(execute: Any, sql: str, *args: Any) -> Any:
        if sql.lstrip().startswith("INSERT"):
            raise OperationalError("database or disk is full")
        return execute(sql, *args)

    with connection.execute_wrapper(refuse):
        response = client.get("/readyz")
    assert (response.status_code, response.json()["failed"]) == (503, ["writing"])


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
    assert "overview" not in readiness.failed_checks(settings.STATUS_CHECKS)


def test_robots_txt_has_sitemap_and_excludes_staff_side(client: Client) -> None:
    response = client.get("/robots.txt")
    text = response.content.decode()
    assert "User-agent: *\n" in text
    assert "Disallow: /staff/\n" in text
    assert "Sitemap: http://localhost:8000/sitemap.xml\n" in text
    assert response["Content-Type"].startswith("text/plain")
    for path in ("/healthz", "/readyz", "/robots.txt", "/.well-known/security.txt"):
        assert client.post(path).status_code == 405, path


@pytest.mark.django_db
def test_metrics_need_the_token(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "t" * 20
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {'t' * 19}é"}):
        assert client.get("/metrics", headers=headers).status_code == 401, headers
    response = client.get("/metrics", headers={"Authorization": f"Bearer {'t' * 20}"})
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    values = dict(
        line.rsplit(" ", 1) for line in response.content.decode().splitlines() if not line.startswith("#")
    )
    assert values["clinic_mail_delay_seconds"] == "0"
    assert values["clinic_backup_age_seconds"] == "+Inf"
    assert float(values["clinic_disk_free_bytes"]) > 0
    assert values['clinic_check_failed{kind="readiness",check="database"}'] == "0"
    assert values['clinic_check_failed{kind="status",check="overview"}'] == "1"


def test_every_check_has_a_sentence_for_staff() -> None:
    assert all(views._problems([*settings.READINESS_CHECKS, *settings.STATUS_CHECKS]))


@pytest.mark.slow  # pg_dump is a process
@pytest.mark.django_db(transaction=True)
def test_status_page_shows_problems_until_they_are_solved(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    client.force_login(staff("Coordinator"))
    assert "no backup in the last day" in read(client.get("/staff/status/")).main.text
    assert "no backup in the last day" in client.get("/staff/").content.decode()
    if connection.vendor == "sqlite" or shutil.which("pg_dump"):
        call_command("backup", str(tmp_path / "backups"), verbosity=0)
        page = read(client.get("/staff/status/")).main.text
        assert "no backup" not in page and "0 minutes ago" in page


def _security_txt(client: Client) -> dict[str, str]:
    lines = client.get("/.well-known/security.txt").content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)
