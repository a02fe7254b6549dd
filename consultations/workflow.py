"""The statuses of a consultation request and their transitions: one table, without Django.

A new status is a row of ``STATUSES``, a migration, and a text in the patient's page.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import NamedTuple


def gettext_noop(text: str) -> str:
    """Mark a text for the translators' tool, which looks for this name."""
    return text


class Status(StrEnum):
    NEW = "new"
    HELD = "held"
    CONTACTING = "contacting"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    DID_NOT_ATTEND = "did_not_attend"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNREACHABLE = "unreachable"
    QUARANTINED = "quarantined"


class Stage(Enum):
    WAITING = auto()  # for the clinic
    SCHEDULED = auto()  # waiting for the patient's answer or for the appointment
    CLOSED = auto()  # can be opened again
    SET_ASIDE = auto()  # looks like spam; staff have still to look at it


class Step(NamedTuple):
    """A next status, and the label of its button.

    ``once_begun``: whether an agreed time must have begun without recorded attendance (True), must not
    (False), or does not matter (None). ``after_withdrawal``: the same for a patient who had withdrawn before
    attendance was recorded; undoing the record leads back to the status before it.
    """

    to: Status
    button: str
    once_begun: bool | None = False
    after_withdrawal: bool | None = None

    def is_possible(self, has_begun: bool, had_withdrawn: bool = False) -> bool:
        return self.once_begun in (None, has_begun) and self.after_withdrawal in (None, had_withdrawn)


class StatusRow(NamedTuple):
    name: str
    stage: Stage
    steps: tuple[Step, ...]  # the usual one first
    retention_months: int | None = None  # the default for finished requests


OFFER = Step(Status.PROPOSED, gettext_noop("Offer a time"))
OFFER_ANOTHER = Step(Status.PROPOSED, gettext_noop("Offer another time"))
AGREE = Step(Status.CONFIRMED, gettext_noop("A time is agreed"))
GIVE_UP = Step(Status.UNREACHABLE, gettext_noop("Could not be reached"))
DECLINE = Step(Status.DECLINED, gettext_noop("Decline"))
WITHDRAW = Step(Status.WITHDRAWN, gettext_noop("Withdraw at their request"))
MARK_AS_SPAM = Step(Status.QUARANTINED, gettext_noop("Set aside as spam"))
REOPEN = Step(Status.CONTACTING, gettext_noop("Reopen"))
ATTENDED = Step(Status.COMPLETED, gettext_noop("The consultation took place"), once_begun=True)
MISSED = Step(Status.DID_NOT_ATTEND, gettext_noop("Did not attend"), once_begun=True)

