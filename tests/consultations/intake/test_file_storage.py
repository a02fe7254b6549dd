"""Patients' files are private, stored whole or not at all, and never left over."""

import os
import stat
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_site.core import atomic_files
from consultations.intake import file_storage
from consultations.intake.upload_cleaning import CleanFile

PHOTOGRAPH = CleanFile("image", b"a picture", b"a small one", 640, 480)
REPORT = CleanFile("pdf", b"%PDF-1.7 ... %%EOF")


@pytest.fixture
def root(settings: Any) -> Path:
    return Path(settings.PRIVATE_ROOT)


def stored_files(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()}


def made_hours_ago(root: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    for path in root.rglob("*"):
        os.utime(path, (then, then))


def test_file_and_thumbnail_are_stored_and_read_back(root: Path) -> None:
    photograph, report = file_storage.store(PHOTOGRAPH), file_storage.store(REPORT)
    for name, content in ((photograph.name, b"a picture"), (photograph.thumbnail_name, b"a small one")):
        with file_storage.open_file(name) as file:
            assert file.read() == content
    assert (photograph.kind, photograph.width, photograph.height) == ("image", 640, 480)
    assert photograph.size == len(b"a picture") + len(b"a small one")
    assert report.thumbnail_name == "" and report.name.endswith(".pdf")
    assert stored_files(root) == {photograph.name, photograph.thumbnail_name, report.name}
    assert (root / "attachments" / report.name[0] / report.name[1] / report.name).is_file()


def test_names_are_random() -> None:
    names = {file_storage.store(PHOTOGRAPH).name for _time in range(5)}
    assert len(names) == 5 and all(len(name) == 36 and name.endswith(".jpg") for name in names)


def test_files_are_outside_served_folders_and_private(root: Path, settings: Any) -> None:
    before = os.umask(0)
    try:
        file_storage.store(PHOTOGRAPH)
    finally:
        os.umask(before)
    for public in (settings.MEDIA_ROOT, settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        assert not root.is_relative_to(public) and not Path(public).is_relative_to(root)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_invalid_name_opens_and_deletes_nothing(root: Path) -> None:
    file_storage.store(REPORT)
    for name in (
        *("", ".", "../../settings.py", "a" * 32, "/etc/passwd", "\0"),
        *("a" * 32 + ".jpg/..", "ا" * 32 + ".jpg"),
    ):
        with pytest.raises(FileNotFoundError):
            file_storage.open_file(name)
        file_storage.delete([name])
    assert len(stored_files(root)) == 1


def test_delete_is_idempotent(root: Path) -> None:
    stored, kept = file_storage.store(PHOTOGRAPH), file_storage.store(REPORT)
    for _time in range(2):
        file_storage.delete([stored.name, stored.thumbnail_name, kept.thumbnail_name])
    assert stored_files(root) == {kept.name}


def test_full_disk_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is full when the first file is written, or only when its thumbnail is."""
    for failing in (1, 2):
        synced = []

        def sync(descriptor: int, failing: int = failing, synced: list[int] = synced) -> None:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                synced.append(descriptor)
                if len(synced) == failing:
                    raise OSError(28, "No space left on device")

        monkeypatch.setattr(atomic_files.os, "fsync", sync)
        with pytest.raises(OSError, match="No space left"):
            file_storage.store(PHOTOGRAPH)
        assert len(synced) == failing and stored_files(root) == set()


def test_file_appears_only_when_complete(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    def sync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append(stored_files(root))

    monkeypatch.setattr(atomic_files.os, "fsync", sync)
    stored = file_storage.store(REPORT)
    ((half_written,),) = seen
    assert half_written.startswith(".") and half_written != stored.name


def test_sweep_deletes_old_orphans_and_half_written_files(root: Path) -> None:
    assert file_storage.sweep(set()) == 0 and file_storage.free_bytes() > 0
    assert not root.exists(), "nothing was stored yet"
    named, orphan = file_storage.store(PHOTOGRAPH), file_storage.store(PHOTOGRAPH)
    known = {named.name, named.thumbnail_name}
    made_hours_ago(root, 25)
    young = file_storage.store(REPORT)
    (root / "attachments" / young.name[0] / young.name[1] / ".half").write_bytes(b"%PDF-")
    assert file_storage.sweep(known, only_count=True) == 2
    assert file_storage.sweep(known) == 2
    assert stored_files(root) == {*known, young.name, ".half"}
    with pytest.raises(FileNotFoundError):
        file_storage.open_file(orphan.name)
    made_hours_ago(root, 2)
    assert file_storage.sweep(known) == 0
    assert file_storage.sweep({*known, young.name}, older_than=timedelta(hours=1)) == 1
    assert stored_files(root) == {*known, young.name}
