"""Files that are there whole or not at all, also after a power cut."""

import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file whose folder exists, with the given permissions, such as ``0o600``.

    A reader sees all of it or none, and once this returns it is on the disk. Raises ``OSError``, and
    then leaves nothing behind. A process killed in the middle leaves a file that begins with a dot.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, as ``write`` has the bytes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
