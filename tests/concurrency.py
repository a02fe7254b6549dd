"""Threads that start together, and forked processes, each with database connections of its own."""

import gc
import os
import signal
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, Self

from django.db import connections


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, started together; return what each returned or raised."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            start.wait(timeout=30)
            return work()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


class Child:
    """A forked process. As a context manager it is killed at the end."""

    def __init__(self, work: Callable[[], Any]) -> None:
        close_connections()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                work()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)

    def ended(self) -> int:
        """Wait, and return the exit status; the negative number of the signal that ended it, if any."""
        pid, self.pid = self.pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.ended()


def close_connections() -> None:
    """Close every database connection of this process, before a fork.

    A fork copies SQLite's record of the locks this process holds, but not the locks. A child that believes
    it holds them can lose what it commits, when another process closes the database.
    """
    connections.close_all()
    gc.collect()  # those of threads that have ended
    files = (path.resolve() for path in Path("/proc/self/fd").iterdir())
    still_open = {path.name for path in files if ".sqlite3" in path.name}
    assert not still_open, f"a connection is still open somewhere: {still_open}"
