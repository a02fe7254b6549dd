"""The files that patients sent, where no address leads.

They lie under ``settings.PRIVATE_ROOT``, outside what nginx or WhiteNoise serve, readable by the server's
own account only. Their names are random and say nothing of anyone; which file is whose, only the
database knows.

**The order of writing.** Files and database cannot be committed together, so each step leaves at worst a
file too many, never a row without its file:

- Keeping: the file first (``store``), on the disk when that returns; then the row that names it. A
  process killed in between leaves a file that no row names.
- Deleting: the row first; then, once that is committed, the file:
  ``transaction.on_commit(lambda: files.delete(names))``. A process killed in between leaves a file
  that no row names.

``sweep`` removes those. It looks only at files older than a day, which no transaction is.
"""

import contextlib
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from clinic_site.core import atomic_files
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import MEGABYTE

# How long what was chosen waits for "Send request". It is looked at every hour: patients are told 24 at most.
UNSENT_FILE_LIFETIME = timedelta(hours=23)
# What is taken in a day, sent or not, of all patients together: a flood fills no disk. A photograph has about
# half a megabyte as it is kept, so these are those of hundreds of patients.
INTAKE_PERIOD = timedelta(hours=24)
MAX_BYTES_PER_DAY = 500 * MEGABYTE
# What stays free for the database and its log: a request itself must always find room.
MIN_FREE_BYTES = 500 * MEGABYTE
# A file that no row names is certain to be an orphan after this.
ORPHAN_AFTER = timedelta(hours=24)

_NAME = re.compile(r"[0-9a-f]{32}(-small\.jpg|\.jpg|\.pdf)", re.ASCII)


@dataclass(frozen=True)
class StoredFile:
    """The names of what was stored: what a row keeps. A report has no thumbnail: ""."""

    name: str
    thumbnail_name: str
    size: int  # bytes, of both


def store(clean: CleanFile) -> StoredFile:
    """Write a file and its thumbnail. Raises ``OSError`` (a full disk), and then has kept neither."""
    token = secrets.token_hex(16)
    stored = StoredFile(
        name=f"{token}.{clean.extension}",
        thumbnail_name=f"{token}-small.jpg" if clean.thumbnail else "",
        size=clean.size,
    )
    try:
        _write(stored.name, clean.content)
        if stored.thumbnail_name:
            _write(stored.thumbnail_name, clean.thumbnail)
    except BaseException:
        delete([stored.name, stored.thumbnail_name])
        raise
    return stored


def open_file(name: str) -> IO[bytes]:
    """A stored file, to read. Raises ``FileNotFoundError``, also for a name that we never give."""
    return _path(name).open("rb")


def delete(names: Iterable[str]) -> None:
    """Remove files. Those that are gone already, and the "" of a missing thumbnail, are passed over."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            _path(name).unlink()


def sweep(
    known_names: Collection[str], older_than: timedelta = ORPHAN_AFTER, *, only_count: bool = False
) -> int:
    """Remove the files that none of ``known_names`` names, or ``only_count`` them; how many there were.

    ``known_names``: the names and thumbnail names of all rows, best as a set. Files that are younger
    than ``older_than`` stay: their row may be about to be committed.
    """
    before = (timezone.now() - older_than).timestamp()
    removed = 0
    for path in _all():
        with contextlib.suppress(FileNotFoundError):
            if path.name not in known_names and path.stat().st_mtime < before:
                if not only_count:
                    path.unlink()
                removed += 1
    return removed


def free_bytes() -> int:
    """What is left on the disk that files are stored on, whether or not one was stored yet."""
    root = Path(settings.PRIVATE_ROOT)
    return shutil.disk_usage(next(path for path in (root, *root.parents) if path.exists())).free


def _folder() -> Path:
    return Path(settings.PRIVATE_ROOT) / "photographs"


def _path(name: str) -> Path:
    """Where a file lies: in one of 256 folders, so that none of them grows large."""
    if not _NAME.fullmatch(name):
        raise FileNotFoundError("No such file.")
    return _folder() / name[0] / name[1] / name


def _write(name: str, data: bytes) -> None:
    path = _path(name)
    for folder in (Path(settings.PRIVATE_ROOT), _folder(), path.parent.parent, path.parent):
        _make(folder)
    atomic_files.write(path, data, mode=0o600)


def _make(folder: Path) -> None:
    # One by one: of those that ``mkdir`` makes on the way, it lets the umask decide who may enter.
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        atomic_files.sync_folder(folder.parent)


def _all() -> Iterator[Path]:
    """Every file, those half written by a process that was killed included."""
    return (path for path in _folder().glob("*/*/*") if path.is_file())
