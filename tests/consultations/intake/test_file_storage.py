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

ATTACHMENT = CleanFile("image", b"a picture", b"a small one", 640, 480)
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


def test_a_attachment_and_its_thumbnail_are_stored_and_read_back(root: Path) -> None:
    stored = file_storage.store(ATTACHMENT)
    with (
        file_storage.open_file(stored.name) as file,
        file_storage.open_file(stored.thumbnail_name) as thumbnail,
    ):
        assert (file.read(), thumbnail.read()) == (b"a picture", b"a small one")
    assert stored.size == len(b"a picture") + len(b"a small one")
    assert stored_files(root) == {stored.name, stored.thumbnail_name}


def test_a_report_has_no_thumbnail() -> None:
    stored = file_storage.store(REPORT)
    assert stored.thumbnail_name == "" and stored.name.endswith(".pdf")


def test_names_are_random_and_the_same_file_twice_is_two() -> None:
    names = {file_storage.store(ATTACHMENT).name for _time in range(20)}
    assert len(names) == 20 and all(len(name) == 36 and name.endswith(".jpg") for name in names)


def test_files_are_outside_served_folders_and_private(root: Path, settings: Any) -> None:
    before = os.umask(0)
    try:
        file_storage.store(ATTACHMENT)
    finally:
        os.umask(before)
    for public in (settings.MEDIA_ROOT, settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        assert not root.is_relative_to(public) and not Path(public).is_relative_to(root)
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_files_are_spread_over_folders(root: Path) -> None:
    stored = file_storage.store(REPORT)
    assert (root / "attachments" / stored.name[0] / stored.name[1] / stored.name).is_file()


@pytest.mark.parametrize(
    "name",
    ["", ".", "../../settings.py", "a" * 32, "/etc/passwd", "a" * 32 + ".jpg/..", "\0", "ا" * 32 + ".jpg"],
)
def test_invalid_name_opens_and_deletes_nothing(name: str, root: Path) -> None:
    file_storage.store(REPORT)
    with pytest.raises(FileNotFoundError):
        file_storage.open_file(name)
    file_storage.delete([name])
    assert len(stored_files(root)) == 1


def test_delete_is_idempotent(root: Path) -> None:
    stored = file_storage.store(ATTACHMENT)
    kept = file_storage.store(REPORT)
    for _time in range(2):
        file_storage.delete([stored.name, stored.thumbnail_name, kept.thumbnail_name])
    assert stored_files(root) == {kept.name}


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_leaves_nothing_behind(failing: int, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is full when the first file is written, or only when its thumbnail is."""
    calls = 0

    def sync(descriptor: int) -> None:
        nonlocal calls
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files.os, "fsync", sync)
    with pytest.raises(OSError, match="No space left"):
        file_storage.store(ATTACHMENT)
    assert calls == failing and stored_files(root) == set()


def test_file_appears_only_when_complete(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real_sync = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append(stored_files(root))
        real_sync(descriptor)

    monkeypatch.setattr(atomic_files.os, "fsync", sync)
    stored = file_storage.store(REPORT)
    ((half_written,),) = seen
    assert half_written.startswith(".") and half_written != stored.name


def test_sweep_deletes_old_orphans(root: Path) -> None:
    named, orphan = file_storage.store(ATTACHMENT), file_storage.store(ATTACHMENT)
    made_hours_ago(root, 25)
    young = file_storage.store(REPORT)
    assert file_storage.sweep({named.name, named.thumbnail_name}) == 2
    assert stored_files(root) == {named.name, named.thumbnail_name, young.name}
    with pytest.raises(FileNotFoundError):
        file_storage.open_file(orphan.name)
    assert file_storage.sweep({named.name, named.thumbnail_name}) == 0


def test_sweep_deletes_half_written_files(root: Path) -> None:
    stored = file_storage.store(REPORT)
    (root / "attachments" / stored.name[0] / stored.name[1] / ".half").write_bytes(b"%PDF-")
    made_hours_ago(root, 2)
    assert file_storage.sweep({stored.name}) == 0
    assert file_storage.sweep({stored.name}, older_than=timedelta(hours=1)) == 1
    assert stored_files(root) == {stored.name}


def test_sweep_without_a_folder_does_nothing(root: Path) -> None:
    assert file_storage.sweep(set()) == 0 and file_storage.free_bytes() > 0
    assert not root.exists()
