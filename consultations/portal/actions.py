"""The patient's actions on the private page. Events have no actor; staff are notified of each action.

All raise ``NotAllowedError`` for a request that is erased, or whose status does not allow the action.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from consultations import workflow
from consultations.intake.attachments import delete_attachments
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import booking, contact_details
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.optimistic_locking import changes_since, lock, lock_open
from consultations.lifecycle.status_changes import set_status
from consultations.messaging.notify import notify, notify_staff_of_activity, notify_status_change
from consultations.models import Appointment, ConsultationRequest, Event, Note
from consultations.workflow import Status


def withdraw(consultation: ConsultationRequest) -> None:
    """Withdraw the request. Idempotent."""
    with transaction.atomic():
        locked = lock(consultation)
        was = locked.status
        if was == Status.WITHDRAWN:
            return
        if not workflow.may_withdraw(was):
            raise NotAllowedError(was)
        now = set_status(locked, Status.WITHDRAWN, actor=None)
        booking.update_for_status(locked, Status.WITHDRAWN, actor=None, now=now)
        if was not in workflow.SET_ASIDE:
            notify_status_change(locked, was)
            notify_staff_of_activity(locked, "withdrawn")


def change_contact_details(consultation: ConsultationRequest, to: Mapping[str, Any]) -> None:
    """Save how to reach the patient (``contact_details.correct``); the old values are kept as a note.

    A new email address gets a mail with a private link, and the former one a notice.
    """
    with transaction.atomic():
        locked = lock_open(consultation)
        former_email = locked.email
        if changed := contact_details.correct(locked, to, author=None):
            _record(consultation, Event.Kind.CONTACT_DETAILS_CHANGED, what=changed)
            notify_staff_of_activity(consultation, "phone" if "phone" in changed else "contact")
            if "email" in changed:
                notify("email_changed", locked)
                if former_email:
                    notify("email_replaced", locked, to=former_email)


def add_patient_note(consultation: ConsultationRequest, text: str) -> None:
    """Save a note of the patient, unless there are too many.

    The same text again, shortly after and unread, is a button pressed twice, and saved once.
    """
    with transaction.atomic():
        locked = lock_open(consultation)
        notes = locked.notes.filter(author=None)
        last = notes.last()
        if last and last.is_same_press(text) and locked.unread_since:
            return
        if notes.count() >= MAX_NOTES_PER_REQUEST:
            raise NotAllowedError("too many notes")
        Note.objects.create(request=consultation, text=text, at=timezone.now())
        _record(consultation, Event.Kind.NOTE_ADDED)
        notify_staff_of_activity(consultation, "note")


def remove_file(consultation: ConsultationRequest, attachment_id: str) -> None:
    """Delete a file of the request, if it is still there. The id is as a browser sent it."""
    with transaction.atomic():
        locked = lock_open(consultation)
        pks = [pk for pk in locked.attachments.values_list("pk", flat=True) if str(pk) == attachment_id]
        if delete_attachments(locked.attachments.filter(pk__in=pks)):
            _record(locked, Event.Kind.ATTACHMENT_REMOVED)


def accept_time(consultation: ConsultationRequest, chosen: int) -> None:
    """Agree on the offered appointment of this id; it replaces the agreed one. Idempotent.

    Raises ``SomeoneElseChangedError`` if it is not on offer, or the agreed one has begun.
    """
    with transaction.atomic():
        locked, now = lock(consultation), timezone.now()
        live = booking.live(locked)
        if live and live.pk == chosen and live.state == Appointment.State.AGREED and live.starts_at > now:
            return
        appointment = locked.appointments.choices(now).filter(pk=chosen).first()
        if appointment is None or booking.has_begun(live, now):
            raise SomeoneElseChangedError(locked.reference)
        if locked.status != Status.CONFIRMED:
            set_status(locked, Status.CONFIRMED, actor=None)
        booking.agree(appointment, now)
        booking.set_call_back(locked, None)
        notify_staff_of_activity(locked, "time agreed")


def request_another_time(consultation: ConsultationRequest, version: int, text: str) -> None:
    """Refuse the times offered at this version, with a note (or ""), so that the clinic offers others.

    An agreed time is kept until another is agreed. Pressed twice, or in two windows, it is done once, and
    both notes are kept. Raises ``SomeoneElseChangedError`` if other times are on offer now, or none.
    """
    with transaction.atomic():
        locked = lock(consultation)
        was_refused = any(event.kind == Event.Kind.TIME_REFUSED for event in changes_since(locked, version))
        appointment = None if was_refused else _time_on_screen(locked, version)
        is_agreed = appointment is not None and appointment.state == Appointment.State.AGREED
        if appointment is None or (is_agreed and booking.awaits_another_time(locked)):
            if text:
                add_patient_note(consultation, text)
            return
        now = timezone.now()
        if is_agreed:
            booking.ask_for_another_time(locked, appointment, actor=None, now=now)
        else:
            booking.record_event(appointment, Event.Kind.TIME_REFUSED, None, now)
            set_status(locked, Status.CONTACTING, actor=None)
            booking.cancel(locked, actor=None, now=now)
        if text:
            Note.objects.create(request=locked, text=text, at=now)
        notify_staff_of_activity(locked, "other time")


def _time_on_screen(locked: ConsultationRequest, version: int) -> Appointment:
    """Return the coming appointment if it and the choices existed at this version.

    Nothing else makes the screen stale.
    """
    found, now = booking.live(locked), timezone.now()
    if found is None or found.starts_at <= now:
        raise SomeoneElseChangedError(locked.reference)
    since = changes_since(locked, version)
    for appointment in {found, *locked.appointments.choices(now)}:
        if locked.events.filter(detail__appointment=appointment.pk).first() in since:
            raise SomeoneElseChangedError(locked.reference)
    return found


def _record(consultation: ConsultationRequest, kind: Event.Kind, **detail: object) -> None:
    Event.objects.create(request=consultation, kind=kind, at=timezone.now(), detail=detail)
