"""What a patient still has to be told on the phone, derived from the events of the request.

Opening a chat is no proof that the text was sent: it is told once staff confirm that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.clinic.models import ClinicProfile
from consultations import workflow
from consultations.lifecycle.contact_details import wrong_since
from consultations.lifecycle.errors import NotAllowedError
from consultations.lifecycle.optimistic_locking import lock, require_version
from consultations.lifecycle.staff_actions import INFORMED, may_have_link
from consultations.messaging import texts
from consultations.messaging.catalogue import CALL_BACK, PRIVATE_LINK, REMINDER
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.models.history import ONE_PRESS
from consultations.workflow import Status
from procedures.models import Practitioner

Kind = Event.Kind
# What staff enter when a patient does not come; the cancellation that follows is no news to the patient.
WILL_NOT_COME = "will_not_come"


@dataclass(frozen=True)
class Task:
    """The text of the last step that the patient is to be told of, and how far that has come.

    ``kind`` is one of the catalogue; "" if there is nothing to tell. ``appointments`` are not read from the
    database: all times that are offered, or the one that was agreed or canceled. ``opened`` is an opened
    chat that was not confirmed yet, also with a new private link.
    """

    kind: str = ""
    at: datetime | None = None
    appointments: tuple[Appointment, ...] = ()
    opened: Event | None = None
    told: Event | None = None
    asked_to_call: Event | None = None


@dataclass
class _History:
    """The events of a request so far."""

    task: Task = field(default_factory=Task)
    status: str = Status.NEW
    agreed: int | None = None
    was_replaced: bool = False
    offered: dict[int, Appointment] = field(default_factory=dict)
    refused: int | None = None  # the patient has said that they will not come

    def step(self, kind: str, event: Event, *appointments: Appointment) -> None:
        # Patients know what they did themselves.
        self.task = Task(kind if event.actor_id else "", event.at, appointments)

    def add(self, event: Event) -> None:
        detail: Mapping[str, Any] = event.detail
        appointment = detail.get("appointment")
        match event.kind:
            case Kind.STATUS_CHANGED:
                self.status, self.was_replaced = event.to_status, False
                self.step("text_declined" if event.to_status == Status.DECLINED else "", event)
            case Kind.TIME_OFFERED:
                self.offered[detail["appointment"]] = _appointment_in(detail)
                times = sorted(self.offered.values(), key=lambda each: each.starts_at)
                self.step("text_offered", event, *times)
            case Kind.TIME_AGREED:
                kind = "text_moved" if self.was_replaced else "text_agreed"
                self.step(kind, event, _appointment_in(detail))
                self.agreed, self.was_replaced = appointment, False
                self.offered.clear()
            case Kind.TIME_REFUSED:
                self.step("", event)
            case Kind.TIME_CANCELED if appointment == self.agreed:
                self.agreed, self.was_replaced = None, True
                if self.status in workflow.OPEN:
                    kind = "" if appointment == self.refused else "text_canceled"
                    self.step(kind, event, _appointment_in(detail))
            case Kind.TIME_CANCELED:
                self.offered.pop(detail["appointment"], None)
                if self.task.kind == "text_offered" and not self.offered:
                    self.step("", event)
            case Kind.REMINDED if detail.get("answer") == WILL_NOT_COME:
                self.refused = appointment
            case Kind.MESSAGE_OPENED if detail.get("message") != REMINDER:
                self.task = replace(self.task, opened=event)
            case Kind.MESSAGE_NOT_SENT if detail.get("message") != REMINDER:
                self.task = replace(self.task, opened=None)
            case Kind.CONTACTED if detail.get("outcome") in INFORMED:
                self._contacted(event, str(detail.get("message", "")))

    def _contacted(self, event: Event, message: str) -> None:
        if message:
            self.task = replace(self.task, opened=None)
        if message == CALL_BACK:
            self.task = replace(self.task, asked_to_call=event)
        elif message != PRIVATE_LINK:
            self.task = replace(self.task, told=event)


def _appointment_in(detail: Mapping[str, Any]) -> Appointment:
    """The appointment of an event, with what a text needs of it."""
    held_until = detail.get("held_until")
    return Appointment(
        pk=detail["appointment"],
        practitioner=Practitioner(name=detail["practitioner"]),
        starts_at=datetime.fromisoformat(detail["starts_at"]),
        held_until=datetime.fromisoformat(held_until) if held_until else None,
    )


def task_of(consultation: ConsultationRequest, events: Iterable[Event], now: datetime) -> Task:
    """Return what the patient is to be told. ``events`` are those of the request, the oldest first."""
    history = _History()
    for event in events:
        history.add(event)
    task = history.task
    is_past = any(each.starts_at <= now for each in task.appointments)
    if consultation.erased_at or consultation.status in workflow.SET_ASIDE:
        return Task()
    if is_past or (task.kind and not may_have_link(consultation)):
        return Task(opened=task.opened)
    return task


def open_text(
    consultation: ConsultationRequest, kind: str, channel: str, *, actor: User, version: int
) -> str:
    """Record that a chat is opened, and return its text, with a private link of its own where one belongs.

    ``kind`` is that of the task, ``PRIVATE_LINK`` or ``REMINDER``; patients who must not be identified get
    another text (``texts.kind_for``). The same press again within minutes is recorded once.

    Raises ``SomeoneElseChangedError``, and ``NotAllowedError`` for another kind or channel, or if the number
    is recorded as wrong.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = lock(consultation)
        require_version(locked, version)
        events = list(locked.events.all())
        task = task_of(locked, events, now)
        if channel not in texts.channels(locked) or wrong_since(locked, events):
            raise NotAllowedError(f"{channel} to this number")
        about = _appointments_for(locked, kind, task, now)
        kind = texts.kind_for(kind, locked)
        detail = {"message": kind, "by": channel} | ({"appointment": about[0].pk} if about else {})
        last = locked.events.filter(kind__in=(Kind.MESSAGE_OPENED, Kind.MESSAGE_NOT_SENT)).last()
        is_repeated = (
            last is not None
            and (last.kind, last.actor_id, last.detail) == (Kind.MESSAGE_OPENED, actor.pk, detail)
            and now - last.at < ONE_PRESS
        )
        if not is_repeated:
            Event.objects.create(request=locked, kind=Kind.MESSAGE_OPENED, actor=actor, at=now, detail=detail)
        template = texts.template_for(kind, locked)
        link = texts.new_link_for(template, locked)
        return texts.text_of(template, locked, about, link, clinic=ClinicProfile.current())


