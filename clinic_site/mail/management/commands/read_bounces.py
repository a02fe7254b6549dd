"""Read one mail from standard input. If it reports a bounce, mark that message as undelivered."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from clinic_site.mail import bounces


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        report = sys.stdin.buffer.read(bounces.MAX_REPORT_BYTES)
        # Read to the end: a mail server treats a closed pipe as a failure.
        while sys.stdin.buffer.read(1 << 16):
            pass
        try:
            message = bounces.record_bounce(report)
        except DatabaseError as error:
            # Mail servers deliver again later.
            raise CommandError("The database did not answer.", returncode=os.EX_TEMPFAIL) from error
        self.stdout.write(f"Bounced: {message}" if message else "Nothing to record.")
