"""The log: one JSON object a line on stdout, and no personal data in any of them."""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Only our own code is trusted to put values into a message; what a library puts there may be a
# patient's: an address with a token, a database error that quotes the row.
OUR_LOGGERS = ("clinic_site", "procedures", "consultations")
FRAMES = 12


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
            "message": record.getMessage() if ours else str(record.msg),
        }
        line |= getattr(record, "data", {}) if ours else _of_request(record)
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = [
                f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-FRAMES:]
            ]
        return json.dumps(line, ensure_ascii=False)


def _of_request(record: logging.LogRecord) -> dict[str, Any]:
    """The route of the request that Django's record is about: never its path."""
    match = getattr(getattr(record, "request", None), "resolver_match", None)
    return {"route": match.route} if match else {}
