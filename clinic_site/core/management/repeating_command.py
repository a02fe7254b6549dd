"""Commands that work once, or with --forever again and again until they are stopped."""

import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

logger = logging.getLogger(__name__)

# How often a command in its pause looks for a signal and for the end of the parent process.
CHECK_SECONDS = 5.0


class Stop(Protocol):
    """Stops a command: a ``threading.Event``, or signals."""

    def is_set(self) -> bool: ...

    def wait(self, seconds: float, /) -> bool: ...


class StopSignals:
    """SIGTERM and Ctrl-C, blocked until the command asks, so that it finishes what it has begun.

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


class RepeatingCommand(BaseCommand):
    """``work`` does what is due now; ``report`` prints its result, unless the command runs forever."""

    pause_seconds: float

    def work(self, stop: Stop | None = None) -> Any:
        raise NotImplementedError

    def report(self, result: Any) -> None:
        raise NotImplementedError

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
            repeat(self.work, self.pause_seconds, StopSignals(), parent=beside)
        else:
            self.report(self.work())


def repeat(
    work: Callable[[Stop], object], pause_seconds: float, stop: Stop, *, parent: int | None = None
) -> None:
    """Work, pause, and work again until ``stop`` is set, or the process ``parent`` has ended."""
    next_at = 0.0
    while not stop.is_set() and parent in (None, os.getppid()):
        if time.monotonic() >= next_at:
            try:
                work(stop)
            except DatabaseError:
                logger.exception("the database did not answer")
            close_old_connections()
            next_at = time.monotonic() + pause_seconds
        stop.wait(min(pause_seconds, CHECK_SECONDS))
