"""Files that a patient adds on the private page: checked already, stored, and made the request's."""

from collections.abc import Sequence

from django.db import transaction

from consultations.intake import file_storage
from consultations.intake.attachments import digest_of, names_of, require_room_for, stored
from consultations.intake.submission import photograph_digests
from consultations.intake.upload_cleaning import CleanFile
from consultations.models import ConsultationRequest, Photograph
from consultations.portal.actions import add_photographs


def add(consultation: ConsultationRequest, cleaned: Sequence[CleanFile]) -> None:
    """Add files; one that the request has already is passed over. Raises ``NotAllowedError``."""
    known = photograph_digests(consultation)
    require_room_for([clean for clean in cleaned if digest_of(clean) not in known])
    rows = stored(cleaned)
    try:
        with transaction.atomic():
            new = _new_to(consultation, rows)
            if new:
                add_photographs(consultation, new)
    except BaseException:
        file_storage.delete(names_of(rows))
        raise
    file_storage.delete(names_of(row for row in rows if row not in new))


def _new_to(consultation: ConsultationRequest, rows: Sequence[Photograph]) -> list[Photograph]:
    """Who presses twice sends the same files twice, perhaps at the same moment: the second one waits here."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=consultation.pk)
    known = set(locked.photographs.values_list("digest", flat=True))
    return list({row.digest: row for row in rows if row.digest not in known}.values())
