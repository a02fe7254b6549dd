"""Erase again whom a restored backup has brought back. Run it after every restore, before the site starts.

It reads the clinic's own ledger of erasures, and any others that are named, such as the copy that was
made with a backup. It may be run at any time, and any number of times.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consultations.data_rights import erasure, erasure_log


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ledgers", nargs="*", type=Path, help="Other ledgers: erased.log of a backup.")

    def handle(self, *args: Any, ledgers: list[Path], **options: Any) -> None:
        missing = [str(path) for path in ledgers if not path.is_file()]
        if missing:
            raise CommandError(f"There is no such file: {', '.join(missing)}")
        done = erasure.replay([erasure_log.read(path) for path in ledgers])
        self.stdout.write(f"Entries read: {done.entries}. Requests erased again: {done.erased}.")
        if done.unreadable:
            self.stderr.write(f"Lines that cannot be read, and were passed over: {done.unreadable}.")
