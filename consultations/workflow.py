"""The statuses of a consultation request, and which may follow which. Pure data: no Django in here.

One table, ``STEPS``, is the whole rule. ``services.change_status`` obeys it, the staff pages draw their
buttons from it, and ``tests/consultations/test_workflow.py`` goes through every pair.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


def gettext_noop(text: str) -> str:
    """Mark words for the translators' tool, which looks for this name. Whoever shows them translates them."""
    return text


class Status(StrEnum):
    NEW = "new"
    CONTACTING = "contacting"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    DID_NOT_ATTEND = "did_not_attend"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNREACHABLE = "unreachable"
    QUARANTINED = "quarantined"


NAMES: Mapping[Status, str] = {
    Status.NEW: gettext_noop("New"),
    Status.CONTACTING: gettext_noop("Contacting"),
    Status.PROPOSED: gettext_noop("Time offered"),
    Status.CONFIRMED: gettext_noop("Time agreed"),
    Status.COMPLETED: gettext_noop("Completed"),
    Status.DID_NOT_ATTEND: gettext_noop("Did not attend"),
    Status.DECLINED: gettext_noop("Declined"),
    Status.WITHDRAWN: gettext_noop("Withdrawn by the patient"),
    Status.UNREACHABLE: gettext_noop("Could not be reached"),
    Status.QUARANTINED: gettext_noop("Set aside as spam"),
}

# The clinic has to do the next thing, and somebody is waiting for it.
WAITING = frozenset({Status.NEW, Status.CONTACTING})
# Not finished: what waits for the clinic, for the patient, or for the day of the appointment.
OPEN = WAITING | {Status.PROPOSED, Status.CONFIRMED}
# Finished. A closed request can be opened again; its history shows that it was.
CLOSED = frozenset(
    {Status.COMPLETED, Status.DID_NOT_ATTEND, Status.DECLINED, Status.WITHDRAWN, Status.UNREACHABLE}
)
# What staff say that became of a visit.
MARKED = frozenset({Status.COMPLETED, Status.DID_NOT_ATTEND})
# Neither open nor closed: it looks like spam, and a person has still to look at it.
SET_ASIDE = frozenset({Status.QUARANTINED})
# After how many months a finished request loses its personal details, unless a manager sets another number
# (``RetentionRule``). Long enough to answer a question or a complaint; the medical record is kept elsewhere.
RETENTION_MONTHS: Mapping[Status, int] = {
    Status.COMPLETED: 12,
    Status.DID_NOT_ATTEND: 6,
    Status.DECLINED: 6,
    Status.WITHDRAWN: 3,
    Status.UNREACHABLE: 6,
    Status.QUARANTINED: 3,
}
FINISHED = tuple(RETENTION_MONTHS)


class Step(NamedTuple):
    """A status that may come next, and the words on the button that leads there.

    ``once_begun`` says of an agreed time that has begun, and of which nobody has said yet what became of
    it, whether it must stand there (True), must not (False), or does not matter (None): a visit is neither
    marked before it began, nor given up afterwards. ``after_withdrawal`` says so of a patient who had
    withdrawn before the visit was marked: to take a mark back leads to where it was made.
    """

    to: Status
    button: str
    once_begun: bool | None = False
    after_withdrawal: bool | None = None

    def is_possible(self, has_begun: bool, had_withdrawn: bool = False) -> bool:
        """Whether the step may be taken now. ``has_begun``: such a time stands there; ``had_withdrawn``:
        such a patient asked."""
        return self.once_begun in (None, has_begun) and self.after_withdrawal in (None, had_withdrawn)


