"""What a patient answers, as one plain value: made by the form, shown for checking, stored by ``submit``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from consultations import phones

if TYPE_CHECKING:
    from procedures.models import Procedure

NAME_LENGTH = 120
RELATIONSHIP_LENGTH = 60
MESSAGE_LENGTH = 1000
MAX_AGE = 120


class ForWhom(models.TextChoices):
    """Who the patient is to the person who writes."""

    SELF = "self", _("Me")
    CHILD = "child", _("My child")
    ADULT = "adult", _("Another adult I help")


class About(models.TextChoices):
    PROCEDURE = "procedure", _("A procedure")
    SOMETHING_ELSE = "something_else", _("Something else")
    NOT_SURE = "not_sure", _("I am not sure")


class ContactMethod(models.TextChoices):
    CALL = "call", _("Phone call")
    WHATSAPP = "whatsapp", _("WhatsApp message")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("Email")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers of one form, valid. The names are those of ``ConsultationRequest``'s fields."""

    for_whom: str
    requester_name: str
    relationship: str
    patient_name: str
    patient_age: int
    about: str
    procedure: "Procedure | None"
    procedure_name: str
    message: str
    contact_method: str
    phone_as_typed: str
    phone: str
    email: str

    def in_words(self) -> dict[str, str]:
        """Each question, by its field's name, and the answer as a person reads it; "" where there is none.

        Two spellings of one phone number are one answer.
        """
        return {
            "for_whom": str(ForWhom(self.for_whom).label),
            "requester_name": self.requester_name,
            "relationship": self.relationship,
            "patient_name": self.patient_name,
            "patient_age": str(self.patient_age),
            "about": self.procedure_name or str(About(self.about).label),
            "message": self.message,
            "contact_method": str(ContactMethod(self.contact_method).label),
            "phone": phones.for_reading(self.phone),
            "email": self.email,
        }
