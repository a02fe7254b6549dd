"""The tables of requests. Import them from here."""

from consultations.models.appointments import Appointment, CalendarFeed, TakenSlot
from consultations.models.attachments import Attachment
from consultations.models.consultation_requests import (
    Announcement,
    ConsultationRequest,
    ConsultationRequestQuerySet,
    PrivateLink,
)
from consultations.models.history import Disclosure, Event, Note, Presence
from consultations.models.message_texts import MessageText
from consultations.models.privacy_notices import PrivacyNotice
from consultations.models.retention import RetentionRule
from consultations.models.search_terms import SearchTerm

__all__ = [
    "Announcement",
    "Appointment",
    "Attachment",
    "CalendarFeed",
    "ConsultationRequest",
    "ConsultationRequestQuerySet",
    "Disclosure",
    "Event",
    "MessageText",
    "Note",
    "Presence",
    "PrivacyNotice",
    "PrivateLink",
    "RetentionRule",
    "SearchTerm",
    "TakenSlot",
]
