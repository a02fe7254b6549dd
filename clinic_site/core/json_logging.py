"""Log formatter: one JSON object per line, without personal data."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Only our own code may put values into a message. A library's values may be a patient's: a path with a token,
# a database error that quotes the row.
OUR_LOGGERS = ("clinic_site", "procedures", "consultations")
MAX_FRAMES = 12

# ``json.dumps`` would make a new encoder for each line.
_to_json = json.JSONEncoder(ensure_ascii=False).encode

# No line has these fields ("Optimization" in Python's Logging HOWTO).
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class JsonFormatter(logging.Formatter):
    """``{"time", "level", "logger", "message"}``, and the fields given as ``extra={"data": {…}}``.

    An exception is logged by its type and stack frames, never by its message.
    """

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.partition(".")[0] in OUR_LOGGERS
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if ours else _message_without_values(record),
        }
        if ours:
            line |= getattr(record, "data", {})
        elif match := getattr(getattr(record, "request", None), "resolver_match", None):
            line["route"] = match.route  # never the path
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = [
                f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-MAX_FRAMES:]
            ]
        return _to_json(line)


def _message_without_values(record: logging.LogRecord) -> str:
    """Return a library's message before values are interpolated.

    ``django.security`` loggers use the exception's text, which may quote the request; the logger's name says
    what happened. Gunicorn puts the request into the message itself: its first words are enough.
    """
    if record.name.startswith("django.security.") and record.exc_info:
        return record.name.rpartition(".")[2]
    if record.name.startswith("gunicorn.") and not record.args:
        words = re.match(r"[A-Za-z ]*", str(record.msg))
        return words[0].strip() if words else ""
    return str(record.msg)
