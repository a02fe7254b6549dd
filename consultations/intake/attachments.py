"""Patients' attachments: store and delete rows with their files, in the order of ``file_storage``."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic_site.core.rate_limits import record_refusal
from consultations.intake import file_storage
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import BYTES_PER_NETWORK, FILES_PER_NETWORK, MAX_FILES_PER_UPLOAD
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import Attachment


class NoRoomError(NotAllowedError):
    """No file can be stored at the moment. The message tells the patient why."""


def allow_upload(files: int, network: str) -> bool:
    """Count the files of an upload, before the work of reading them."""
    return FILES_PER_NETWORK.allow(network, max(1, min(files, MAX_FILES_PER_UPLOAD)))


def require_room_for(new: Sequence[CleanFile], network: str) -> None:
    """Count the bytes for the network and check the room on the disk. Call it outside a transaction.

    Raises ``NoRoomError``. Two uploads at the same moment may both pass: a few extra megabytes do no harm.
    """
    size = sum(clean.size for clean in new)
    if not size:
        return
    if not BYTES_PER_NETWORK.allow(network, size):
        raise NoRoomError(_("Too many files have come from your network in the last 24 hours"))
    if file_storage.free_bytes() < size + file_storage.MIN_FREE_BYTES:
        record_refusal("room on the disk for files")
        raise NoRoomError(_("We have no room for files at the moment"))


def store_files(cleaned: Iterable[CleanFile]) -> list[Attachment]:
    """Write files and return their rows, for the caller to save. All of them are written, or none.

    Raises ``NoRoomError`` if the disk is full.
    """
    rows: list[Attachment] = []
    try:
        rows.extend(file_storage.store(clean) for clean in cleaned)
    except BaseException as error:
        file_storage.delete(file_names(rows))
        if isinstance(error, OSError):
            raise NoRoomError(_("We have no room for files at the moment")) from error
        raise
    return rows


def delete_attachments(attachments: QuerySet[Attachment]) -> int:
    """Delete rows and, once the caller's transaction is committed, their files; return their number."""
    with transaction.atomic():
        rows = list(attachments.select_for_update())
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
        names = file_names(rows)
        transaction.on_commit(lambda: file_storage.delete(names))
    return len(rows)


def file_names(rows: Iterable[Attachment]) -> list[str]:
    return [name for row in rows for name in (row.name, row.thumbnail_name) if name]
