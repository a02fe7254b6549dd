"""Mail the reminders of tomorrow's appointments, and remove photographs that were never sent. Run it every
hour; each patient gets one reminder."""

import logging
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from clinic_site.mail.management.commands.send_mail import StopSignals
from consultations.appointments import reminders
from consultations.intake import attachments

logger = logging.getLogger(__name__)

# Between two runs, and between two checks for a signal or the end of the parent process.
RUN_SECONDS, CHECK_SECONDS = 600.0, 5.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="Go on until stopped (SIGTERM or Ctrl-C).")
        parser.add_argument(
            "--beside",
            type=int,
            metavar="PID",
            help="With --forever: stop when this parent process has ended.",
        )

    def handle(self, *args: Any, forever: bool, beside: int | None, **options: Any) -> None:
        if forever:
            remind_forever(StopSignals(), beside)
            return
        queued, failed = reminders.send_reminders()
        self.stdout.write(f"Reminders queued: {queued}")
        self.stdout.write(f"Photographs removed that were never sent: {attachments.delete_unsent()}")
        if failed:
            raise CommandError(f"Reminders that could not be queued: {failed}. The log says why.")


def remind_forever(stop: StopSignals, parent: int | None) -> None:
    waited = RUN_SECONDS
    while not stop.is_set() and parent in (None, os.getppid()):
        if waited >= RUN_SECONDS:
            waited = 0.0
            try:
                reminders.send_reminders()
                attachments.delete_unsent()
            except DatabaseError:
                logger.exception("reminders: the database did not answer")
            close_old_connections()
        stop.wait(CHECK_SECONDS)
        waited += CHECK_SECONDS
