"""Backup of the database and the uploaded files.

The database is copied first: every file that its rows name existed then. A file erased meanwhile is left out.
"""

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from clinic_site.core import atomic_files
from clinic_site.operations import status

DATABASE = {"sqlite": "clinic.sqlite3", "postgresql": "clinic.pgdump"}


class BackupError(Exception):
    """Reason why no backup was made, as a sentence."""


def back_up(folder: Path, now: datetime) -> Path:
    """Create a backup in a new folder inside ``folder`` and return its path, without blocking writers.

    The folder gets its name once it is complete. Raises ``BackupError`` and ``OSError``; an incomplete
    folder, whose name begins with a dot, may then remain.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"clinic-{now:%Y-%m-%d-%H%M%S}"
    part = folder / f".{name}.part"
    if (folder / name).exists():
        raise BackupError(f"There is a backup of this second already: {folder / name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    _copy_database(part / DATABASE[connection.vendor])
    _copy_files(part)
    _sync(part)
    part.rename(folder / name)
    atomic_files.sync_folder(folder)
    status.record_backup()
    return folder / name


def _copy_files(to: Path) -> None:
    """Copy the uploads, then the erasure log, which so names every request missing from the rest.

    What does not exist yet is created empty in the backup, because the restore instructions name it.
    """
    for folder in (Path(settings.MEDIA_ROOT), Path(settings.PRIVATE_ROOT)):
        if folder.exists():
            shutil.copytree(folder, to / folder.name, copy_function=_copy_file)
        else:
            (to / folder.name).mkdir(mode=0o700)
    ledger = Path(settings.ERASURE_LEDGER)
    (to / ledger.name).touch(mode=0o600)
    if ledger.exists():
        shutil.copy2(ledger, to / ledger.name)


def _copy_file(source: str, to: str) -> None:
    """Copy a file, unless it was removed since its folder was listed."""
    try:
        shutil.copy2(source, to)
    except FileNotFoundError:
        if Path(source).exists():
            raise


def _copy_database(to: Path) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(to)])
    else:
        _dump(to)
    to.chmod(0o600)


def _dump(to: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupError("There is no pg_dump here: apt-get install postgresql-client")
    # As for ``manage.py dbshell``: the password is not on the command line, which every account can read.
    options = ["--format=custom", "--no-owner", "--file", str(to)]
    (_psql, *arguments), environment = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, options
    )
    ended = subprocess.run(  # noqa: S603 - the program is pg_dump, and nothing in it comes from outside
        [program, *arguments],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"pg_dump failed: {ended.stderr.strip()}")


def _sync(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
