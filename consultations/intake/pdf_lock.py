"""Check whether a PDF opens only with a password. ``upload_cleaning`` runs this in a child process."""

import io
from enum import IntEnum


class Status(IntEnum):
    OPEN = 0
    LOCKED = 10


def work(arguments: list[str], data: bytes, memory: int) -> tuple[int, bytes]:
    from pypdf import PdfReader  # only in the child, not in the server

    try:
        reader = PdfReader(io.BytesIO(data))
        # A PDF that is only protected against changes opens with the empty password.
        is_locked = reader.is_encrypted and not reader.decrypt("")
    except Exception:
        # PDF viewers open many damaged files that this library cannot read.
        is_locked = False
    return (Status.LOCKED if is_locked else Status.OPEN), b""
