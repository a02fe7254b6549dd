"""Where a request stands, as its patient may know it, and what the patient may do there.

Nothing in here writes. Whether something may be done is decided by ``services``, under a lock; what is
said here beforehand keeps patients from forms that would be refused.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from consultations import workflow
from consultations.intake.submission import MOST_NOTES, MOST_PHOTOGRAPHS
from consultations.lifecycle import booking, contact_details
from consultations.messaging import context as message_context
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.workflow import Status

# What leaves a note of its own in the patient's name, besides the words that the patient adds.
NOTED_BY_ITSELF = (*contact_details.CORRECTIONS, Event.Kind.ANSWERS_CHANGED)


class Action(StrEnum):
    """What a patient may do on the private page. The value is the last part of its address."""

    WITHDRAW = "withdraw"
    PHONE = "phone"
    NOTE = "note"
    PHOTOGRAPHS = "photographs"
    TIME = "time"
    OTHER_TIME = "other-time"


ABOUT_TIMES = (Action.TIME, Action.OTHER_TIME)


@dataclass(frozen=True)
class Standing:
    """One request at one moment. Each question is asked of the database at most once."""

    request: ConsultationRequest
    now: datetime = field(default_factory=timezone.now)

    def again(self) -> "Standing":
        """How the same request stands by now."""
        return Standing(ConsultationRequest.objects.get(pk=self.request.pk))

    @property
    def status(self) -> Status:
        return self.request.status_for_patient

    @property
    def is_open(self) -> bool:
        return self.request.status in workflow.OPEN | workflow.SET_ASIDE

    @property
    def first_name(self) -> str:
        return message_context.first_name(self.request)

    @property
    def number_ends_in(self) -> str:
        """Enough to see a wrong number by; not enough to tell a stranger whose request this is."""
        return self.request.phone[-3:]

    @property
    def whatsapp_ends_in(self) -> str:
        return (self.request.whatsapp or self.request.phone)[-3:]

    @cached_property
    def has_wrong_number(self) -> bool:
        """The clinic tried a number of an open request, and it was not the patient's."""
        about = self.request.events.filter(kind__in=contact_details.NUMBER_EVENTS)
        return self.is_open and contact_details.wrong_since(self.request, about) is not None

    # When the clinic is in touch

    @property
    def nobody_was_in_touch(self) -> bool:
        return self.status in workflow.WAITING and self.request.first_contact_at is None

    @property
    def is_late(self) -> bool:
        """The moment that was promised is past, and nobody has been in touch."""
        promised = self.request.promised_by
        return self.nobody_was_in_touch and promised is not None and promised < self.now

    @cached_property
    def promise(self) -> str:
        """Completes "We contact you …", and "We said that we would contact you …"; "" without a promise."""
        if not self.nobody_was_in_touch:
            return ""
        if self.request.promised_by:
            return business_hours.by_moment(self.request.promised_by, now=self.now)
        if self._clinic is None:
            return ""
        # Nothing was promised when it was sent; what the clinic promises by now must not be past already.
        due = business_hours.promised_by(self.request.created_at, clinic=self._clinic)
        if due and due < self.now:
            return ""
        return business_hours.promise_sentence(self.request.created_at, now=self.now, clinic=self._clinic)

    @property
    def was_promised_on_another_day(self) -> bool:
        """The promise is in words such as "tomorrow", and was true on the day on which it was given."""
        is_in_words = not self.request.promised_by and self._clinic and not self._clinic.answer_within_hours
        return bool(self.promise and is_in_words) and _day(self.request.created_at) < _day(self.now)

    @cached_property
    def _clinic(self) -> ClinicProfile | None:
        return ClinicProfile.current()

    # The appointment

    @cached_property
    def appointment(self) -> Appointment | None:
        """The time that is offered or agreed."""
        return booking.live(self.request) if self.status in (Status.PROPOSED, Status.CONFIRMED) else None

    @property
    def when(self) -> str:
        return message_context.when(self.appointment)

    @property
    def is_past(self) -> bool:
        """Whether the time has begun: then there is nothing to answer any more."""
        return self.appointment is not None and self.appointment.starts_at <= self.now

    @property
    def is_agreed(self) -> bool:
        return self.appointment is not None and self.appointment.state == Appointment.State.AGREED

    # What was added

    @cached_property
    def photographs(self) -> int:
        return self.request.photographs.count()

    @property
    def has_own_words(self) -> bool:
        by_itself = self.request.events.filter(kind__in=NOTED_BY_ITSELF, actor=None).count()
        return self.request.notes.filter(author=None).count() > by_itself

    # What may be done

    @property
    def actions(self) -> list[str]:
        """Those to lead to from the private page."""
        return [action.value for action in Action if not self.refusal(action)]

    def refusal(self, action: Action) -> str:
        """Why something cannot be done now, as a sentence; "" if it can."""
        if action == Action.WITHDRAW and self.status == Status.WITHDRAWN:
            return _("You have withdrawn this request already.")
        if action == Action.WITHDRAW and workflow.may_withdraw(self.request.status):
            return ""
        if not self.is_open:
            return _("This request is closed, so nothing can be changed or added here. Call us, and we help.")
        if action in ABOUT_TIMES:
            return self._refusal_about_time(action)
        if action == Action.PHOTOGRAPHS and self.photographs >= MOST_PHOTOGRAPHS:
            return _("A request takes %(most)d photographs or reports at most, and yours has them.") % {
                "most": MOST_PHOTOGRAPHS
            }
        return ""

    def _refusal_about_time(self, action: Action) -> str:
        if self.appointment is None:
            return _("No time is offered to you now. Go back to see where your request stands.")
        if self.is_past:
            return _("This time is past. Call us, and we find another one.")
        if action == Action.TIME and self.is_agreed:
            return _("You have agreed to this time already.")
        return ""

    def refused(self, action: Action) -> str:
        """What is said when ``services`` did not do it: never nothing."""
        if sentence := self.refusal(action):
            return sentence
        if action in ABOUT_TIMES:
            return _("The time has changed since you opened this page. Read it again, and then answer.")
        if action == Action.NOTE:
            return _("A request takes %(most)d notes at most. Call us, and tell us the rest.") % {
                "most": MOST_NOTES
            }
        return _("Your request has changed since you opened this page. Try again, or call us.")

    def confirmation(self, done: str) -> str:
        """What was just done, as long as it is how the request stands; "" for anything else."""
        if done not in set(Action):
            return ""
        match Action(done):
            case Action.WITHDRAW if self.status == Status.WITHDRAWN:
                return _("Your request is withdrawn")
            case Action.PHONE if self.is_open:
                return _("The phone number we have for you ends in %(end)s") % {"end": self.number_ends_in}
            case Action.NOTE if self.has_own_words:
                return _("We have your note")
            case Action.PHOTOGRAPHS if self.photographs:
                return _("We have what you added")
            case Action.TIME if self.is_agreed:
                return _("Thank you. The time is agreed")
            case Action.OTHER_TIME if self.status in workflow.WAITING and self._refused_a_time():
                return _("We look for another time, and contact you")
        return ""

    def _refused_a_time(self) -> bool:
        return self.request.events.filter(kind=Event.Kind.TIME_REFUSED).exists()


def _day(at: datetime) -> date:
    """The day that it was at the clinic."""
    return timezone.localdate(at, timezone.get_default_timezone())
