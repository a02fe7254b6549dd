"""The only writers of requests. Each function is one transaction: all of it is stored, or nothing."""

from consultations.services.appointments import offer_time
from consultations.services.assigning import Assigned, assign_many
from consultations.services.desk import (
    add_note,
    assign,
    new_private_link,
    record_contact,
    seen_what_patient_wrote,
)
from consultations.services.errors import (
    NotAllowedError,
    PhotographsMissingError,
    SomeoneElseChangedError,
    TimeTakenError,
)
from consultations.services.patient import (
    accept_time,
    add_patient_note,
    add_photographs,
    ask_for_another_time,
    correct_phone,
    withdraw,
)
from consultations.services.status import change_status
from consultations.services.submitting import Submission, is_stored, key_of, submit

__all__ = [
    "Assigned",
    "NotAllowedError",
    "PhotographsMissingError",
    "SomeoneElseChangedError",
    "Submission",
    "TimeTakenError",
    "accept_time",
    "add_note",
    "add_patient_note",
    "add_photographs",
    "ask_for_another_time",
    "assign",
    "assign_many",
    "change_status",
    "correct_phone",
    "is_stored",
    "key_of",
    "new_private_link",
    "offer_time",
    "record_contact",
    "seen_what_patient_wrote",
    "submit",
    "withdraw",
]
