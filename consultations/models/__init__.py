"""The tables of requests. Import them from here."""

from consultations.models.appointments import Appointment, CalendarFeed, TakenSlot
from consultations.models.history import Disclosure, Event, Note, Presence
from consultations.models.notices import PrivacyNotice
from consultations.models.photographs import Photograph
from consultations.models.requests import ConsultationRequest, ConsultationRequestQuerySet, PrivateLink
from consultations.models.retention import RetentionRule
from consultations.models.search import SearchTerm
from consultations.models.texts import MessageText

__all__ = [
    "Appointment",
    "CalendarFeed",
    "ConsultationRequest",
    "ConsultationRequestQuerySet",
    "Disclosure",
    "Event",
    "MessageText",
    "Note",
    "Photograph",
    "Presence",
    "PrivacyNotice",
    "PrivateLink",
    "RetentionRule",
    "SearchTerm",
    "TakenSlot",
]
