"""The erasure log: time and reference of every erasure, in a file outside the database.

A backup still holds the patients it was made with; after a restore, replaying this log
(``erasure.replay``) erases them again.

A line is on the disk before its erasure is committed. If the process is killed in between, the next replay
completes an erasure that somebody had decided. The other way round, a committed erasure could be missing
from the log, and a restored backup would bring the patient back unnoticed.

A reference names nobody and opens nothing. If one was drawn again for another patient after an old backup
was restored, that request is younger than the erasure.
"""

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.dateparse import parse_datetime

from clinic_site.core import atomic_files
from consultations.references import reference_prefix

# The readiness check reads this much from the end of the log: about a hundred erasures.
TAIL_BYTES = 8_000


@dataclass(frozen=True)
class Erasure:
    at: datetime
    reference: str

    @property
    def line(self) -> str:
        return f"{self.at.isoformat()} {self.reference}\n"


@dataclass(frozen=True)
class ErasureLog:
    """The erasures in a log, and the number of unreadable lines."""

    erasures: tuple[Erasure, ...] = ()
    unreadable: int = 0


def append(erasures: Iterable[Erasure]) -> None:
    """Write erasures to the log, on the disk when this returns. Raises ``OSError``."""
    path = Path(settings.ERASURE_LEDGER)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until closed: several processes may erase
        data = b"" if _ends_with_newline(file) else b"\n"
        data += "".join(erasure.line for erasure in erasures).encode("ascii")
        while data:
            data = data[file.write(data) :]
        os.fsync(file.fileno())
    if is_new:
        atomic_files.sync_folder(path.parent)


def read(path: Path | None = None) -> ErasureLog:
    """Read a log, by default the clinic's own. A missing file is an empty log.

    Raises ``OSError`` for a file that cannot be read.
    """
    try:
        return _parsed((path or Path(settings.ERASURE_LEDGER)).read_bytes())
    except FileNotFoundError:
        return ErasureLog()


def newest() -> ErasureLog:
    """The end of the clinic's own log."""
    try:
        with Path(settings.ERASURE_LEDGER).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return _parsed(file.read())
    except FileNotFoundError:
        return ErasureLog()


def _ends_with_newline(file: BinaryIO) -> bool:
    """Whether the last line is complete: a power cut may have left half of one."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _parsed(content: bytes) -> ErasureLog:
    erasures, unreadable = [], 0
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip():
            erasure = _erasure(line)
            if erasure:
                erasures.append(erasure)
            else:
                unreadable += 1
    return ErasureLog(tuple(erasures), unreadable)


def _erasure(line: str) -> Erasure | None:
    at, _space, reference = line.strip().partition(" ")
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or reference_prefix(reference) != reference:
        return None
    return Erasure(moment, reference)