def _appointments_for(
    locked: ConsultationRequest, kind: str, task: Task, now: datetime
) -> Sequence[Appointment]:
    """Return what the text is about. Raises ``NotAllowedError`` if there is nothing to tell of this kind."""
    if kind == REMINDER:
        agreed = locked.appointments.filter(state=Appointment.State.AGREED, starts_at__gt=now)
        if found := list(agreed.select_related("practitioner")):
            return found
    elif kind == PRIVATE_LINK and may_text_link(locked):
        return ()
    elif task.kind and kind == task.kind:
        return task.appointments
    raise NotAllowedError(kind)


def may_text_link(consultation: ConsultationRequest) -> bool:
    """Whether a private link may be sent to the phone."""
    return (
        may_have_link(consultation)
        and texts.may_identify(consultation)
        and consultation.status not in workflow.SET_ASIDE
    )


def record_not_sent(consultation: ConsultationRequest, kind: str, *, actor: User, version: int) -> None:
    """Record that an opened text was not sent. Idempotent."""
    with transaction.atomic():
        locked = lock(consultation)
        of_kind = (Kind.MESSAGE_OPENED, Kind.MESSAGE_NOT_SENT)
        last = locked.events.filter(kind__in=of_kind, detail__message=kind).last()
        if last and last.kind == Kind.MESSAGE_OPENED:
            require_version(locked, version)
            Event.objects.create(
                request=locked,
                kind=Kind.MESSAGE_NOT_SENT,
                actor=actor,
                at=timezone.now(),
                detail={"message": kind},
            )
