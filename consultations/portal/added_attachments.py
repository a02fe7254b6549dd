"""Store files that a patient adds on the private page."""

from collections.abc import Sequence

from django.db import transaction

from consultations.intake import file_storage
from consultations.intake.attachments import file_names, require_room_for, store_files
from consultations.intake.submission import attachment_digests
from consultations.intake.upload_cleaning import CleanFile
from consultations.models import Attachment, ConsultationRequest
from consultations.portal.actions import add_attachments


def add(consultation: ConsultationRequest, cleaned: Sequence[CleanFile]) -> None:
    """Add files, except those that the request has already. Raises ``NotAllowedError``."""
    known = attachment_digests(consultation)
    require_room_for([clean for clean in cleaned if clean.digest not in known])
    rows = store_files(cleaned)
    try:
        with transaction.atomic():
            new = _new_to(consultation, rows)
            if new:
                add_attachments(consultation, new)
    except BaseException:
        file_storage.delete(file_names(rows))
        raise
    file_storage.delete(file_names(row for row in rows if row not in new))


def _new_to(consultation: ConsultationRequest, rows: Sequence[Attachment]) -> list[Attachment]:
    """Lock the request, so that pressing twice adds the same files once, and return the new files."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=consultation.pk)
    known = set(locked.attachments.values_list("digest", flat=True))
    return list({row.digest: row for row in rows if row.digest not in known}.values())
