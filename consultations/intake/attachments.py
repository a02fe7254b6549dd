"""Attachments of requests: store and delete rows with their files, in the order of ``file_storage``."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.core.rate_limits import record_refusal
from consultations.intake import file_storage
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import (
    BYTES_PER_NETWORK,
    FILES_PER_NETWORK,
    MAX_ATTACHMENTS_PER_REQUEST,
    MAX_FILES_PER_UPLOAD,
)
from consultations.lifecycle.errors import NotAllowedError
from consultations.lifecycle.optimistic_locking import lock_open
from consultations.messaging.notify import notify_staff_of_activity
from consultations.models import Attachment, ConsultationRequest, Event


class NoRoomError(NotAllowedError):
    """No file can be stored at the moment. The message tells the patient why."""


def allow_upload(files: int, network: str) -> bool:
    """Count the files of an upload, before the work of reading them."""
    return FILES_PER_NETWORK.allow(network, max(1, min(files, MAX_FILES_PER_UPLOAD)))


def require_room_for(new: Sequence[CleanFile], network: str) -> None:
    """Count the bytes for the network, if any, and check the room on the disk. Call it outside a transaction.

    Raises ``NoRoomError``. Two uploads at the same moment may both pass: a few extra megabytes do no harm.
    """
    size = sum(clean.size for clean in new)
    if not size:
        return
    if network and not BYTES_PER_NETWORK.allow(network, size):
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


def add_files(
    consultation: ConsultationRequest, cleaned: Sequence[CleanFile], network: str, *, by: User | None = None
) -> list[CleanFile]:
    """Attach files to an open request, and return those that it has no room for.

    Files that it has already are skipped. ``by`` is the staff member who adds them; None is the patient, and
    then staff are notified. Raises ``NoRoomError`` if nothing can be stored.
    """
    known = _digests(consultation)
    new = list({clean.digest: clean for clean in cleaned if clean.digest not in known}.values())
    require_room_for(new, network)
    rows = store_files(new)
    try:
        with transaction.atomic():
            # Locked before looking again, so that pressing twice adds the same files once.
            known = _digests(lock_open(consultation))
            room = max(MAX_ATTACHMENTS_PER_REQUEST - len(known), 0)
            added = [row for row in rows if row.digest not in known][:room]
            for row in added:
                row.request, row.added_by = consultation, by
            Attachment.objects.bulk_create(added)
            if added:
                Event.objects.create(
                    request=consultation,
                    kind=Event.Kind.ATTACHMENT_ADDED,
                    actor=by,
                    at=timezone.now(),
                    detail={"count": len(added)},
                )
                if by is None:
                    notify_staff_of_activity(consultation, "attachment")
    except BaseException:
        file_storage.delete(file_names(rows))
        raise
    file_storage.delete(file_names(row for row in rows if row not in added))
    known |= {row.digest for row in added}
    return [clean for clean in cleaned if clean.digest not in known]


def _digests(consultation: ConsultationRequest) -> set[str]:
    return set(consultation.attachments.values_list("digest", flat=True))


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
