"""A copy of everything that is kept about one request, for the person it is about."""

import json
import tempfile
import zipfile
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import file_storage
from consultations.lifecycle import disclosures
from consultations.lifecycle.errors import NotAllowedError
from consultations.messaging.catalogue import STAFF_KINDS
from consultations.models import ConsultationRequest, Disclosure, Event

# More than this is not kept in memory.
IN_MEMORY = 2_000_000
# Of what events say more: a colleague who was given the request, and the number of a row.
NOT_OF_THE_PATIENT = frozenset(["to", "name", "appointment"])


def make(request: ConsultationRequest, *, actor: User, reason: str) -> IO[bytes]:
    """A zip file of ``request.json`` and of what the patient sent, open at its beginning.

    That it was made is in the history of the request and in the log. Raises ``NotAllowedError`` for an
    empty reason, and where nothing is left.
    """
    if not reason:
        raise NotAllowedError("no reason")
    with transaction.atomic():
        locked = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
        if locked.erased_at:
            raise NotAllowedError("erased")
        copy = _written(locked)
        disclosures.record(actor, [locked], Disclosure.Kind.COPIED, reason)
        Event.objects.create(request=locked, kind=Event.Kind.COPY_MADE, actor=actor, at=timezone.now())
    return copy


def everything(request: ConsultationRequest) -> dict[str, Any]:
    """What is kept, as a person reads it, with the notes of colleagues: they are about the patient.

    Colleagues are not named: this is the patient's, not theirs.
    """
    return {
        "reference": request.reference,
        "status": request.get_status_display(),
        "sent": _moment(request.created_at),
        "answers": _answers(request),
        "agreed to": {"privacy notice": str(request.notice), "at": _moment(request.consented_at)},
        "answer promised by": _moment(request.promised_by),
        "first contact": _moment(request.first_contact_at),
        "call back": _moment(request.call_back_at),
        "what happened": [_event(event) for event in request.events.all()],
        "notes": [
            {
                "at": _moment(note.at),
                "by": "the clinic" if note.author_id else "the patient",
                "text": note.text,
            }
            for note in request.notes.all()
        ],
        "appointments": [
            {
                "from": _moment(appointment.starts_at),
                "to": _moment(appointment.ends_at),
                "with": appointment.practitioner.name,
                "state": appointment.get_state_display(),
            }
            for appointment in request.appointments.select_related("practitioner")
        ],
        "messages": [
            {"kind": message.kind, "to": message.to, "written": _moment(message.created_at)}
            | {"subject": message.subject, "text": message.text, "state": str(message.state.label)}
            for message in OutgoingMessage.objects.filter(about=request.reference).order_by("pk")
            if message.kind not in STAFF_KINDS
        ],
        "seen by staff": [
            {"at": _moment(seen.at), "what": seen.get_kind_display(), "reason": seen.reason}
            for seen in request.disclosures.order_by("at", "pk").iterator()
        ],
    }


def _answers(request: ConsultationRequest) -> dict[str, str]:
    labels = {field.name: str(getattr(field, "verbose_name", field.name)) for field in request._meta.fields}
    words = request.answers.in_words()
    return {labels[name]: answer for name, answer in words.items()} | {
        labels["phone_as_typed"]: request.phone_as_typed,
        labels["whatsapp_as_typed"]: request.whatsapp_as_typed,
    }


def _event(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"at": _moment(event.at), "what": event.get_kind_display()}
    if event.from_status:
        told["status before"] = event.get_from_status_display()
    if event.to_status:
        told["status"] = event.get_to_status_display()
    details = event.detail if isinstance(event.detail, dict) else {}
    details = {name: value for name, value in details.items() if name not in NOT_OF_THE_PATIENT}
    if details:
        told["details"] = {_plain(name): _plain(value) for name, value in details.items()}
    return told


def _plain(value: Any) -> Any:
    """A word of ours without its underscores, a moment by the clinic's clock; anything else as it is."""
    if not isinstance(value, str):
        return [_plain(one) for one in value] if isinstance(value, list) else value
    try:
        return _moment(datetime.fromisoformat(value))
    except ValueError:
        return value.replace("_", " ")


def _written(request: ConsultationRequest) -> IO[bytes]:
    output = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    told = everything(request)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        told["files"] = [_add(archive, photograph) for photograph in request.photographs.all()]
        text = json.dumps(told, ensure_ascii=False, indent=2)
        archive.writestr("request.json", text.encode("utf-8", "replace"))
    output.seek(0)
    return output


def _add(archive: zipfile.ZipFile, photograph: Any) -> dict[str, str]:
    """Put a file into the archive, a piece at a time; one that is gone from the disk is told of."""
    name = f"{photograph.pk}.{'jpg' if photograph.is_image else 'pdf'}"
    told = {"name": name, "added": _moment(photograph.added_at), "kind": photograph.get_kind_display()}
    try:
        source = file_storage.open_file(photograph.name)
    except OSError:
        return told | {"missing": "The file cannot be read any more."}
    with source, archive.open(name, "w") as target:
        while piece := source.read(1 << 16):
            target.write(piece)
    return told


def _moment(moment: datetime | None) -> str:
    """With the clinic's offset from UTC: 2026-11-23 17:30:00+05:00."""
    local = moment and timezone.localtime(moment, timezone.get_default_timezone()).replace(microsecond=0)
    return local.isoformat(sep=" ") if local else ""
