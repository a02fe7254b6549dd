"""Private file storage for patients' uploads; not served by any URL.

Files are stored under ``settings.PRIVATE_ROOT``, outside what nginx or WhiteNoise serve, readable by the
server's own account only. Their names are random; only the database knows whose they are.

Files and database cannot be committed together, so each step leaves at worst an extra file, never a row
without its file:

- Storing: first the file (``store``), then its row.
- Deleting: first the row; once that is committed, the file
  (``transaction.on_commit(lambda: file_storage.delete(names))``).

A process killed in between leaves a file without a row. ``sweep`` removes those that are older than a day,
which no transaction is.
"""

import contextlib
import re
import secrets
import shutil
from collections.abc import Collection, Iterable
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone

from clinic_site.core import atomic_files
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import MEGABYTE
from consultations.models import Attachment

# Stays free for the database, so that a request can always be stored.
MIN_FREE_BYTES = 500 * MEGABYTE
# A file without a row is certainly an orphan after this.
ORPHAN_AFTER = timedelta(hours=24)

# Nothing in a file may load or run. Browsers use inline styles of their own to show an image by itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

_NAME = re.compile(r"[0-9a-f]{32}(-small\.jpg|\.jpg|\.pdf)", re.ASCII)


def store(clean: CleanFile) -> Attachment:
    """Write a file and its thumbnail, and return their row, for the caller to save.

    Raises ``OSError`` (a full disk), with neither left behind.
    """
    token = secrets.token_hex(16)
    row = Attachment(
        kind=clean.kind,
        name=f"{token}.{clean.extension}",
        original_name=clean.name,
        thumbnail_name=f"{token}-small.jpg" if clean.thumbnail else "",
        width=clean.width,
        height=clean.height,
        size=clean.size,
        digest=clean.digest,
        added_at=timezone.now(),
    )
    try:
        _write(row.name, clean.content)
        if row.thumbnail_name:
            _write(row.thumbnail_name, clean.thumbnail)
    except BaseException:
        delete([row.name, row.thumbnail_name])
        raise
    return row


def open_file(name: str) -> IO[bytes]:
    """Open a stored file. Raises ``FileNotFoundError``, also for an invalid name."""
    return _path(name).open("rb")


def file_response(attachment: Attachment, name: str, filename: str) -> FileResponse:
    """Return the file or the thumbnail called ``name``: never cached, in a sandbox, a report as a download.

    Raises ``FileNotFoundError``.
    """
    kind, extension = ("image/jpeg", "jpg") if attachment.is_image else ("application/pdf", "pdf")
    return FileResponse(
        open_file(name),
        as_attachment=not attachment.is_image,
        filename=f"{filename}.{extension}",
        content_type=kind,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store, private",
        },
    )


def delete(names: Iterable[str]) -> None:
    """Remove files. Those that are gone already, and the "" of a missing thumbnail, are passed over."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            _path(name).unlink()


def sweep(
    known_names: Collection[str], older_than: timedelta = ORPHAN_AFTER, *, only_count: bool = False
) -> int:
    """Delete the files that are not in ``known_names``, or ``only_count`` them; return their number.

    ``known_names``: the names and thumbnail names of all rows. Files younger than ``older_than`` stay: their
    rows may be about to be committed. Files half written by a process that was killed go too.
    """
    before = (timezone.now() - older_than).timestamp()
    removed = 0
    for path in _folder().glob("*/*/*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.name not in known_names and path.stat().st_mtime < before:
                if not only_count:
                    path.unlink()
                removed += 1
    return removed


def free_bytes() -> int:
    """Return the free bytes on the disk that holds the files."""
    root = Path(settings.PRIVATE_ROOT)
    return shutil.disk_usage(next(path for path in (root, *root.parents) if path.exists())).free


def require_storage() -> None:
    """Raise ``FileNotFoundError`` if files are stored, but not here: their disk is not mounted."""
    if not _folder().is_dir() and Attachment.objects.exists():
        raise FileNotFoundError("The folder of patients' files is missing.")


def _folder() -> Path:
    return Path(settings.PRIVATE_ROOT) / "attachments"


def _path(name: str) -> Path:
    """Return the path of a file, in one of 256 folders, so that none grows large."""
    if not _NAME.fullmatch(name):
        raise FileNotFoundError("No such file.")
    return _folder() / name[0] / name[1] / name


def _write(name: str, data: bytes) -> None:
    path = _path(name)
    # One by one: ``mkdir(parents=True)`` would leave the mode of the parents to the umask.
    for folder in (Path(settings.PRIVATE_ROOT), _folder(), path.parent.parent, path.parent):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            atomic_files.sync_folder(folder.parent)
    atomic_files.write(path, data, mode=0o600)
