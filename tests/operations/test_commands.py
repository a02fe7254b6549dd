"""The commands that ``make run`` calls before it serves."""

import contextlib
import io
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from clinic_site.accounts.models import User
from tests.factories import staff
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_free_port_passes_and_stays_free(settings: Any) -> None:
    settings.PORT = free_port()
    call_command("check_port")
    with socket.socket() as server:
        server.bind(("127.0.0.1", settings.PORT))


def manage(command: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CLINIC_MODE": "local", "DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=300,  # a busy machine
    )


@pytest.mark.slow
def test_taken_port_is_reported_with_another_one(taken: int, tmp_path: Path) -> None:
    ended = manage("check_port", tmp_path, PORT=str(taken))
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(
        f"Port {taken} is in use, perhaps by this site already running. "
        f"Stop that, or choose another port: make run PORT={taken + 1}"
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_database_of_the_first_version_is_moved_aside(tmp_path: Path) -> None:
    database = tmp_path / "clinic.sqlite3"

    def create(app: str) -> None:
        with contextlib.closing(sqlite3.connect(database)) as old, old:
            old.execute("PRAGMA journal_mode=WAL")
            old.execute("CREATE TABLE django_migrations (id INTEGER, app TEXT, name TEXT, applied TEXT)")
            row = (1, app, "0001_initial", "2026-01-01 00:00:00")
            old.execute("INSERT INTO django_migrations VALUES (?, ?, ?, ?)", row)

    create("clinic_site")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "attachment").write_text("a patient's")
    said = manage("set_aside_old_database", tmp_path)
    (folder,) = tmp_path.glob("first-version-*")
    assert str(folder) in said.stdout, said.stderr
    assert not database.exists()
    with contextlib.closing(sqlite3.connect(folder / "clinic.sqlite3")) as old:
        assert old.execute("SELECT app FROM django_migrations").fetchall() == [("clinic_site",)]
    assert (folder / "private" / "attachment").read_text() == "a patient's"

    create("clinic")
    said = manage("set_aside_old_database", tmp_path)
    assert (said.returncode, said.stdout, database.exists()) == (0, "", True)


@pytest.mark.django_db
def test_first_account_is_created_once_where_there_is_no_staff() -> None:
    def first_staff() -> str:
        said = io.StringIO()
        call_command("create_first_staff", stdout=said)
        return said.getvalue()

    said = first_staff()
    user = User.objects.get()
    name, password = re.findall("“([^”]+)”", said)
    assert (user.email, user.is_staff, user.is_superuser) == (name, True, True)
    assert user.check_password(password)
    assert len(password) >= 16
    again = first_staff()
    assert "accounts exist already" in again
    assert password not in again
    assert User.objects.get().password == user.password
    User.objects.all().delete()
    staff("Editor")
    assert "accounts exist already" in first_staff()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_migrations_are_complete_and_reversible() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    loader = MigrationLoader(connection)
    for (app, name), migration in loader.disk_migrations.items():
        if app in ("core", "accounts", "clinic", "mail", "procedures", "consultations"):
            for operation in migration.operations:
                assert operation.reversible, (app, name, operation)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere the tests run on migrated tables")
def test_migrations_create_the_tables_of_the_models(tmp_path: Path) -> None:
    """The other tests run on tables that were created without migrations."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True
    )
    with sqlite3.connect(tmp_path / "clinic.sqlite3") as migrated, connection.cursor() as cursor:
        assert schema(migrated.execute(SCHEMA)) == schema(cursor.execute(SCHEMA))


SCHEMA = "SELECT type, name, sql FROM sqlite_master"


def schema(rows: Any) -> dict[tuple[str, str], list[str]]:
    """Return the sorted words of each statement: migrations add some columns later, at the end."""
    return {(kind, name): sorted(re.findall(r"\w+|[^\w\s]", sql or "")) for kind, name, sql in rows}
