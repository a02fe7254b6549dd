"""Appointments of a request: reserving a time, canceling it, and following the status.

All functions run in the transaction of their caller.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.lifecycle.errors import TimeTakenError
from consultations.messaging.catalogue import ABOUT_APPOINTMENT
from consultations.messaging.notify import MAIL_IS_LATE_AFTER, has_deliverable_email, notify
from consultations.models import Appointment, ConsultationRequest, Event, TakenSlot
from consultations.workflow import Status
from procedures.models import Practitioner

# The state of the appointment for each status of its request. Any other status cancels it.
STATE_FOR_STATUS = {
    Status.CONFIRMED: Appointment.State.AGREED,
    Status.COMPLETED: Appointment.State.ATTENDED,
    Status.DID_NOT_ATTEND: Appointment.State.MISSED,
}
# The states that an undone step may bring back.
REVIVABLE_STATES = (*Appointment.LIVE, Appointment.State.ATTENDED, Appointment.State.MISSED)


def reserve(
    request: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    length: timedelta,
    *,
    state: Appointment.State,
    held_until: datetime | None = None,
    actor: User,
) -> Appointment:
    """Store an appointment and its calendar slots. Raises ``TimeTakenError``."""
    now, agreed = timezone.now(), state == Appointment.State.AGREED
    last = request.appointments.order_by("-sequence").first()
    appointment = Appointment(
        request=request,
        practitioner=practitioner,
        starts_at=starts_at,
        ends_at=starts_at + length,
        state=state,
        state_changed_at=now,
        held_until=held_until,
        sequence=last.sequence + 1 if last else 0,
        made_by=actor,
        made_at=now,
        patient_informed_at=now if agreed else None,
    )
    try:
        with transaction.atomic():  # a savepoint, so that the caller's transaction survives
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
    """Return the offered or agreed appointment."""
    return request.appointments.live().select_related("practitioner").first()


def agree(appointment: Appointment, now: datetime) -> None:
    """Agree on a time that the patient chose. It replaces the request's agreed time and the other choices."""
    request = appointment.request
    others = request.appointments.filter(state__in=Appointment.PENDING)
    for other in others.exclude(pk=appointment.pk).select_related("practitioner"):
        _free(other, None, now, is_replaced=True)
    # The calendar entry of the request replaces that of the time before.
    last = request.appointments.aggregate(last=models.Max("sequence"))["last"]
    appointment.sequence = last + (last > appointment.sequence)
    appointment.save(update_fields=["sequence"])
    _set_agreed(appointment, None, now)


def release_choices(
    request: ConsultationRequest, *, actor: User | None, now: datetime, by_site: bool = False
) -> None:
    """Free the times that are held beside the offered or agreed one, if any."""
    held = list(request.appointments.filter(state=Appointment.State.HELD).select_related("practitioner"))
    for appointment in held:
        _free(appointment, actor, now, by_site=by_site)
    if held:
        mail_queue.supersede(request.reference, {"appointment_offered"})


def has_alternatives(appointment: Appointment | None) -> bool:
    """Whether this appointment was offered with others to choose from."""
    return (
        appointment is not None
        and appointment.state == Appointment.State.OFFERED
        and appointment.held_until is not None
    )


def has_begun(appointment: Appointment | None, now: datetime) -> bool:
    """Whether this is an agreed appointment that has begun and has no recorded attendance."""
    return (
        appointment is not None
        and appointment.state == Appointment.State.AGREED
        and appointment.starts_at <= now
    )


def update_for_status(request: ConsultationRequest, to: str, *, actor: User | None, now: datetime) -> None:
    """Update the appointment for the new status of its request."""
    state = STATE_FOR_STATUS.get(Status(to))
    release_choices(request, actor=actor, now=now)
    if state is None:
        # Contacting the patient again about an appointment that has begun means it was called off.
        cancel(request, actor=actor, now=now, was_called_off=to == Status.CONTACTING)
        return
    appointment = request.appointments.filter(state__in=REVIVABLE_STATES).order_by("-made_at", "-pk").first()
    if appointment is None or appointment.state == state:
        return
    if appointment.state == Appointment.State.OFFERED and state == Appointment.State.AGREED:
        _set_agreed(appointment, actor, now)
        return
    appointment.state, appointment.state_changed_at = state, now
    appointment.save(update_fields=["state", "state_changed_at"])


def _set_agreed(appointment: Appointment, actor: User | None, now: datetime) -> None:
    appointment.state, appointment.state_changed_at = Appointment.State.AGREED, now
    # Stays true if the mail with the offer bounces later: the patient has agreed.
    appointment.patient_informed_at = now
    appointment.save(update_fields=["state", "state_changed_at", "patient_informed_at"])
    record_first_contact(appointment.request, now)
    record_event(appointment, Event.Kind.TIME_AGREED, actor, now)
    if appointment.starts_at > now:  # a past appointment sends no notification
        notify("appointment_agreed", appointment.request, appointment=appointment)


def record_first_contact(request: ConsultationRequest, now: datetime) -> None:
    """Set the time of the first contact, unless there was one."""
    ConsultationRequest.objects.filter(pk=request.pk, first_contact_at=None).update(first_contact_at=now)


def record_patient_informed(request: ConsultationRequest, now: datetime) -> None:
    """Record that the patient knows of the offered or agreed time, unless recorded before."""
    request.appointments.live().filter(patient_informed_at=None).update(patient_informed_at=now)


