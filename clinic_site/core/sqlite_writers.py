"""Lines up the threads of a process that wait for SQLite's write lock.

SQLite has one writer, and its own wait polls ever more slowly, so a thread may wait a long time while
others overtake it. Here one thread of a process polls, quickly, and the others wait in line. A thread that
waits serves no page: when the lock has not been free for ``STUCK_SECONDS``, at most ``MAX_WAITING`` threads
go on waiting, and the others get ``OperationalError``, which becomes a page that offers to send again.
"""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

# Fewer than the threads of ``gunicorn.conf.py``: the others still serve pages.
MAX_WAITING = 24
STUCK_SECONDS = 2.0
LOOK_SECONDS = 0.05
POLL_MILLISECONDS = 10
WRITES = re.compile(r"\s*(BEGIN IMMEDIATE|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)

Execute = Callable[..., Any]


class WriterLine:
    """A wrapper of ``execute`` that all connections of a process share."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MAX_WAITING)
        self._first = threading.Lock()
        self._first_since = 0.0  # when the thread that polls began to wait; 0 while there is none

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        connection = context["connection"]
        if not WRITES.match(sql) or connection.connection.in_transaction:
            return execute(sql, params, many, context)
        seconds = connection.settings_dict["OPTIONS"]["timeout"]
        self._take_place()
        try:
            if not self._first.acquire(timeout=seconds):
                raise OperationalError("database is locked")
            try:
                return self._poll(connection, seconds, lambda: execute(sql, params, many, context))
            finally:
                self._first.release()
        finally:
            self._places.release()

    def _take_place(self) -> None:
        while not self._places.acquire(timeout=0 if self._is_stuck() else LOOK_SECONDS):
            if self._is_stuck():
                raise OperationalError("database is locked, and too many wait for it")

    def _is_stuck(self) -> bool:
        since = self._first_since
        return bool(since) and time.monotonic() - since > STUCK_SECONDS

    def _poll(self, connection: BaseDatabaseWrapper, seconds: float, execute: Callable[[], Any]) -> Any:
        self._first_since = time.monotonic()
        connection.connection.execute(f"PRAGMA busy_timeout = {POLL_MILLISECONDS}")
        try:
            while True:
                try:
                    return execute()
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() - self._first_since > seconds:
                        raise
        finally:
            self._first_since = 0.0
            connection.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


in_line = WriterLine()


def queue_writers(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite" and in_line not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, in_line)
