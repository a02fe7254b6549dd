"""Delete data whose retention has ended. Without --now it only counts what is due. Run it daily."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic_site.operations import cleanup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", action="store_true", help="Delete it. This cannot be undone.")

    def handle(self, *args: Any, now: bool, **options: Any) -> None:
        report = cleanup.run_tasks(timezone.now(), dry_run=not now)
        for name, count in report:
            self.stdout.write(f"{'failed' if count is None else count:>8}  {name}")
        if not now:
            self.stdout.write("Nothing was deleted. To delete it: manage.py cleanup --now")
        failed = [name for name, count in report if count is None]
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. The log says why; run the command again.")
