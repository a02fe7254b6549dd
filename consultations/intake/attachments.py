"""Patients' attachments: store and delete rows with their files, in the order of ``file_storage``."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.core.rate_limits import record_refusal
from consultations.intake import file_storage
from consultations.intake.submission import MAX_ATTACHMENTS_PER_REQUEST, attachment_digests, find
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import BYTES_PER_NETWORK, FILES_PER_NETWORK, MAX_FILES_PER_UPLOAD
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import Attachment, ConsultationRequest
from consultations.tokens import SubmissionKey


class TooManyFilesError(NotAllowedError):
    """A form or a request would have too many files. The message tells the patient what to do."""


class NoRoomError(NotAllowedError):
    """No file can be stored at the moment. The message tells the patient why."""


def allow_upload(files: int, network: str) -> bool:
    """Count the files of an upload, before the work of reading them."""
    return FILES_PER_NETWORK.allow(network, max(1, min(files, MAX_FILES_PER_UPLOAD)))


def keep_until_sent(key: SubmissionKey, cleaned: Sequence[CleanFile], network: str) -> None:
    """Store the files chosen in a form until it is sent; skip those that are stored already.

    Raises ``TooManyFilesError`` and ``NoRoomError``.
    """
    waiting = Attachment.objects.waiting_with(key.hash)
    digests = set(waiting.values_list("digest", flat=True))
    new = list({clean.digest: clean for clean in cleaned if clean.digest not in digests}.values())
    if len(digests) + len(new) > MAX_FILES_PER_UPLOAD:
        fewer = _("Choose fewer files. A request can have at most %(most)d")
        raise TooManyFilesError(fewer % {"most": MAX_FILES_PER_UPLOAD})
    consultation = find(key)
    stored_before = attachment_digests(consultation) if consultation else set()
    coming = digests | {clean.digest for clean in new}
    if coming - stored_before and len(coming | stored_before) > MAX_ATTACHMENTS_PER_REQUEST:
        fewer = _(
            "Choose fewer files, or none. "
            "A request can have at most %(most)d, with those you have sent already"
        )
        raise TooManyFilesError(fewer % {"most": MAX_ATTACHMENTS_PER_REQUEST})
    require_room_for(new, network, form=key.hash)
    rows = store_files(new)
    try:
        for row in rows:
            row.key_hash = key.hash
        Attachment.objects.bulk_create(rows, ignore_conflicts=True)
    except BaseException:
        file_storage.delete(file_names(rows))
        raise
    # Two requests with the same file at the same moment make one row, and one file without a row.
    kept = set(Attachment.objects.filter(name__in=[row.name for row in rows]).values_list("name", flat=True))
    file_storage.delete(file_names(row for row in rows if row.name not in kept))


def require_room_for(new: Sequence[CleanFile], network: str, *, form: str = "") -> None:
    """Count the bytes for the network and make room on the disk. Call it outside a transaction.

    Where the disk is short, files of forms that were not sent are deleted, the oldest first; not those of
    ``form``, a key hash. Raises ``NoRoomError`` if that is not enough, or over the network's limit. Two
    uploads at the same moment may both pass: a few extra megabytes do no harm.
    """
    size = sum(clean.size for clean in new)
    if not size:
        return
    # First, so that an upload over its network's limit costs nobody else a file.
    if not BYTES_PER_NETWORK.allow(network, size):
        raise NoRoomError(_("Too many files have come from your network in the last 24 hours"))
    missing = size + file_storage.MIN_FREE_BYTES - file_storage.free_bytes()
    if missing > 0:
        record_refusal("room on the disk for files")
        _delete_oldest_unsent(missing, form)


def _delete_oldest_unsent(size: int, form: str) -> None:
    """Delete unsent files of at least this size in all. If there are not enough, none is deleted."""
    chosen, unsent = [], Attachment.objects.filter(request=None)
    oldest_first = unsent.exclude(key_hash=form).order_by("added_at", "pk")
    for pk, bytes_of_file in oldest_first.values_list("pk", "size"):
        if size <= 0:
            break
        chosen.append(pk)
        size -= bytes_of_file
    if size > 0:
        raise NoRoomError(_("We have no room for files at the moment"))
    delete_attachments(unsent.filter(pk__in=chosen))


def move_to_form(former: SubmissionKey, new: SubmissionKey) -> None:
    """Let the files that wait with one form wait with another."""
    there = Attachment.objects.waiting_with(new.hash).values_list("digest", flat=True)
    waiting = Attachment.objects.waiting_with(former.hash)
    waiting.exclude(digest__in=list(there)).update(key_hash=new.hash)


def remove_from_form(key: SubmissionKey, attachment_id: str) -> None:
    """Delete a file of a form that is not sent yet, if it is still there. The id is as a browser sent it."""
    waiting = Attachment.objects.waiting_with(key.hash)
    pks = [row.pk for row in waiting if str(row.pk) == attachment_id]
    delete_attachments(waiting.filter(pk__in=pks))


def delete_unsent(now: datetime | None = None) -> int:
    """Delete the files that waited too long for "Send request"; return their number."""
    before = (now or timezone.now()) - file_storage.UNSENT_FILE_LIFETIME
    return delete_attachments(Attachment.objects.unsent(before))


def delete_of_request(consultation: ConsultationRequest) -> int:
    """Delete every file of a request, in the caller's transaction; return their number."""
    return delete_attachments(Attachment.objects.filter(request=consultation))


def store_files(cleaned: Iterable[CleanFile]) -> list[Attachment]:
    """Write files and return their rows, for the caller to save. All of them are written, or none."""
    rows: list[Attachment] = []
    try:
        rows.extend(file_storage.store(clean) for clean in cleaned)
    except BaseException:
        file_storage.delete(file_names(rows))
        raise
    return rows


def delete_attachments(attachments: QuerySet[Attachment]) -> int:
    """Delete rows and, once that is committed, their files; return their number."""
    with transaction.atomic():
        rows = list(attachments.select_for_update())
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
        names = file_names(rows)
        transaction.on_commit(lambda: file_storage.delete(names))
    return len(rows)


def file_names(rows: Iterable[Attachment]) -> list[str]:
    return [name for row in rows for name in (row.name, row.thumbnail_name) if name]
