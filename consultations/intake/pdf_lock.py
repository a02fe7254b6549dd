"""Finds out whether a PDF opens only with a password. ``upload_cleaning`` lets it work in a child process."""

import io
from enum import IntEnum


class Status(IntEnum):
    OPEN = 0
    LOCKED = 10


def work(arguments: list[str], data: bytes, memory: int) -> tuple[int, bytes]:
    from pypdf import PdfReader  # not into the server's memory

    try:
        reader = PdfReader(io.BytesIO(data))
        # One that is protected against changes alone opens with the empty password.
        is_locked = reader.is_encrypted and not reader.decrypt("")
    except Exception:
        # Readers find their way through files that this library cannot read.
        is_locked = False
    return (Status.LOCKED if is_locked else Status.OPEN), b""
