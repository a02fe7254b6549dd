"""Remove what is kept for a time and no longer. Without --now it only says what would go. Run it daily."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic_site import tidying


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", action="store_true", help="Remove it. What is gone cannot be had back.")

    def handle(self, *args: Any, now: bool, **options: Any) -> None:
        report = tidying.tidy(timezone.now(), really=now)
        for done in report:
            count = "failed" if done.count is None else done.count
            self.stdout.write(f"{count:>8}  {done.name}")
        if not now:
            self.stdout.write("Nothing was removed. To remove it: manage.py tidy --now")
        failed = [done.name for done in report if done.count is None]
        if failed:
            raise CommandError(f"Failed, and to be tried again: {', '.join(failed)}. The log says why.")
