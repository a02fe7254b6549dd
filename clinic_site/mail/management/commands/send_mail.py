"""Send the mail that is due: once, or with --forever until stopped."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic_site.mail import worker


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
        if settings.MAIL_DELIVERY == "off":
            raise CommandError("The site is set up to send no mail (EMAIL_URL=off).")
        if forever:
            worker.send_forever(StopSignals(), parent=beside)
            return
        result = worker.send_due()
        self.stdout.write(str(result))
        if result.unreachable:
            raise CommandError(f"The mail server cannot be reached: {result.unreachable}")


class StopSignals:
    """SIGTERM and Ctrl-C, blocked until the worker asks, so that it finishes the current message.

    A signal handler could not safely set a ``threading.Event`` that the same thread is waiting for.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        self._came = False

    def is_set(self) -> bool:
        return self._came or not signal.sigpending().isdisjoint(self.SIGNALS)

    def wait(self, seconds: float) -> bool:
        """Sleep, unless a signal comes or has come."""
        self._came = self.is_set() or signal.sigtimedwait(self.SIGNALS, seconds) is not None
        return self._came
