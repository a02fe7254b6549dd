"""Back up the database, the photographs and the ledger of erasures into a new folder inside FOLDER."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic_site.operations import backup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="Best on another disk, which is encrypted.")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            made = backup.back_up(folder, timezone.now())
        except (backup.BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        self.stdout.write(f"Backed up: {made}")
