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
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.dateparse import parse_datetime

from clinic_site.core import atomic_files
from consultations.references import reference_prefix


class Erasure(NamedTuple):
    at: datetime
    reference: str


class ErasureLog(NamedTuple):
    """The erasures in a log, and the number of unreadable lines."""

    erasures: tuple[Erasure, ...] = ()
    unreadable: int = 0


def append(erasures: Iterable[Erasure]) -> None:
    """Write erasures to the log, on the disk when this returns. Raises ``OSError``."""
    path = Path(settings.ERASURE_LEDGER)
    is_new = not path.exists()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until closed: several processes may erase
        for erasure in erasures:
            # A line break comes first: a power cut may have left half a line.
            file.write(f"\n{erasure.at.isoformat()} {erasure.reference}".encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        atomic_files.sync_folder(path.parent)


def read(path: Path | None = None, *, last_bytes: int | None = None) -> ErasureLog:
    """Read a log, by default the clinic's own, or only the end of it. A missing file is an empty log.

    Raises ``OSError`` for a file that cannot be read.
    """
    try:
        with (path or Path(settings.ERASURE_LEDGER)).open("rb") as file:
            if last_bytes is not None:
                file.seek(max(0, file.seek(0, os.SEEK_END) - last_bytes))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ErasureLog()
    found = [_erasure(line) for line in lines if line.strip()]
    erasures = tuple(erasure for erasure in found if erasure)
    return ErasureLog(erasures, unreadable=len(found) - len(erasures))


def _erasure(line: str) -> Erasure | None:
    at, _space, reference = line.strip().partition(" ")
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or reference_prefix(reference) != reference:
        return None
    return Erasure(moment, reference)
