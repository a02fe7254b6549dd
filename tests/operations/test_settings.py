"""Settings: production refuses to start without its secrets and names every problem."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "SECRET_KEY": "x" * 64,
    "SITE_URL": "https://clinic.example",
    "EMAIL_URL": "smtps://user:hunter2@mail.example:465",
}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Load the settings under a given environment and return them by name."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG"):
            monkeypatch.delenv(name)

    def started(**environment: str) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            for name, value in ({"DATA_DIR": str(tmp_path)} | environment).items():
                patch.setenv(name, value)
            return runpy.run_path(str(ROOT / "clinic_site" / "settings.py"))

    return started


def refusal(start: Any, **environment: str) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        start(**environment)
    return str(refused.value)


def test_production_is_default_and_names_every_missing_secret(start: Any) -> None:
    message = refusal(start)
    for name in SECRETS:
        assert f"{name} is not set" in message
    assert "DEFAULT_FROM_EMAIL" not in message
    assert not start(**SECRETS)["LOCAL"]


def test_local_mode_starts_without_secrets(start: Any) -> None:
    settings = start(CLINIC_MODE="local")
    assert settings["LOCAL"]
    assert settings["SITE_URL"] == "http://localhost:8000"
    assert not settings["DEBUG"]


ODD: list[tuple[dict[str, str], str]] = [
    ({"CLINIC_MODE": "test"}, "CLINIC_MODE must be one of"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters"),
    ({"PORT": "eight"}, "PORT must be a whole number"),
    ({"PORT": "0"}, "PORT must be from 1 to 65535"),
    ({"PORT": "65536"}, "PORT must be from 1 to 65535"),
    ({"WEB_CONCURRENCY": "two"}, "WEB_CONCURRENCY must be a whole number"),
    ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY must be from 1 to 999"),
    ({"SITE_URL": "clinic.example"}, "SITE_URL must be like"),
    ({"SITE_URL": "ftp://clinic.example"}, "SITE_URL must be like"),
    ({"SITE_URL": "https://clinic.example/site"}, "SITE_URL must be like"),
    ({"SITE_URL": "https://clinic.example/?a=1"}, "SITE_URL must be like"),
    ({"SITE_URL": "https://clinic.example:99999"}, "SITE_URL must be like"),
    ({"SITE_URL": "https://[clinic.example"}, "SITE_URL must be like"),
    ({"SITE_URL": "http://clinic.example"}, "SITE_URL must begin with https://"),
    ({"DATABASE_URL": "nonsense"}, "DATABASE_URL cannot be read"),
    ({"DATABASE_URL": "mysql2://x"}, "DATABASE_URL cannot be read"),
    ({"HSTS_SECONDS": "1y"}, "HSTS_SECONDS must be a whole number"),
    ({"BEHIND_PROXY": "maybe"}, "BEHIND_PROXY must be yes or no"),
    ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL must be one of"),
    ({"EMAIL_URL": "mail.example"}, "EMAIL_URL must be smtp://"),
    ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR"),
]


def test_odd_value_stops_the_start_and_is_named(start: Any) -> None:
    for odd, sentence in ODD:
        assert sentence in refusal(start, **SECRETS | odd), odd


def test_odd_port_is_reported_once(start: Any) -> None:
    message = refusal(start, CLINIC_MODE="local", PORT="99999")
    assert "PORT must be" in message
    assert "SITE_URL" not in message


def test_password_in_an_odd_address_is_not_repeated(start: Any) -> None:
    for url in ("postgres://clinic:hunter2@db.example:port/x", "smtp://clinic:hunter2@", "hunter2"):
        for name in ("DATABASE_URL", "EMAIL_URL"):
            message = refusal(start, **SECRETS | {name: url})
            assert name in message
            assert "hunter2" not in message


def test_debug_and_localhost_are_for_local_mode_only(start: Any) -> None:
    production, local = start(**SECRETS, DEBUG="yes"), start(**SECRETS, CLINIC_MODE="local", DEBUG="yes")
    assert (production["DEBUG"], local["DEBUG"]) == (False, True)
    assert "DEBUG must be yes or no" in refusal(start, CLINIC_MODE="local", DEBUG="flase")
    assert production["ALLOWED_HOSTS"] == ["clinic.example"]
    assert set(local["ALLOWED_HOSTS"]) == {"clinic.example", "127.0.0.1", "localhost"}


def test_production_is_locked(start: Any) -> None:
    settings = start(**SECRETS)
    expected = {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_TRUSTED_ORIGINS": ["https://clinic.example"],
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": False,
        "SECURE_HSTS_PRELOAD": False,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "X_FRAME_OPTIONS": "DENY",
        # One address names the mail server.
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": 465,
        "EMAIL_HOST_USER": "user",
        "EMAIL_HOST_PASSWORD": "hunter2",
        "EMAIL_USE_SSL": True,
        "EMAIL_USE_TLS": False,
    }
    assert {name: settings[name] for name in expected} == expected
    chosen = start(**SECRETS, HSTS_INCLUDE_SUBDOMAINS="yes", HSTS_PRELOAD="yes", BEHIND_PROXY="no")
    assert chosen["SECURE_HSTS_INCLUDE_SUBDOMAINS"] and chosen["SECURE_HSTS_PRELOAD"]
    assert "SECURE_PROXY_SSL_HEADER" not in chosen


def test_database_is_a_sqlite_file_or_named_by_one_address(start: Any, tmp_path: Path) -> None:
    database = start(CLINIC_MODE="local")["DATABASES"]["default"]
    assert database["ENGINE"].endswith("sqlite3")
    assert database["NAME"] == str(tmp_path / "clinic.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]
    url = "postgres://clinic:p%40ss@db.example:5433/clinic"
    database = start(**SECRETS, DATABASE_URL=url)["DATABASES"]["default"]
    assert database["ENGINE"].endswith("postgresql")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "clinic")
    assert database["PASSWORD"] == "p@ss"


@pytest.mark.slow
def test_real_process_without_secrets_ends_with_their_names(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    for program in (["manage.py", "check"], ["-m", "gunicorn", "clinic_site.wsgi"]):
        command = [sys.executable, *program]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert ended.returncode != 0
        for name in SECRETS:
            assert f"{name} is not set" in ended.stderr + ended.stdout


def test_readme_table_lists_every_variable() -> None:
    code, readme = (ROOT / "clinic_site/settings.py").read_text(), (ROOT / "README.md").read_text()
    read = set(re.findall(r'env\.(?:text|number|yes_no|parsed)\(\s*"([A-Z_]+)"', code))
    assert read == set(re.findall(r"^\|\s*`([A-Z_]+)`", readme, re.MULTILINE))
