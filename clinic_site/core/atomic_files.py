"""Atomic file writes."""

import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int, durable: bool = True) -> None:
    """Write a file whose folder exists, with the given permissions, such as ``0o600``.

    A reader sees all of it or none. With ``durable`` it is on the disk once this returns. Raises
    ``OSError`` and then leaves nothing behind; a killed process may leave a file that begins with a dot.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