# Every status but NEW and HELD has a way back, so that staff can undo a mistake without help.
STATUSES: Mapping[Status, StatusRow] = {
    Status.NEW: StatusRow(
        gettext_noop("New"),
        Stage.WAITING,
        (
            Step(Status.CONTACTING, gettext_noop("Start contacting")),
            *(OFFER, AGREE, DECLINE, WITHDRAW, MARK_AS_SPAM),
        ),
    ),
    # Too many at once from one network or for one phone number: due like every other request, but listed
    # apart, so that a flood cannot hide the others.
    Status.HELD: StatusRow(
        gettext_noop("Held"),
        Stage.WAITING,
        (
            Step(Status.NEW, gettext_noop("Move to the queue")),
            *(MARK_AS_SPAM, Step(Status.CONTACTING, gettext_noop("Start contacting"))),
            *(OFFER, AGREE, DECLINE, WITHDRAW),
        ),
    ),
    Status.CONTACTING: StatusRow(
        gettext_noop("Contacting"),
        Stage.WAITING,
        (
            *(OFFER, AGREE, GIVE_UP, DECLINE, WITHDRAW),
            Step(Status.NEW, gettext_noop("Move back to new")),
            MARK_AS_SPAM,
        ),
    ),
    Status.PROPOSED: StatusRow(
        gettext_noop("Time offered"),
        Stage.SCHEDULED,
        (
            AGREE,
            Step(Status.CONTACTING, gettext_noop("Time not suitable: contact again")),
            *(GIVE_UP, DECLINE, WITHDRAW),
        ),
    ),
    Status.CONFIRMED: StatusRow(
        gettext_noop("Time agreed"),
        Stage.SCHEDULED,
        (
            # Other times may be offered, too: the agreed one is kept until the patient chooses another.
            *(ATTENDED, MISSED),
            # Also once it has begun: the clinic may have called it off.
            Step(Status.CONTACTING, gettext_noop("Appointment canceled: contact again"), once_begun=None),
            DECLINE,
            # Also after the visit; attendance is still to be recorded.
            WITHDRAW._replace(once_begun=None),
        ),
    ),
    Status.COMPLETED: StatusRow(
        gettext_noop("Completed"),
        Stage.CLOSED,
        (
            Step(Status.CONFIRMED, gettext_noop("Undo: it did not take place"), after_withdrawal=False),
            Step(
                Status.WITHDRAWN,
                gettext_noop("Undo: it did not take place, and the request was withdrawn"),
                after_withdrawal=True,
            ),
        ),
        retention_months=12,
    ),
    Status.DID_NOT_ATTEND: StatusRow(
        gettext_noop("Did not attend"),
        Stage.CLOSED,
        (
            Step(Status.CONTACTING, gettext_noop("Contact again")),
            OFFER_ANOTHER,
            Step(Status.CONFIRMED, gettext_noop("Another time is agreed")),
            Step(Status.COMPLETED, gettext_noop("Undo: it did take place")),
        ),
        retention_months=6,
    ),
    Status.DECLINED: StatusRow(gettext_noop("Declined"), Stage.CLOSED, (REOPEN,), retention_months=6),
    Status.WITHDRAWN: StatusRow(
        gettext_noop("Withdrawn"),
        Stage.CLOSED,
        (REOPEN, ATTENDED, MISSED),
        retention_months=3,
    ),
    Status.UNREACHABLE: StatusRow(
        gettext_noop("Could not be reached"), Stage.CLOSED, (REOPEN,), retention_months=6
    ),
    Status.QUARANTINED: StatusRow(
        gettext_noop("Set aside as spam"),
        Stage.SET_ASIDE,
        (Step(Status.NEW, gettext_noop("Not spam: move to the queue")), WITHDRAW),
        retention_months=3,
    ),
}

NAMES: Mapping[Status, str] = {status: row.name for status, row in STATUSES.items()}
STEPS: Mapping[str, tuple[Step, ...]] = {status: row.steps for status, row in STATUSES.items()}


def _at(*stages: Stage) -> frozenset[Status]:
    return frozenset(status for status, row in STATUSES.items() if row.stage in stages)


WAITING = _at(Stage.WAITING)
OPEN = _at(Stage.WAITING, Stage.SCHEDULED)
CLOSED = _at(Stage.CLOSED)
SET_ASIDE = _at(Stage.SET_ASIDE)
# The statuses of a recorded attendance.
MARKED = frozenset({Status.COMPLETED, Status.DID_NOT_ATTEND})
# In a fixed order: personal details are kept for the retention time, then erased.
FINISHED = tuple(status for status in Status if status in CLOSED | SET_ASIDE)
RETENTION_MONTHS: Mapping[Status, int] = {
    status: row.retention_months for status, row in STATUSES.items() if row.retention_months is not None
}


def needs_time(from_status: str, to_status: str) -> bool:
    """Return whether the step needs a time: one is offered, or agreed without having been offered."""
    return to_status == Status.PROPOSED or (
        to_status == Status.CONFIRMED and from_status not in (Status.PROPOSED, Status.COMPLETED)
    )


def step(from_status: str, to_status: str) -> Step | None:
    """Return the step from one status to the other; None if there is none, or a status is unknown."""
    return next((step for step in STEPS.get(from_status, ()) if step.to == to_status), None)


def may_follow(from_status: str, to_status: str) -> bool:
    """Return whether a request may ever go from one status to the other."""
    return step(from_status, to_status) is not None


def may_withdraw(status: str) -> bool:
    """Return whether the patient may withdraw. From a closed status only staff may, to undo an attendance."""
    return status not in CLOSED and may_follow(status, Status.WITHDRAWN)
