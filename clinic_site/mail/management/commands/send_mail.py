"""Send the mail that is due: once, or with --forever until stopped."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from clinic_site.core.management.repeating_command import RepeatingCommand, Stop
from clinic_site.mail import worker


class Command(RepeatingCommand):
    help = __doc__
    pause_seconds = 2.0

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MAIL_DELIVERY == "off":
            raise CommandError("The site is set up to send no mail (EMAIL_URL=off).")
        super().handle(*args, **options)

    def work(self, stop: Stop | None = None) -> worker.BatchResult:
        return worker.send_due(stop)

    def report(self, result: worker.BatchResult) -> None:
        self.stdout.write(str(result))
        if result.unreachable:
            raise CommandError(f"The mail server cannot be reached: {result.unreachable}")
