"""The log: one JSON object a line on stdout, and no personal data in any of them."""

import contextlib
import json
import logging
import os
import re
import threading
import time
import traceback
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

# Only our own code is trusted to put values into a message; what a library puts there may be a
# patient's: an address with a token, a database error that quotes the row.
OUR_LOGGERS = ("clinic_site", "procedures", "consultations")
FRAMES = 12

# One for all lines: ``json.dumps`` makes a new one each time that is asked for another way than its own.
_to_json = json.JSONEncoder(ensure_ascii=False).encode

# No line tells these, so none need find them out ("Optimization" in Python's Logging HOWTO).
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class GatheringHandler(logging.StreamHandler[TextIO]):
    """Makes and writes lines together, five times a second; a warning, or worse, at once with all before it.

    To write each by itself costs a page from the cache a sixth of its time, for all threads wait in turn,
    and to make each by itself still more. What can be lost is a fifth of a second of ordinary lines, when a
    process is killed outright.
    """

    SECONDS = 0.2

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._process = 0
        self._waiting: deque[logging.LogRecord] = deque()
        # A process that begins as a copy of this one would write what waits here a second time.
        os.register_at_fork(before=self.write_now)

    def emit(self, record: logging.LogRecord) -> None:
        self._waiting.append(record)
        if record.levelno >= logging.WARNING:
            self.write_now()
        elif self._process != os.getpid():
            # The first of a process begins its round.
            self._process = os.getpid()
            threading.Thread(target=self._write_in_time, name="log", daemon=True).start()

    def flush(self) -> None:
        """Asked for after each line: they are flushed together."""

    def close(self) -> None:
        self.write_now()
        super().close()

    def write_now(self) -> None:
        self.acquire()
        try:
            while self._waiting:
                super().emit(self._waiting.popleft())
            # Of a stream that has been closed there is nothing left to write.
            with contextlib.suppress(ValueError):
                super().flush()
        finally:
            self.release()

    def _write_in_time(self) -> None:
        while True:
            time.sleep(self.SECONDS)
            self.write_now()


class JsonFormatter(logging.Formatter):
    """``{"time", "level", "logger", "message"}``, and the fields given as ``extra={"data": {…}}``.

    An exception is told by its type and the lines of code it passed, never by its message.
    """

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.partition(".")[0] in OUR_LOGGERS
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if ours else _words_of_the_code(record),
        }
        line |= getattr(record, "data", {}) if ours else _of_request(record)
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = [
                f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-FRAMES:]
            ]
        return _to_json(line)


def _words_of_the_code(record: logging.LogRecord) -> str:
    """A library's message before any value is put into it.

    Django logs what looks like an attack under ``django.security`` with the exception's own words as
    the message: those may quote the request, and its logger's name says what happened. Gunicorn puts the
    request into the message itself: its first words say enough.
    """
    if record.name.startswith("django.security.") and record.exc_info:
        return record.name.rpartition(".")[2]
    if record.name.startswith("gunicorn.") and not record.args:
        words = re.match(r"[A-Za-z ]*", str(record.msg))
        return words[0].strip() if words else ""
    return str(record.msg)


def _of_request(record: logging.LogRecord) -> dict[str, Any]:
    """The route of the request that Django's record is about: never its path."""
    match = getattr(getattr(record, "request", None), "resolver_match", None)
    return {"route": match.route} if match else {}
