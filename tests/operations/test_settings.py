"""The settings: a production process refuses to start without its secrets, and names all that is wrong."""

import os
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
    """Read the settings under an environment of one's own; gives them by name."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG"):
            monkeypatch.delenv(name)

    def started(**environment: str) -> dict[str, Any]:
        monkeypatch.setenv("DATA_DIR", str(tmp_path))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "clinic_site" / "settings.py"))

    return started


def refusal(start: Any, **environment: str) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        start(**environment)
    return str(refused.value)


def test_production_is_the_mode_when_none_is_named_and_names_every_missing_secret_at_once(
    start: Any,
) -> None:
    told = refusal(start)
    for name in SECRETS:
        assert f"{name} is not set" in told
    assert "DEFAULT_FROM_EMAIL" not in told


@pytest.mark.parametrize("missing", SECRETS)
def test_each_missing_secret_is_named_alone(start: Any, missing: str) -> None:
    told = refusal(start, **{name: value for name, value in SECRETS.items() if name != missing})
    assert f"{missing} is not set" in told
    assert not any(f"{name} is not set" in told for name in SECRETS.keys() - {missing})


def test_with_its_secrets_production_starts(start: Any) -> None:
    settings = start(**SECRETS)
    assert not settings["LOCAL"]
    assert settings["SECRET_KEY"] == SECRETS["SECRET_KEY"]


def test_local_starts_with_nothing_but_its_name(start: Any) -> None:
    settings = start(CLINIC_MODE="local")
    assert settings["LOCAL"]
    assert settings["SITE_URL"] == "http://127.0.0.1:8000"
    assert not settings["DEBUG"]


ODD = [
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
    ({"EMAIL_URL": "mail.example"}, "EMAIL_URL must begin with"),
    ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR"),
]


@pytest.mark.parametrize(("odd", "sentence"), ODD, ids=["=".join(next(iter(odd.items()))) for odd, _ in ODD])
def test_an_odd_value_stops_the_start_by_its_name(start: Any, odd: dict[str, str], sentence: str) -> None:
    values = SECRETS | odd
    if "DATA_DIR" in odd:
        start = _in_folder(start, odd)
    assert sentence in refusal(start, **values)


def test_an_odd_port_is_said_once(start: Any) -> None:
    told = refusal(start, CLINIC_MODE="local", PORT="99999")
    assert "PORT must be" in told
    assert "SITE_URL" not in told


def _in_folder(start: Any, odd: dict[str, str]) -> Any:
    return lambda **values: start(**values | odd)


def test_in_local_mode_debugging_is_asked_for_by_name_and_odd_values_are_refused(start: Any) -> None:
    assert start(CLINIC_MODE="local", DEBUG="yes")["DEBUG"] is True
    assert "DEBUG must be yes or no" in refusal(start, CLINIC_MODE="local", DEBUG="flase")


def test_production_never_debugs(start: Any) -> None:
    assert start(**SECRETS, DEBUG="yes")["DEBUG"] is False


@pytest.mark.parametrize(
    "url", ["postgres://clinic:hunter2@db.example:port/x", "smtp://clinic:hunter2@", "hunter2"]
)
def test_a_password_in_an_odd_address_is_not_repeated(start: Any, url: str) -> None:
    for name in ("DATABASE_URL", "EMAIL_URL"):
        told = refusal(start, **SECRETS | {name: url})
        assert name in told
        assert "hunter2" not in told


def test_only_the_sites_own_host_is_answered(start: Any) -> None:
    settings = start(**SECRETS)
    assert set(settings["ALLOWED_HOSTS"]) == {"clinic.example", "127.0.0.1", "localhost"}
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://clinic.example"]


def test_production_is_locked(start: Any) -> None:
    settings = start(**SECRETS)
    for name in (
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "CSRF_COOKIE_HTTPONLY",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    ):
        assert settings[name] is True, name
    assert settings["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert settings["X_FRAME_OPTIONS"] == "DENY"
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_without_a_proxy_nobody_is_believed_about_encryption(start: Any) -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in start(**SECRETS, BEHIND_PROXY="no")


def test_the_database_of_a_new_site_is_a_file_in_its_data_folder(start: Any, tmp_path: Path) -> None:
    database = start(CLINIC_MODE="local")["DATABASES"]["default"]
    assert database["ENGINE"].endswith("sqlite3")
    assert database["NAME"] == str(tmp_path / "clinic.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]


def test_postgresql_is_one_address(start: Any) -> None:
    url = "postgres://clinic:p%40ss@db.example:5433/clinic"
    database = start(**SECRETS, DATABASE_URL=url)["DATABASES"]["default"]
    assert database["ENGINE"].endswith("postgresql")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "clinic")
    assert database["PASSWORD"] == "p@ss"


@pytest.mark.parametrize("policy", ["SECURE_CSP", "SECURE_CSP_STAFF"])
def test_the_policy_allows_nothing_inline_and_no_other_origin(start: Any, policy: str) -> None:
    settings = start(**SECRETS)
    values = {value for values in settings[policy].values() for value in values}
    assert values <= {"'none'", "'self'", "data:"}
    assert settings[policy]["default-src"] == ["'none'"]
    assert settings[policy]["frame-ancestors"] == ["'none'"]
    assert "script-src" not in settings["SECURE_CSP"] or settings["SECURE_CSP"]["script-src"] == ["'none'"]


@pytest.mark.slow
def test_a_real_process_without_its_secrets_ends_with_their_names(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    for command in (
        [sys.executable, "manage.py", "check"],
        [sys.executable, "-m", "gunicorn", "clinic_site.wsgi"],
    ):
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert ended.returncode != 0
        for name in SECRETS:
            assert f"{name} is not set" in ended.stderr + ended.stdout


def test_every_variable_that_is_read_is_in_the_readmes_table() -> None:
    import re

    read = set(
        re.findall(
            r'env\.(?:text|number|yes_no)\(\s*"([A-Z_]+)"', (ROOT / "clinic_site/settings.py").read_text()
        )
    )
    read |= set(re.findall(r'environ\.get\(\s*"([A-Z_]+)"', (ROOT / "gunicorn.conf.py").read_text()))
    table = set(re.findall(r"^\|\s*`([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert read - table == set(), "read, but not in the table"
    assert table - read == set(), "in the table, but not read"
