"""What the calendar holds, in the transaction of whoever changes it. Times are taken and given back here."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import ClinicHours
from consultations import workflow
from consultations.lifecycle.errors import TimeTakenError
from consultations.messaging import catalogue
from consultations.messaging.notify import can_be_told, tell
from consultations.models import Appointment, ConsultationRequest, Event, TakenSlot
from consultations.workflow import Status
from procedures.models import Practitioner

# What becomes of a time when its request gets another status; every status that is not here cancels it.
STATE_FOR_STATUS = {
    Status.CONFIRMED: Appointment.State.AGREED,
    Status.COMPLETED: Appointment.State.ATTENDED,
    Status.DID_NOT_ATTEND: Appointment.State.MISSED,
}
# The states that a time may come back from, when a wrong press is taken back.
REVIVABLE_STATES = (*Appointment.LIVE, Appointment.State.ATTENDED, Appointment.State.MISSED)


def reserve(
    request: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    ends_at: datetime,
    *,
    agreed: bool,
    actor: User,
    now: datetime,
) -> Appointment:
    """Store a time and take it from the calendar. Raises ``TimeTakenError``."""
    last = request.appointments.order_by("-sequence").first()
    appointment = Appointment(
        request=request,
        practitioner=practitioner,
        starts_at=starts_at,
        ends_at=ends_at,
        state=Appointment.State.AGREED if agreed else Appointment.State.OFFERED,
        state_changed_at=now,
        sequence=last.sequence + 1 if last else 0,
        made_by=actor,
        made_at=now,
    )
    try:
        with transaction.atomic():  # a savepoint: the caller's transaction goes on when the time is taken
            appointment.save()
            TakenSlot.objects.bulk_create(
                TakenSlot(practitioner=practitioner, at=at, appointment=appointment)
                for at in appointment.slots()
            )
    except IntegrityError as error:
        raise TimeTakenError(str(starts_at)) from error
    record_event(appointment, Event.Kind.TIME_AGREED if agreed else Event.Kind.TIME_OFFERED, actor, now)
    return appointment


def live(request: ConsultationRequest) -> Appointment | None:
    """The time that was offered to a patient or agreed with them."""
    return request.appointments.live().select_related("practitioner").first()


def has_begun(appointment: Appointment | None, now: datetime) -> bool:
    """Whether this is an agreed time that has begun, and that nobody has said anything of since."""
    return (
        appointment is not None
        and appointment.state == Appointment.State.AGREED
        and appointment.starts_at <= now
    )


def update_for_status(request: ConsultationRequest, to: str, *, actor: User | None, now: datetime) -> None:
    """Let the request's time follow its new status."""
    state = STATE_FOR_STATUS.get(Status(to))
    if state is None:
        # Somebody who contacts the patient again says of a time that has begun that it was called off.
        cancel(request, actor=actor, now=now, was_called_off=to == Status.CONTACTING)
        return
    appointment = request.appointments.filter(state__in=REVIVABLE_STATES).order_by("-made_at", "-pk").first()
    if appointment is None or appointment.state == state:
        return
    was, appointment.state = appointment.state, state
    appointment.state_changed_at = now
    appointment.save(update_fields=["state", "state_changed_at"])
    if was == Appointment.State.OFFERED and state == Appointment.State.AGREED:
        record_first_contact(request, now)
        record_event(appointment, Event.Kind.TIME_AGREED, actor, now)
        if appointment.starts_at > now:  # staff may note afterwards what was agreed; nobody is told to come
            tell(appointment.request, catalogue.time_agreed, appointment)


def record_first_contact(request: ConsultationRequest, now: datetime) -> None:
    """The patient was reached, unless that was so before."""
    ConsultationRequest.objects.filter(pk=request.pk, first_contact_at=None).update(first_contact_at=now)


def next_morning(now: datetime, hours: ClinicHours | None = None) -> datetime:
    """When to call where nobody said when: as the clinic opens on its next day; nine tomorrow, if staff
    have entered no hours. Two queries for the hours if they are not given."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (hours or business_hours.load()).next_opening(tomorrow) or tomorrow.replace(hour=9)


def set_call_back(request: ConsultationRequest, at: datetime | None) -> None:
    """When the patient of an open request is called; the next contact takes it away. None for no call."""
    ConsultationRequest.objects.filter(pk=request.pk, status__in=workflow.OPEN).update(call_back_at=at)


def cancel(
    request: ConsultationRequest,
    *,
    actor: User | None,
    now: datetime,
    tells: bool = True,
    was_called_off: bool = False,
) -> None:
    """Give the live time back, if there is one. ``tells`` is off where the patient gets another at once.

    An agreed time that has begun stays as it is: what became of it is for staff to mark, and no later
    change of mind rewrites a visit. Only where staff say that it ``was_called_off``, or nobody could mark
    it later, it is given back too.
    """
    appointment = live(request)
    if appointment is None or (has_begun(appointment, now) and not was_called_off):
        return
    was_agreed = appointment.state == Appointment.State.AGREED
    appointment.state, appointment.state_changed_at = Appointment.State.CANCELLED, now
    appointment.sequence += 1
    appointment.save(update_fields=["state", "state_changed_at", "sequence"])
    appointment.taken.all().delete()
    record_event(appointment, Event.Kind.TIME_CANCELLED, actor, now)
    catalogue.take_back(appointment)
    if was_agreed and tells and appointment.starts_at > now:
        tell(appointment.request, catalogue.time_cancelled, appointment)
        if actor and not can_be_told(appointment.request):  # the patient's own doing is no news to them
            set_call_back(request, now)


def record_event(appointment: Appointment, kind: Event.Kind, actor: User | None, now: datetime) -> None:
    Event.objects.create(
        request=appointment.request,
        kind=kind,
        actor=actor,
        at=now,
        detail={
            "appointment": appointment.pk,
            "starts_at": appointment.starts_at.isoformat(),
            "practitioner": appointment.practitioner.name,
        },
    )
