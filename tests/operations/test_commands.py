"""What ``make run`` calls before it serves."""

import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinic_site.accounts.models import User
from tests.factories import staff

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_is_taken_is_said_plainly_and_another_one_named(settings: Any, taken: int) -> None:
    settings.PORT = taken
    with pytest.raises(CommandError) as refused:
        call_command("check_port")
    assert str(refused.value) == (
        f"Port {taken} is in use, perhaps by this site already running. "
        f"Stop that, or choose another port: make run PORT={taken + 1}"
    )


def test_a_free_port_passes_and_stays_free(settings: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.PORT = probe.getsockname()[1]
    call_command("check_port")
    with socket.socket() as server:
        server.bind(("127.0.0.1", settings.PORT))


@pytest.mark.slow
def test_a_taken_port_ends_the_process_with_a_code_and_without_a_traceback(
    taken: int, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "CLINIC_MODE": "local",
        "PORT": str(taken),
        "DATA_DIR": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "check_port"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert f"Port {taken} is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def first_staff() -> str:
    said = io.StringIO()
    call_command("create_first_staff", stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_the_first_account_is_made_once_and_its_password_printed_once() -> None:
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


@pytest.mark.django_db
def test_where_there_is_staff_already_no_account_is_made() -> None:
    staff("Editor")
    assert "accounts exist already" in first_staff()
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_every_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_migrations_can_be_undone_and_done_again() -> None:
    """Checked without running: each operation has a way back."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    for (app, name), migration in loader.disk_migrations.items():
        if app in ("core", "accounts", "clinic", "mail", "procedures", "consultations"):
            for operation in migration.operations:
                assert operation.reversible, (app, name, operation)
