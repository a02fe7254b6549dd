"""Mail the reminders of tomorrow's appointments. Run it every hour; each patient gets one reminder."""

from typing import Any

from django.core.management.base import CommandError

from clinic_site.core.management.repeating_command import RepeatingCommand, Stop
from consultations.appointments import reminders


class Command(RepeatingCommand):
    help = __doc__
    pause_seconds = 600.0

    def work(self, stop: Stop | None = None) -> Any:
        return reminders.send_reminders()

    def report(self, result: Any) -> None:
        queued, failed = result
        self.stdout.write(f"Reminders queued: {queued}")
        if failed:
            raise CommandError(f"Reminders that could not be queued: {failed}. The log says why.")
