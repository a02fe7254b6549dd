"""A backup: the database as it is at one moment, and the files that its rows name.

The database comes first, then the files: a file whose row is in the backup was there before. One that was
removed in between is missing, and so it should be.
"""

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from clinic_site.core import atomic_files

DATABASE = {"sqlite": "clinic.sqlite3", "postgresql": "clinic.pgdump"}


class BackupError(Exception):
    """Why no backup was made, for whoever asked for it."""


def back_up(folder: Path, now: datetime) -> Path:
    """Make a backup in a new folder inside ``folder``, and give its path. Nobody who writes has to wait.

    It has its name only once it is whole. Raises ``BackupError`` and ``OSError``; half a backup, whose
    name begins with a dot, may then be left.
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
    return folder / name


def _copy_files(to: Path) -> None:
    """The ledger of erasures comes last, so that it names everyone who is missing in the rest.

    What the clinic does not have yet is there too, empty: restoring names all of it.
    """
    for folder in (Path(settings.MEDIA_ROOT), Path(settings.PRIVATE_ROOT)):
        if folder.exists():
            shutil.copytree(folder, to / folder.name, copy_function=_copy_file)
        else:
            (to / folder.name).mkdir(mode=0o700)
    ledger = Path(settings.ERASURE_LEDGER)
    if ledger.exists():
        shutil.copy2(ledger, to / ledger.name)
    else:
        (to / ledger.name).touch(mode=0o600)


def _copy_file(source: str, to: str) -> None:
    """A file that was removed since its folder was read is no fault."""
    try:
        shutil.copy2(source, to)
    except FileNotFoundError:
        if Path(source).exists():
            raise


def _copy_database(to: Path) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(to)])
        to.chmod(0o600)
    else:
        _dump(to, connection.settings_dict)


def _dump(to: Path, database: dict[str, Any]) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupError("There is no pg_dump here: apt-get install postgresql-client")
    # In its environment and not in the command, which every account of the machine can read.
    server = {
        "PGHOST": database["HOST"],
        "PGPORT": str(database["PORT"]),
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
    }
    ended = subprocess.run(  # noqa: S603 - the program is pg_dump, and nothing in it comes from outside
        [program, "--format=custom", "--no-owner", "--file", str(to)],
        env=os.environ | {name: value for name, value in server.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"pg_dump failed: {ended.stderr.strip()}")
    to.chmod(0o600)


def _sync(folder: Path) -> None:
    """Have all of it on the disk before it gets its name."""
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
