"""What a patient answers to a reminder. Each answer is one event, and the reminder is made."""

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from consultations.appointments import reminders
from consultations.lifecycle import booking, staff_actions
from consultations.lifecycle.errors import NotAllowedError
from consultations.lifecycle.optimistic_locking import lock, require_version
from consultations.lifecycle.patient_texts import WILL_NOT_COME
from consultations.lifecycle.staff_actions import Outcome
from consultations.models import Appointment, Event
from consultations.workflow import Status


class Answer(models.TextChoices):
    NO_ANSWER = "no_answer", _("No answer")
    WILL_COME = "will_come", _("Will come")
    WILL_NOT_COME = WILL_NOT_COME, _("Will not come")
    ANOTHER_TIME = "another_time", _("Wants another time")


def record_answer(appointment: Appointment, answer: str, *, actor: User, version: int) -> None:
    """Record what a patient answered, with its effect on the appointment. The same press again does nothing.

    No answer: a contact attempt; the reminder stays due. Will come: reminded. Will not come: the appointment
    is canceled, and the request goes back to those that are contacted. Another time: as if the patient had
    asked on the private page; the appointment is kept until another is agreed.

    Raises ``SomeoneElseChangedError``, and ``NotAllowedError`` if no reminder is due any more.
    """
    if answer not in set(Answer):
        raise NotAllowedError(answer)
    consultation = appointment.request
    with transaction.atomic():
        locked = lock(consultation)
        if answer == Answer.NO_ANSWER:
            staff_actions.record_contact(locked, Outcome.NO_ANSWER, actor=actor, version=version)
            return
        same = {"actor": actor, "detail__appointment": appointment.pk, "detail__answer": answer}
        is_reminded = Appointment.objects.filter(pk=appointment.pk, reminded_at__isnull=False).exists()
        if is_reminded and locked.events.filter(kind=Event.Kind.REMINDED, **same).exists():
            return
        require_version(locked, version)
        if not reminders.mark_reminded(appointment, actor=actor, answer=answer):
            raise NotAllowedError("no reminder is due")
        now = timezone.now()
        if answer == Answer.WILL_NOT_COME:
            staff_actions.change_status(locked, Status.CONTACTING, actor=actor, version=version)
            # The patient knows: the call that follows can wait.
            booking.set_call_back(locked, booking.next_morning(now))
        elif answer == Answer.ANOTHER_TIME:
            booking.ask_for_another_time(locked, appointment, actor=actor, now=now)
