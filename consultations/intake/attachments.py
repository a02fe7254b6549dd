"""Files of patients, from the moment they were chosen: the file first, then its row (see ``files``)."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from consultations.intake import file_storage
from consultations.intake.submission import MAX_PHOTOGRAPHS_PER_REQUEST, find, photograph_digests
from consultations.intake.upload_cleaning import CleanFile
from consultations.intake.upload_limits import MAX_FILES_PER_UPLOAD
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import ConsultationRequest, Photograph
from consultations.tokens import SubmissionKey


def keep_until_sent(key: SubmissionKey, cleaned: Sequence[CleanFile]) -> None:
    """Store the files chosen in a form until it is sent; skip those that are stored already.

    Raises ``NotAllowedError`` when there would be too many, or as ``require_room_for`` does.
    """
    digests = set(Photograph.objects.waiting_with(key.hash).values_list("digest", flat=True))
    new = list({digest: clean for clean in cleaned if (digest := digest_of(clean)) not in digests}.values())
    if len(digests) + len(new) > MAX_FILES_PER_UPLOAD:
        raise NotAllowedError("too many")
    consultation = find(key)
    stored_before = photograph_digests(consultation) if consultation else set()
    coming = digests | {digest_of(clean) for clean in new}
    if coming - stored_before and len(coming | stored_before) > MAX_PHOTOGRAPHS_PER_REQUEST:
        raise NotAllowedError("too many for the request")
    require_room_for(new)
    rows = stored(new)
    try:
        with transaction.atomic():
            for row in rows:
                row.key_hash = key.hash
            Photograph.objects.bulk_create(rows, ignore_conflicts=True)
    except BaseException:
        file_storage.delete(names_of(rows))
        raise
    # Two that sent the same file at the same moment: one row, and one file that no row names.
    kept = set(Photograph.objects.filter(name__in=[row.name for row in rows]).values_list("name", flat=True))
    file_storage.delete(names_of(row for row in rows if row.name not in kept))


def require_room_for(new: Sequence[CleanFile]) -> None:
    """Raises ``NotAllowedError`` when too much came in a day, of all patients, or the disk is nearly full.

    Two at the same moment may both pass: a few megabytes more do no harm.
    """
    size = sum(clean.size for clean in new)
    if not size:
        return
    lately = Photograph.objects.filter(added_at__gt=timezone.now() - file_storage.INTAKE_PERIOD)
    came = lately.aggregate(bytes=Sum("size"))["bytes"] or 0
    if (
        came + size > file_storage.MAX_BYTES_PER_DAY
        or file_storage.free_bytes() - size < file_storage.MIN_FREE_BYTES
    ):
        raise NotAllowedError("full")


def move_to_form(former: SubmissionKey, new: SubmissionKey) -> None:
    """Let the files that wait with one form wait with another."""
    there = Photograph.objects.waiting_with(new.hash).values_list("digest", flat=True)
    waiting = Photograph.objects.waiting_with(former.hash)
    waiting.exclude(digest__in=list(there)).update(key_hash=new.hash)


def remove_from_form(key: SubmissionKey, photograph_id: int) -> None:
    """Delete a file of a form that is not sent yet, if it is still there."""
    remove(Photograph.objects.waiting_with(key.hash).filter(pk=photograph_id))


def delete_unsent(now: datetime | None = None) -> int:
    """Remove what waited too long for "Send request"; how many files that were."""
    return remove(Photograph.objects.forgotten((now or timezone.now()) - file_storage.UNSENT_FILE_LIFETIME))


def delete_of_request(consultation: ConsultationRequest) -> int:
    """Remove every file of a request, in the caller's transaction; how many there were."""
    return remove(Photograph.objects.filter(request=consultation))


def stored(cleaned: Iterable[CleanFile]) -> list[Photograph]:
    """Write files, and make the rows that name them, for the caller to save."""
    rows: list[Photograph] = []
    try:
        for clean in cleaned:
            kept = file_storage.store(clean)
            rows.append(
                Photograph(
                    kind=clean.kind,
                    name=kept.name,
                    thumbnail_name=kept.thumbnail_name,
                    width=clean.width,
                    height=clean.height,
                    size=kept.size,
                    digest=digest_of(clean),
                    added_at=timezone.now(),
                )
            )
    except BaseException:
        file_storage.delete(names_of(rows))
        raise
    return rows


def remove(photographs: QuerySet[Photograph]) -> int:
    """Remove rows, and, once that is committed, their files."""
    with transaction.atomic():
        rows = list(photographs.select_for_update())
        Photograph.objects.filter(pk__in=[row.pk for row in rows]).delete()
        names = names_of(rows)
        transaction.on_commit(lambda: file_storage.delete(names))
    return len(rows)


def names_of(rows: Iterable[Photograph]) -> list[str]:
    return [name for row in rows for name in (row.name, row.thumbnail_name) if name]


def digest_of(clean: CleanFile) -> str:
    return hashlib.sha256(clean.content).hexdigest()
