"""What a patient does on the private page. Nobody of the staff is the actor; staff are told of each."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from consultations import messages, workflow
from consultations.models import Appointment, ConsultationRequest, Event, Note, Photograph, SearchTerm
from consultations.models.search import terms_of
from consultations.phones import Phone, for_reading
from consultations.services import calendar
from consultations.services.errors import NotAllowedError, SomeoneElseChangedError
from consultations.services.status import move
from consultations.services.submitting import MOST_NOTES, MOST_PHOTOGRAPHS
from consultations.services.telling import tell
from consultations.services.words import in_staff_language
from consultations.workflow import Status


def withdraw(request: ConsultationRequest) -> None:
    """The patient takes the request back, whatever staff made of it meanwhile. Twice is once.

    Raises ``NotAllowedError`` for a request that was closed otherwise.
    """
    with transaction.atomic():
        locked = _locked(request)
        if locked.status == Status.WITHDRAWN:
            return
        if not workflow.may_follow(locked.status, Status.WITHDRAWN):
            raise NotAllowedError(locked.status)
        was = locked.status
        now = move(request, Status.WITHDRAWN, actor=None, expected_status=was)
        calendar.follow(request, Status.WITHDRAWN, actor=None, now=now)
        if was not in workflow.SET_ASIDE:
            tell(request, messages.status_changed, request, was)
            _tell_staff(request, "withdrawn")


def correct_phone(request: ConsultationRequest, phone: Phone) -> None:
    """Take another number. The one before stays readable for staff, as a note. Raises ``NotAllowedError``."""
    with transaction.atomic():
        locked = _locked(request)
        _must_be_open(locked)
        if locked.phone == phone.e164:
            return
        with in_staff_language():
            _note(
                request,
                _("Phone number: now %(now)s, before %(was)s")
                % {"now": for_reading(phone.e164), "was": for_reading(locked.phone)},
            )
        locked.phone, locked.phone_as_typed = phone.e164, phone.as_typed
        locked.save(update_fields=["phone", "phone_as_typed"])
        SearchTerm.objects.filter(request=request).delete()
        SearchTerm.objects.bulk_create(
            SearchTerm(request=request, term=term) for term in terms_of(locked.reference, locked.answers)
        )
        _record(request, Event.Kind.PHONE_CORRECTED)
        _tell_staff(request, "phone")
    request.phone, request.phone_as_typed = phone.e164, phone.as_typed


def add_patient_note(request: ConsultationRequest, text: str) -> None:
    """Keep words that the patient adds; the same words twice in a row once. Raises ``NotAllowedError``."""
    with transaction.atomic():
        _must_be_open(_locked(request))
        notes = request.notes.filter(author=None)
        last = notes.last()
        if last and last.text == text:
            return
        if notes.count() >= MOST_NOTES:
            raise NotAllowedError("too many notes")
        _note(request, text)
        _tell_staff(request, "note")


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
        _tell_staff(request, "photograph")


def accept_time(request: ConsultationRequest, appointment_id: int) -> None:
    """The offered time suits the patient. Twice is once.

    Raises ``SomeoneElseChangedError`` when another time stands there by now, or none.
    """
    with transaction.atomic():
        _locked(request)
        appointment = _on_screen(request, appointment_id)
        if appointment.state == Appointment.State.AGREED:
            return
        now = move(request, Status.CONFIRMED, actor=None, expected_status=Status.PROPOSED)
        calendar.follow(request, Status.CONFIRMED, actor=None, now=now)
        _tell_staff(request, "time agreed")


def ask_for_another_time(request: ConsultationRequest, appointment_id: int, words: str) -> None:
    """The time does not suit; it is given back, and the clinic has to do the next thing.

    ``words`` are what the patient adds, or "". Raises ``SomeoneElseChangedError`` as ``accept_time`` does.
    """
    with transaction.atomic():
        locked = _locked(request)
        appointment = _on_screen(request, appointment_id)
        now = move(request, Status.CONTACTING, actor=None, expected_status=locked.status)
        calendar.record(appointment, Event.Kind.TIME_REFUSED, None, now)
        calendar.cancel(request, actor=None, now=now)
        if words:
            _note(request, words)
        _tell_staff(request, "other time")


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
    found = calendar.live(request)
    if found is None or found.pk != appointment_id or found.starts_at <= timezone.now():
        raise SomeoneElseChangedError(request.reference)
    return found


def _note(request: ConsultationRequest, text: str) -> None:
    Note.objects.create(request=request, text=text, at=timezone.now())


def _record(request: ConsultationRequest, kind: Event.Kind, **detail: object) -> None:
    Event.objects.create(request=request, kind=kind, at=timezone.now(), detail=detail)


def _tell_staff(request: ConsultationRequest, what: str) -> None:
    """On the desk it stands as news, from the first thing that nobody has seen; and a mail says so."""
    now = timezone.now()
    ConsultationRequest.objects.filter(Q(patient_wrote_at=None), pk=request.pk).update(patient_wrote_at=now)
    tell(request, messages.patient_wrote, request, what)