# From each status, its next steps, the usual one first. Every status but NEW can be left again:
# a wrong press must be repairable by the person who made it, without help.
STEPS: Mapping[Status, tuple[Step, ...]] = {
    Status.NEW: (
        Step(Status.CONTACTING, gettext_noop("Start contacting")),
        Step(Status.PROPOSED, gettext_noop("Offer a time")),
        Step(Status.CONFIRMED, gettext_noop("A time is agreed")),
        Step(Status.DECLINED, gettext_noop("Decline")),
        Step(Status.WITHDRAWN, gettext_noop("The patient withdrew")),
        Step(Status.QUARANTINED, gettext_noop("Set aside as spam")),
    ),
    Status.CONTACTING: (
        Step(Status.PROPOSED, gettext_noop("Offer a time")),
        Step(Status.CONFIRMED, gettext_noop("A time is agreed")),
        Step(Status.UNREACHABLE, gettext_noop("Could not be reached")),
        Step(Status.DECLINED, gettext_noop("Decline")),
        Step(Status.WITHDRAWN, gettext_noop("The patient withdrew")),
        Step(Status.NEW, gettext_noop("Put back as new")),
        Step(Status.QUARANTINED, gettext_noop("Set aside as spam")),
    ),
    Status.PROPOSED: (
        Step(Status.CONFIRMED, gettext_noop("A time is agreed")),
        Step(Status.CONTACTING, gettext_noop("The time does not suit: contact again")),
        Step(Status.UNREACHABLE, gettext_noop("Could not be reached")),
        Step(Status.DECLINED, gettext_noop("Decline")),
        Step(Status.WITHDRAWN, gettext_noop("The patient withdrew")),
    ),
    Status.CONFIRMED: (
        Step(Status.COMPLETED, gettext_noop("The consultation took place"), once_begun=True),
        Step(Status.DID_NOT_ATTEND, gettext_noop("Did not attend"), once_begun=True),
        Step(Status.PROPOSED, gettext_noop("Offer another time")),
        # Also once it has begun: the clinic may have had to call it off, which is nobody's absence.
        Step(Status.CONTACTING, gettext_noop("The time is off: contact again"), once_begun=None),
        Step(Status.DECLINED, gettext_noop("Decline")),
        # Whoever withdraws after the visit is heard; the visit is still to be marked.
        Step(Status.WITHDRAWN, gettext_noop("The patient withdrew"), once_begun=None),
    ),
    Status.COMPLETED: (
        Step(Status.CONFIRMED, gettext_noop("Undo: it has not taken place"), after_withdrawal=False),
        Step(
            Status.WITHDRAWN,
            gettext_noop("Undo: it has not taken place, and the patient withdrew"),
            after_withdrawal=True,
        ),
    ),
    Status.DID_NOT_ATTEND: (
        Step(Status.CONTACTING, gettext_noop("Contact again")),
        Step(Status.PROPOSED, gettext_noop("Offer another time")),
        Step(Status.CONFIRMED, gettext_noop("Another time is agreed")),
        Step(Status.COMPLETED, gettext_noop("Undo: the patient did attend")),
    ),
    Status.DECLINED: (Step(Status.CONTACTING, gettext_noop("Open again")),),
    Status.WITHDRAWN: (
        Step(Status.CONTACTING, gettext_noop("Open again")),
        Step(Status.COMPLETED, gettext_noop("The consultation took place"), once_begun=True),
        Step(Status.DID_NOT_ATTEND, gettext_noop("Did not attend"), once_begun=True),
    ),
    Status.UNREACHABLE: (Step(Status.CONTACTING, gettext_noop("Open again")),),
    Status.QUARANTINED: (
        Step(Status.NEW, gettext_noop("Not spam: put in the queue")),
        Step(Status.WITHDRAWN, gettext_noop("The patient withdrew")),
    ),
}


def needs_time(from_status: str, to_status: str) -> bool:
    """Whether a time has to be named for this step: one is offered, or agreed without having been offered."""
    return to_status == Status.PROPOSED or (
        to_status == Status.CONFIRMED and from_status not in (Status.PROPOSED, Status.COMPLETED)
    )


def step(from_status: str, to_status: str) -> Step | None:
    """The step from one status to the other. For unknown words there is none."""
    steps = STEPS[Status(from_status)] if from_status in STEPS else ()
    return next((step for step in steps if step.to == to_status), None)


def may_follow(from_status: str, to_status: str) -> bool:
    """Whether a request may go from one status to the other, at one time or another."""
    return step(from_status, to_status) is not None


def may_withdraw(status: str) -> bool:
    """Whether the patient may withdraw. From what is closed, only staff who undo a mark lead there."""
    return status not in CLOSED and may_follow(status, Status.WITHDRAWN)
