"""The status of a request as shown to its patient, and the actions offered.

Nothing here writes. ``portal.actions`` decides under a lock; the checks here keep patients from forms that
would be refused.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from consultations import workflow
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.lifecycle import booking, contact_details
from consultations.messaging import context as message_context
from consultations.models import Appointment, Attachment, ConsultationRequest, Event
from consultations.workflow import Status


class Action(StrEnum):
    """An action of the private page. The value is the last part of its address."""

    WITHDRAW = "withdraw"
    CONTACT = "contact"
    NOTE = "note"
    ATTACHMENTS = "attachments"
    TIME = "time"
    OTHER_TIME = "other-time"


REMOVED = "removed"  # done on the page of the action "attachments"
APPOINTMENT_ACTIONS = (Action.TIME, Action.OTHER_TIME)
# Long enough to check what was sent. Not for as long as the link works: others may open the page.
THUMBNAIL_PERIOD = timedelta(hours=24)
TIME_EVENTS = (Event.Kind.TIME_OFFERED, Event.Kind.TIME_AGREED, Event.Kind.TIME_CANCELED)


@dataclass(frozen=True)
class RequestStatusPresenter:
    """One request at one moment. Each query is made at most once."""

    consultation: ConsultationRequest
    now: datetime = field(default_factory=timezone.now)

    def again(self) -> "RequestStatusPresenter":
        """Return the current state of the same request."""
        return RequestStatusPresenter(ConsultationRequest.objects.get(pk=self.consultation.pk))

    @property
    def status(self) -> Status:
        return self.consultation.status_for_patient

    @property
    def is_open(self) -> bool:
        return self.consultation.status in workflow.OPEN | workflow.SET_ASIDE

    @property
    def number_ends_in(self) -> str:
        """Enough to notice a wrong number; too little to identify the patient to a stranger."""
        return self.consultation.phone[-3:]

    @cached_property
    def has_wrong_number(self) -> bool:
        """Whether the clinic found a number of this open request to be wrong."""
        about = self.consultation.events.filter(kind__in=contact_details.NUMBER_EVENTS)
        return self.is_open and contact_details.wrong_since(self.consultation, about) is not None

    @property
    def headline(self) -> str:
        """The heading of the page, which answers what the patient most likely came for."""
        if self.status == Status.PROPOSED and self.appointment:
            if not self.choices:
                return _("We’re no longer holding your time")
            return ngettext("Does this time work for you?", "Which time works for you?", len(self.choices))
        if self.status == Status.CONFIRMED:
            return _("Your appointment")
        return _("We have your request") if self.is_open else _("Your request is closed")

    # When the clinic is in touch

    @property
    def waits_for_first_contact(self) -> bool:
        return self.status in workflow.WAITING and self.consultation.first_contact_at is None

    @property
    def is_late(self) -> bool:
        """Whether the promised time has passed without a first contact."""
        promised = self.consultation.promised_by
        return self.waits_for_first_contact and promised is not None and promised < self.now

    @cached_property
    def promise(self) -> str:
        """Completes "We’ll contact you …" and "We said that we would contact you …"; "" without one."""
        if not self.waits_for_first_contact:
            return ""
        if self.consultation.promised_by:
            abroad = self.consultation.is_abroad
            return _unbroken(
                business_hours.by_moment(self.consultation.promised_by, now=self.now, abroad=abroad)
            )
        if self._clinic is None:
            return ""
        # Nothing was promised when it was sent; the current promise applies unless it has passed already.
        due = business_hours.promised_by(self.consultation.created_at, clinic=self._clinic)
        if due and due < self.now:
            return ""
        return business_hours.promise_sentence(
            self.consultation.created_at, now=self.now, clinic=self._clinic
        )

    @property
    def was_promised_on_another_day(self) -> bool:
        """Whether the promise is relative, such as "tomorrow", and was given on an earlier day."""
        is_in_words = (
            not self.consultation.promised_by and self._clinic and not self._clinic.answer_within_hours
        )
        return bool(self.promise and is_in_words) and _day(self.consultation.created_at) < _day(self.now)

    @cached_property
    def _clinic(self) -> ClinicProfile | None:
        return ClinicProfile.current()

    # The appointment

    @cached_property
    def appointment(self) -> Appointment | None:
        """The offered or agreed appointment."""
        return booking.live(self.consultation) if self.status in (Status.PROPOSED, Status.CONFIRMED) else None

    @cached_property
    def choices(self) -> list[Appointment]:
        """The times that the patient may choose now: none once an agreed appointment has begun."""
        if self.appointment is None or booking.has_begun(self.appointment, self.now):
            return []
        return list(self.consultation.appointments.choices(self.now))

    @property
    def choices_in_words(self) -> list[tuple[Appointment, str]]:
        return [(choice, self._in_words(choice.starts_at)) for choice in self.choices]

    @property
    def held_until(self) -> str:
        moments = [choice.held_until for choice in self.choices if choice.held_until]
        return self._in_words(moments[0]) if moments else ""

    @cached_property
    def has_asked_for_another_time(self) -> bool:
        return booking.awaits_another_time(self.consultation)

    @cached_property
    def lost_time(self) -> str:
        """What became of the last time, in a sentence; "" while there is one, or if there was none."""
        if self.has_asked_for_another_time:
            return _("You asked for another time.")
        last = self.consultation.events.filter(kind__in=TIME_EVENTS).last()
        if last is None or last.kind != Event.Kind.TIME_CANCELED:
            return ""
        if last.detail.get("by_site"):
            return _("We’re no longer holding the time we offered, as we didn’t hear from you.")
        agreed = self.consultation.events.filter(kind=Event.Kind.TIME_AGREED)
        if not agreed.filter(detail__appointment=last.detail["appointment"]).exists():
            return ""
        when = self._in_words(datetime.fromisoformat(last.detail["starts_at"]))
        return _("Your appointment on %(when)s is canceled.") % {"when": when}

    @property
    def when(self) -> str:
        return self._in_words(self.appointment.starts_at) if self.appointment else ""

    def _in_words(self, at: datetime) -> str:
        return _unbroken(message_context.moment_in_words(at, abroad=self.consultation.is_abroad))

    @property
    def is_past(self) -> bool:
        """Whether the appointment has begun, so that it cannot be answered any more."""
        return self.appointment is not None and self.appointment.starts_at <= self.now

    @property
    def is_agreed(self) -> bool:
        return self.appointment is not None and self.appointment.state == Appointment.State.AGREED

    # What was added

    @cached_property
    def attachments(self) -> list[Attachment]:
        return list(self.consultation.attachments.all())

    @property
    def attachments_to_show(self) -> list[tuple[Attachment, bool]]:
        """Each file, and whether its thumbnail is shown."""
        return [(attachment, self.shows_thumbnail(attachment)) for attachment in self.attachments]

    def shows_thumbnail(self, attachment: Attachment) -> bool:
        return attachment.is_image and self.now < attachment.added_at + THUMBNAIL_PERIOD

    @property
    def attachment_room(self) -> int:
        """How many files more may be added."""
        return max(MAX_ATTACHMENTS_PER_REQUEST - len(self.attachments), 0)

    @property
    def has_own_words(self) -> bool:
        """Whether the patient wrote a note. Each correction by the patient writes one, too."""
        corrections = self.consultation.events.filter(kind__in=contact_details.CORRECTIONS, actor=None)
        return self.consultation.notes.filter(author=None).count() > corrections.count()

    # What may be done

    @property
    def actions(self) -> list[str]:
        """The actions to link to from the private page."""
        return [action.value for action in Action if not self.refusal(action)]

    def refusal(self, action: Action) -> str:
        """Return why an action is not possible now, as a sentence; "" if it is."""
        if action == Action.WITHDRAW and self.status == Status.WITHDRAWN:
            return _("You’ve already withdrawn this request.")
        if action == Action.WITHDRAW and workflow.may_withdraw(self.consultation.status):
            return ""
        if not self.is_open:
            return _(
                "This request is closed, so nothing can be changed or added here. Call us and we’ll help."
            )
        if action in APPOINTMENT_ACTIONS:
            if action == Action.TIME and self.choices:
                return ""
            if self.appointment is None:
                return _("We’re not offering you a time right now. Go back to see where your request is.")
            if self.is_past:
                return _("This time has passed. Call us and we’ll find another one.")
            if action == Action.TIME and self.is_agreed:
                return _("Your appointment is confirmed. We’re not holding any other time for you now.")
            if action == Action.TIME:
                return _("We’re no longer holding the time we offered. Ask for another time, or call us.")
        if action == Action.ATTACHMENTS and not self.attachment_room:
            full = _(
                "A request can have up to %(most)d photos or reports, and yours is full. "
                "Remove one on your private page to add another."
            )
            return full % {"most": MAX_ATTACHMENTS_PER_REQUEST}
        return ""

    def refused(self, action: Action) -> str:
        """Return why an action was refused; never empty."""
        if sentence := self.refusal(action):
            return sentence
        if action in APPOINTMENT_ACTIONS:
            return _("The time has changed since you opened this page. Check it before you answer.")
        if action == Action.NOTE:
            return _("A request can have up to %(most)d notes. Call us and tell us the rest.") % {
                "most": MAX_NOTES_PER_REQUEST
            }
        return _("Your request has changed since you opened this page. Try again, or call us.")

    def confirmation(self, done: str) -> str:
        """Confirm what was just done, if the request still shows it; "" otherwise."""
        if done == REMOVED and self.consultation.events.filter(kind=Event.Kind.ATTACHMENT_REMOVED).exists():
            return _("The file is removed")
        if done not in set(Action):
            return ""
        match Action(done):
            case Action.WITHDRAW if self.status == Status.WITHDRAWN:
                return _("Your request is withdrawn")
            case Action.CONTACT if self.is_open:
                return _("Saved. The phone number we have for you ends in %(end)s") % {
                    "end": self.number_ends_in
                }
            case Action.NOTE if self.has_own_words:
                return _("We have your note")
            case Action.ATTACHMENTS if self.attachments:
                return _("We have what you added")
            case Action.TIME if self.is_agreed:
                return _("Your appointment is confirmed")
            case Action.OTHER_TIME if self.has_asked_for_another_time:
                if self.is_agreed:
                    return _("We’ll contact you about another time. Until then, you’ll keep your appointment")
                if self.status in workflow.WAITING:
                    return _("We’ll look for another time and contact you")
        return ""


def _unbroken(words: str) -> str:
    """Keep the parts of a time, such as "8 pm", on one line."""
    return words.replace(" am", "\N{NO-BREAK SPACE}am").replace(" pm", "\N{NO-BREAK SPACE}pm")


def _day(at: datetime) -> date:
    """The date at the clinic."""
    return timezone.localdate(at, timezone.get_default_timezone())
