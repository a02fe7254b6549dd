"""Erase again what a restored backup brought back. Run it after every restore, before the site starts.

It reads the clinic's erasure log and any others that are named, such as the copy in a backup. Idempotent.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consultations.data_rights import erasure, erasure_log


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("logs", nargs="*", type=Path, help="Other erasure logs: erased.log of a backup.")

    def handle(self, *args: Any, logs: list[Path], **options: Any) -> None:
        missing = [str(path) for path in logs if not path.is_file()]
        if missing:
            raise CommandError(f"There is no such file: {', '.join(missing)}")
        done = erasure.replay([erasure_log.read(path) for path in logs])
        self.stdout.write(f"Entries read: {done.entries}. Requests erased again: {done.erased}.")
        if done.unreadable:
            self.stderr.write(f"Unreadable lines that were ignored: {done.unreadable}.")
