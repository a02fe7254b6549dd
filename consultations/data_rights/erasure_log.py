"""The ledger of erasures: when, and which reference. It lies outside the database, and outlives it.

A backup still holds whom it was made with. Whoever restores one replays this ledger over it
(``services.forgetting.replay``), and nobody comes back.

**The order of writing.** A line is on the disk before the erasure it tells of is committed. Killed in
between, the ledger has a line whose request is still there, and the next replay erases it: somebody had
decided that. The other way round, an erasure could be committed and not be in the ledger; the next
backup that is restored would bring that person back, and nobody would ever know.

A reference says nothing of anyone, and opens nothing. One that was drawn again for somebody else, after a
backup older than the first was restored, is told by its time: that request was made after the erasure.
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

# What the readiness check looks at, from the end of the ledger: some hundred erasures.
TAIL_BYTES = 8_000


@dataclass(frozen=True)
class Erasure:
    at: datetime
    reference: str

    @property
    def line(self) -> str:
        return f"{self.at.isoformat()} {self.reference}\n"


@dataclass(frozen=True)
class Ledger:
    """What a ledger says, and how many of its lines cannot be read."""

    erasures: tuple[Erasure, ...] = ()
    unreadable: int = 0


def note(erasures: Iterable[Erasure]) -> None:
    """Add lines to the ledger, on the disk when this returns. Raises ``OSError``."""
    path = Path(settings.ERASURE_LEDGER)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several processes erase: one after the other, until closed
        begin = b"" if _ends_well(file) else b"\n"
        _write_all(file, begin + "".join(erasure.line for erasure in erasures).encode("ascii"))
        os.fsync(file.fileno())
    if is_new:
        atomic_files.sync_folder(path.parent)


def read(path: Path | None = None) -> Ledger:
    """All of a ledger, the clinic's own unless another is named. Where there is no file, nothing was erased.

    Raises ``OSError`` for a file that is there and cannot be read.
    """
    try:
        return _parsed((path or Path(settings.ERASURE_LEDGER)).read_bytes())
    except FileNotFoundError:
        return Ledger()


def newest() -> Ledger:
    """The end of the clinic's own ledger."""
    try:
        with Path(settings.ERASURE_LEDGER).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return _parsed(file.read())
    except FileNotFoundError:
        return Ledger()


def _ends_well(file: BinaryIO) -> bool:
    """Whether the last line is whole: a power cut may have left half of one."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _write_all(file: BinaryIO, data: bytes) -> None:
    while data:
        data = data[file.write(data) :]


def _parsed(content: bytes) -> Ledger:
    erasures, unreadable = [], 0
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip():
            erasure = _erasure(line)
            if erasure:
                erasures.append(erasure)
            else:
                unreadable += 1
    return Ledger(tuple(erasures), unreadable)


def _erasure(line: str) -> Erasure | None:
    at, _space, reference = line.strip().partition(" ")
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or reference_prefix(reference) != reference:
        return None
    return Erasure(moment, reference)
