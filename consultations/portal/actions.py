"""The patient's actions on the private page. Events have no actor; staff are notified of each action."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from consultations import workflow
from consultations.intake.submission import MAX_ATTACHMENTS_PER_REQUEST, MAX_NOTES_PER_REQUEST
from consultations.lifecycle import booking, contact_details
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.messaging.notify import notify_staff_of_activity, notify_status_change
from consultations.models import Appointment, Attachment, ConsultationRequest, Event, Note
from consultations.phone_numbers import Phone
from consultations.workflow import Status


def withdraw(consultation: ConsultationRequest) -> None:
    """Withdraw the request. Idempotent. Raises ``NotAllowedError`` if it was closed in another way."""
    with transaction.atomic():
        locked = _locked(consultation)
        if locked.status == Status.WITHDRAWN:
            return
        if not workflow.may_withdraw(locked.status):
            raise NotAllowedError(locked.status)
        was = locked.status
        now = set_status(consultation, Status.WITHDRAWN, actor=None, expected_status=was)
        booking.update_for_status(consultation, Status.WITHDRAWN, actor=None, now=now)
        if was not in workflow.SET_ASIDE:
            notify_status_change(consultation, was)
            notify_staff_of_activity(consultation, "withdrawn")


def correct_phone(consultation: ConsultationRequest, phone: Phone) -> None:
    """Save another phone number; the old one is kept as a note for staff. Raises ``NotAllowedError``."""
    with transaction.atomic():
        locked = _locked(consultation)
        _require_open(locked)
        if not contact_details.correct(locked, contact_details.ContactDetails.of(locked, phone), author=None):
            return
        _record(consultation, Event.Kind.PHONE_CORRECTED)
        notify_staff_of_activity(consultation, "phone")
    consultation.phone, consultation.phone_as_typed = phone.e164, phone.as_typed


def add_patient_note(consultation: ConsultationRequest, text: str) -> None:
    """Save a note of the patient. Raises ``NotAllowedError``.

    The same text again, shortly after and unread, is a button pressed twice, and saved once.
    """
    with transaction.atomic():
        locked = _locked(consultation)
        _require_open(locked)
        notes = consultation.notes.filter(author=None)
        last = notes.last()
        if last and last.is_same_press(text) and locked.unread_since:
            return
        if notes.count() >= MAX_NOTES_PER_REQUEST:
            raise NotAllowedError("too many notes")
        _note(consultation, text)
        _record(consultation, Event.Kind.NOTE_ADDED)
        notify_staff_of_activity(consultation, "note")


def add_attachments(consultation: ConsultationRequest, attachments: Sequence[Attachment]) -> None:
    """Attach stored files to the request. Raises ``NotAllowedError`` when there are too many."""
    with transaction.atomic():
        _require_open(_locked(consultation))
        if consultation.attachments.count() + len(attachments) > MAX_ATTACHMENTS_PER_REQUEST:
            raise NotAllowedError("too many photographs")
        for attachment in attachments:
            attachment.request, attachment.key_hash = consultation, ""
            attachment.save()
        _record(consultation, Event.Kind.ATTACHMENT_ADDED, count=len(attachments))
        notify_staff_of_activity(consultation, "attachment")


def accept_time(consultation: ConsultationRequest, appointment_id: int) -> None:
    """Accept the offered time. Idempotent.

    Raises ``SomeoneElseChangedError`` if it is no longer the time on offer.
    """
    with transaction.atomic():
        _locked(consultation)
        appointment = _on_screen(consultation, appointment_id)
        if appointment.state == Appointment.State.AGREED:
            return
        now = set_status(consultation, Status.CONFIRMED, actor=None, expected_status=Status.PROPOSED)
        booking.update_for_status(consultation, Status.CONFIRMED, actor=None, now=now)
        notify_staff_of_activity(consultation, "time agreed")


def request_another_time(consultation: ConsultationRequest, appointment_id: int, words: str) -> None:
    """Refuse the time, with a note (or ""), so that the clinic offers another one.

    Raises ``SomeoneElseChangedError`` as ``accept_time`` does.
    """
    with transaction.atomic():
        locked = _locked(consultation)
        appointment = _on_screen(consultation, appointment_id)
        now = set_status(consultation, Status.CONTACTING, actor=None, expected_status=locked.status)
        booking.record_event(appointment, Event.Kind.TIME_REFUSED, None, now)
        booking.cancel(consultation, actor=None, now=now)
        if words:
            _note(consultation, words)
        notify_staff_of_activity(consultation, "other time")


def _locked(consultation: ConsultationRequest) -> ConsultationRequest:
    """Lock and re-read the request."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=consultation.pk)
    if locked.erased_at:
        raise NotAllowedError("erased")
    return locked


def _require_open(consultation: ConsultationRequest) -> None:
    if consultation.status not in workflow.OPEN | workflow.SET_ASIDE:
        raise NotAllowedError(consultation.status)


def _on_screen(consultation: ConsultationRequest, appointment_id: int) -> Appointment:
    found = booking.live(consultation)
    if found is None or found.pk != appointment_id or found.starts_at <= timezone.now():
        raise SomeoneElseChangedError(consultation.reference)
    return found


def _note(consultation: ConsultationRequest, text: str) -> None:
    Note.objects.create(request=consultation, text=text, at=timezone.now())


def _record(consultation: ConsultationRequest, kind: Event.Kind, **detail: object) -> None:
    Event.objects.create(request=consultation, kind=kind, at=timezone.now(), detail=detail)
