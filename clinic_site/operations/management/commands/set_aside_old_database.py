"""Move the database of the first version aside; its migrations cannot be continued."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

# The first version kept its shared tables in an app of this name.
OLD_APP = "clinic_site"
# What belongs to the database, relative to DATA_DIR.
FILES = ("media", "private", "erased.log")


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        applied = MigrationRecorder(connection).applied_migrations()
        if not any(app == OLD_APP for app, _name in applied):
            return
        if connection.vendor != "sqlite":
            raise CommandError(
                "DATABASE_URL names a database of the first version. Create an empty database and name that."
            )
        database = connection.settings_dict["NAME"]
        connection.close()
        folder = settings.DATA_DIR / f"first-version-{timezone.now():%Y%m%d-%H%M%S}"
        folder.mkdir()
        names = [*FILES, *(f"{database}{suffix}" for suffix in ("", "-wal", "-shm"))]
        for path in (settings.DATA_DIR / name for name in names):
            if path.exists():
                path.rename(folder / path.name)
        self.stdout.write(
            f"The database is of the first version. It was moved to {folder} with its files; "
            "a new one is being created."
        )
