"""What a patient does on the private page. Nobody of the staff is the actor; staff are told of each."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from consultations import workflow
from consultations.intake.submission import MOST_NOTES, MOST_PHOTOGRAPHS
from consultations.lifecycle import booking, contact_details
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.lifecycle.status_changes import set_status
from consultations.messaging import catalogue
from consultations.messaging.notify import tell, tell_staff
from consultations.models import Appointment, ConsultationRequest, Event, Note, Photograph
from consultations.phone_numbers import Phone
from consultations.workflow import Status


def withdraw(request: ConsultationRequest) -> None:
    """The patient takes the request back, whatever staff made of it meanwhile. Twice is once.

    Raises ``NotAllowedError`` for a request that was closed otherwise.
    """
    with transaction.atomic():
        locked = _locked(request)
        if locked.status == Status.WITHDRAWN:
            return
        if not workflow.may_withdraw(locked.status):
            raise NotAllowedError(locked.status)
        was = locked.status
        now = set_status(request, Status.WITHDRAWN, actor=None, expected_status=was)
        booking.update_for_status(request, Status.WITHDRAWN, actor=None, now=now)
        if was not in workflow.SET_ASIDE:
            tell(request, catalogue.status_changed, request, was)
            tell_staff(request, "withdrawn")


def correct_phone(request: ConsultationRequest, phone: Phone) -> None:
    """Take another number. The one before stays readable for staff, as a note. Raises ``NotAllowedError``."""
    with transaction.atomic():
        locked = _locked(request)
        _must_be_open(locked)
        if not contact_details.correct(locked, contact_details.ContactDetails.of(locked, phone), author=None):
            return
        _record(request, Event.Kind.PHONE_CORRECTED)
        tell_staff(request, "phone")
    request.phone, request.phone_as_typed = phone.e164, phone.as_typed


def add_patient_note(request: ConsultationRequest, text: str) -> None:
    """Keep words that the patient adds. Raises ``NotAllowedError``.

    The very same words that arrive again while nobody has read them are one press. Once they were read, or
    some time later, they are said again, and heard again.
    """
    with transaction.atomic():
        locked = _locked(request)
        _must_be_open(locked)
        notes = request.notes.filter(author=None)
        last = notes.last()
        if last and last.is_same_press(text) and locked.unread_since:
            return
        if notes.count() >= MOST_NOTES:
            raise NotAllowedError("too many notes")
        _note(request, text)
        _record(request, Event.Kind.NOTE_ADDED)
        tell_staff(request, "note")


def add_photographs(request: ConsultationRequest, photographs: Sequence[Photograph]) -> None:
    """Add files that were stored a moment ago. Raises ``NotAllowedError`` when there are too many."""
    with transaction.atomic():
        _must_be_open(_locked(request))
        if request.photographs.count() + len(photographs) > MOST_PHOTOGRAPHS:
            raise NotAllowedError("too many photographs")
        for photograph in photographs:
            photograph.request, photograph.key_hash = request, ""
            photograph.save()
        _record(request, Event.Kind.PHOTOGRAPH_ADDED, count=len(photographs))
        tell_staff(request, "photograph")


def accept_time(request: ConsultationRequest, appointment_id: int) -> None:
    """The offered time suits the patient. Twice is once.

    Raises ``SomeoneElseChangedError`` when another time stands there by now, or none.
    """
    with transaction.atomic():
        _locked(request)
        appointment = _on_screen(request, appointment_id)
        if appointment.state == Appointment.State.AGREED:
            return
        now = set_status(request, Status.CONFIRMED, actor=None, expected_status=Status.PROPOSED)
        booking.update_for_status(request, Status.CONFIRMED, actor=None, now=now)
        tell_staff(request, "time agreed")


def ask_for_another_time(request: ConsultationRequest, appointment_id: int, words: str) -> None:
    """The time does not suit; it is given back, and the clinic has to do the next thing.

    ``words`` are what the patient adds, or "". Raises ``SomeoneElseChangedError`` as ``accept_time`` does.
    """
    with transaction.atomic():
        locked = _locked(request)
        appointment = _on_screen(request, appointment_id)
        now = set_status(request, Status.CONTACTING, actor=None, expected_status=locked.status)
        booking.record_event(appointment, Event.Kind.TIME_REFUSED, None, now)
        booking.cancel(request, actor=None, now=now)
        if words:
            _note(request, words)
        tell_staff(request, "other time")


def _locked(request: ConsultationRequest) -> ConsultationRequest:
    """The request as it is now; nobody else writes it until the transaction ends."""
    locked = ConsultationRequest.objects.select_for_update().get(pk=request.pk)
    if locked.erased_at:
        raise NotAllowedError("erased")
    return locked


def _must_be_open(request: ConsultationRequest) -> None:
    if request.status not in workflow.OPEN | workflow.SET_ASIDE:
        raise NotAllowedError(request.status)


def _on_screen(request: ConsultationRequest, appointment_id: int) -> Appointment:
    found = booking.live(request)
    if found is None or found.pk != appointment_id or found.starts_at <= timezone.now():
        raise SomeoneElseChangedError(request.reference)
    return found


def _note(request: ConsultationRequest, text: str) -> None:
    Note.objects.create(request=request, text=text, at=timezone.now())


def _record(request: ConsultationRequest, kind: Event.Kind, **detail: object) -> None:
    Event.objects.create(request=request, kind=kind, at=timezone.now(), detail=detail)
