"""Subject access: a copy of everything stored about one request, for the person it is about."""

import json
import shutil
import tempfile
import zipfile
from datetime import datetime
from typing import IO, Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations.answers import Channel, Consent
from consultations.appointments.reminder_answers import Answer
from consultations.intake import file_storage
from consultations.lifecycle import disclosures
from consultations.lifecycle.errors import NotAllowedError
from consultations.lifecycle.optimistic_locking import lock
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging.catalogue import STAFF_KINDS
from consultations.models import Appointment, Attachment, ConsultationRequest, Disclosure, Event, Note

MAX_BYTES_IN_MEMORY = 2_000_000
# Details of events that are not the patient's: the colleague who was assigned, and row numbers.
STAFF_DETAILS = frozenset(["to", "name", "appointment"])


def make(request: ConsultationRequest, *, actor: User, reason: str) -> IO[bytes]:
    """Return an open zip file with ``request.json`` and the patient's files, and record that it was made.

    Raises ``NotAllowedError`` for an unknown reason, and for an erased request.
    """
    if reason not in Disclosure.COPY_REASONS:
        raise NotAllowedError("no reason")
    with transaction.atomic():
        locked = lock(request)
        copy = _zip_file(locked)
        disclosures.record(actor, [locked], Disclosure.Kind.COPIED, reason)
        Event.objects.create(request=locked, kind=Event.Kind.COPY_MADE, actor=actor, at=timezone.now())
    return copy


def everything(request: ConsultationRequest) -> dict[str, Any]:
    """Return all stored data under the labels of the model fields.

    Notes of colleagues are included, since they are about the patient; names of colleagues are not.
    """
    sender = request.sender or _("the patient")
    answers = request.answers_in_words() | {"phone_as_typed": request.phone_as_typed}
    messages = OutgoingMessage.objects.filter(about=request.reference).exclude(kind__in=STAFF_KINDS)
    return {
        **_fields(request, "reference", "status", "created_at", "channel"),
        **_fields(request, "notice", "consented_at", "consent"),
        **_fields(request, "promised_by", "first_contact_at", "call_back_at"),
        _("answers"): {_label(ConsultationRequest, name): answer for name, answer in answers.items()},
        _plural(Event): [_event(event) for event in request.events.all()],
        _plural(Note): [
            _fields(note, "at", "text")
            | {_label(Note, "author"): _("the clinic") if note.author_id else sender}
            for note in request.notes.all()
        ],
        _plural(Appointment): [
            _fields(one, "starts_at", "ends_at", "practitioner", "state", "patient_informed_at")
            for one in request.appointments.select_related("practitioner")
        ],
        _plural(OutgoingMessage): [
            _fields(message, "kind", "to", "created_at", "subject", "text")
            | {_("state"): str(message.state.label)}
            for message in messages.order_by("pk")
        ],
        _plural(Disclosure): [
            _fields(seen, "at", "kind", "reason")
            for seen in request.disclosures.order_by("at", "pk").iterator()
        ],
        _plural(Attachment): [
            {_("file"): _file_name(one), **_fields(one, "added_at", "kind", "original_name")}
            for one in request.attachments.all()
        ],
    }


def _label(model: type[models.Model], name: str) -> str:
    return str(getattr(model._meta.get_field(name), "verbose_name", name))


def _plural(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name_plural)


def _fields(row: models.Model, *names: str) -> dict[str, str]:
    """Return fields by label: choices in words, times by the clinic's clock."""
    found = {}
    for name in names:
        value = getattr(row, name)
        shown = getattr(row, f"get_{name}_display", lambda value=value: value)()
        found[_label(type(row), name)] = _moment(value) if isinstance(value, datetime) else str(shown or "")
    return found


def _event(event: Event) -> dict[str, Any]:
    statuses = [name for name in ("from_status", "to_status") if getattr(event, name)]
    details = {name: value for name, value in event.detail.items() if name not in STAFF_DETAILS}
    return _fields(event, "at", "kind", *statuses) | dict(_detail(*detail) for detail in details.items())


def _detail(name: str, value: Any) -> tuple[str, Any]:
    """Return the label and the words of one detail of an event."""
    if name == "what":  # names of changed fields
        return _("changed"), [_label(ConsultationRequest, field) for field in value]
    if name == "outcome":
        return _("outcome"), str(Outcome(value).label)
    if name in ("channel", "consent"):
        choices = Channel if name == "channel" else Consent
        return _label(ConsultationRequest, name), str(choices(value).label)
    if name == "answer":
        return _("answer"), str(Answer(value).label)
    if name.endswith(("_at", "_until")):
        value = _moment(datetime.fromisoformat(value))
    labels = {
        "message": _("message"),
        "by": _("by"),
        "count": _("number"),
        "suspicions": _("signs of spam"),
        "by_site": _("by the site"),
        "is_replaced": _("another time was chosen"),
        "call_back_at": _label(ConsultationRequest, "call_back_at"),
        "starts_at": _label(Appointment, "starts_at"),
        "held_until": _label(Appointment, "held_until"),
        "practitioner": _label(Appointment, "practitioner"),
    }
    return labels.get(name, name), value


def _zip_file(request: ConsultationRequest) -> IO[bytes]:
    output = tempfile.SpooledTemporaryFile(max_size=MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by its reader
    data, missing = everything(request), []
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for attachment in request.attachments.all():
            try:
                source = file_storage.open_file(attachment.name)
            except OSError:
                missing.append(_file_name(attachment))
                continue
            with source, archive.open(_file_name(attachment), "w") as target:
                shutil.copyfileobj(source, target)
        data[_("missing files")] = missing
        text = json.dumps(data, ensure_ascii=False, indent=2)
        archive.writestr("request.json", text.encode("utf-8", "replace"))
    output.seek(0)
    return output


def _file_name(attachment: Attachment) -> str:
    return f"{attachment.pk}.{'jpg' if attachment.is_image else 'pdf'}"


def _moment(moment: datetime | None) -> str:
    """With the clinic's offset from UTC: 2026-11-23 17:30:00+05:00."""
    local = moment and timezone.localtime(moment, timezone.get_default_timezone()).replace(microsecond=0)
    return local.isoformat(sep=" ") if local else ""