def record_reader_informed(sender: object, message: OutgoingMessage, **_options: object) -> None:
    """Record that the patient knows of the live appointment, once a mail about it was sent or resolved.

    A mail about an earlier appointment does not count.
    """
    if message.kind in ABOUT_APPOINTMENT:
        appointments = Appointment.objects.live().filter(
            request__reference=message.about, made_at__lte=message.created_at, patient_informed_at=None
        )
        appointments.update(patient_informed_at=message.sent_at or timezone.now())


def record_reader_not_informed(sender: object, message: OutgoingMessage, **_options: object) -> None:
    """Record that the patient does not know of the appointment if the only mail about it bounced."""
    if message.sent_at:
        Appointment.objects.filter(
            request__reference=message.about, patient_informed_at=message.sent_at
        ).update(patient_informed_at=None)


def record_arrival(appointment: Appointment, *, has_arrived: bool, actor: User, now: datetime) -> bool:
    """Record that the patient has come for an agreed appointment of today, or undo it.

    Returns False if nothing changed: it was recorded before, or the appointment is another day's or settled.
    """
    # Lock the request first, like every other change, to avoid deadlocks.
    locked = ConsultationRequest.objects.select_for_update().get(pk=appointment.request_id)
    today = timezone.localdate(now)
    agreed = Appointment.objects.on_days(today, today).filter(state=Appointment.State.AGREED)
    unchanged = agreed.filter(pk=appointment.pk, arrived_at__isnull=has_arrived)
    if not unchanged.update(arrived_at=now if has_arrived else None):
        return False
    kind = Event.Kind.ARRIVED if has_arrived else Event.Kind.NOT_ARRIVED
    Event.objects.create(
        request=locked, kind=kind, actor=actor, at=now, detail={"appointment": appointment.pk}
    )
    return True


def ask_for_another_time(
    request: ConsultationRequest, appointment: Appointment, *, actor: User | None, now: datetime
) -> None:
    """Record that the patient wants another time. The agreed one is kept, other choices are freed."""
    record_event(appointment, Event.Kind.TIME_REFUSED, actor, now)
    release_choices(request, actor=actor, now=now)
    set_call_back(request, now)


def awaits_another_time(request: ConsultationRequest) -> bool:
    """Whether the patient has asked for another time and staff have not answered yet."""
    kind = Event.Kind
    kinds = (kind.TIME_OFFERED, kind.TIME_AGREED, kind.TIME_REFUSED, kind.CONTACTED)
    last = request.events.filter(kind__in=kinds).last()
    return last is not None and last.kind == kind.TIME_REFUSED


def is_informed(request: ConsultationRequest, appointment: Appointment, now: datetime) -> bool:
    """Whether the patient knows of an appointment, or a mail about it is queued and not late yet."""
    is_mailed = has_deliverable_email(request) and now < appointment.made_at + MAIL_IS_LATE_AFTER
    return appointment.patient_informed_at is not None or is_mailed


def next_morning(now: datetime, hours: BusinessHours | None = None) -> datetime:
    """Return the next day's opening time; nine tomorrow without opening hours.

    Two queries if ``hours`` is not given.
    """
    local = timezone.localtime(now, timezone.get_default_timezone())
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (hours or business_hours.load()).next_opening(tomorrow) or tomorrow.replace(hour=9)


def set_call_back(request: ConsultationRequest, at: datetime | None) -> None:
    """Set or clear the callback of an open request. The next contact replaces it."""
    ConsultationRequest.objects.filter(pk=request.pk, status__in=workflow.OPEN).update(call_back_at=at)


def cancel(
    request: ConsultationRequest,
    *,
    actor: User | None,
    now: datetime,
    tells: bool = True,
    was_called_off: bool = False,
    by_site: bool = False,
) -> None:
    """Cancel the live appointment, if there is one, and free its slots and the times held beside it.

    An agreed appointment that has begun stays, because attendance is still to be recorded, unless it
    ``was_called_off``. ``tells=False`` sends no notification, for patients who get another time at once.
    """
    release_choices(request, actor=actor, now=now, by_site=by_site)
    appointment = live(request)
    if appointment is None or (has_begun(appointment, now) and not was_called_off):
        return
    was_agreed = appointment.state == Appointment.State.AGREED
    _free(appointment, actor, now, by_site=by_site)
    mail_queue.supersede(appointment.request.reference, ABOUT_APPOINTMENT)
    if was_agreed and tells and appointment.starts_at > now:
        notify("appointment_canceled", appointment.request, appointment=appointment)
        # A patient who canceled needs no call.
        if actor and not has_deliverable_email(appointment.request):
            set_call_back(request, now)


def _free(appointment: Appointment, actor: User | None, now: datetime, **details: bool) -> None:
    appointment.state, appointment.state_changed_at = Appointment.State.CANCELED, now
    appointment.sequence += 1
    appointment.save(update_fields=["state", "state_changed_at", "sequence"])
    appointment.taken.all().delete()
    record_event(appointment, Event.Kind.TIME_CANCELED, actor, now, **details)


def record_event(
    appointment: Appointment, kind: Event.Kind, actor: User | None, now: datetime, **details: bool
) -> None:
    Event.objects.create(
        request=appointment.request,
        kind=kind,
        actor=actor,
        at=now,
        detail={
            "appointment": appointment.pk,
            "starts_at": appointment.starts_at.isoformat(),
            "practitioner": appointment.practitioner.name,
            **({"held_until": appointment.held_until.isoformat()} if appointment.held_until else {}),
            **{name: True for name, applies in details.items() if applies},
        },
    )
