"""What a patient answers, as one plain value: made by the form, shown for checking, stored by ``submit``."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.models import OpeningHours
from consultations import phone_numbers

if TYPE_CHECKING:
    from procedures.models import Procedure

NAME_LENGTH = 120
RELATIONSHIP_LENGTH = 60
CITY_LENGTH = 60
MESSAGE_LENGTH = 1000
OTHER_LANGUAGE_LENGTH = 40
ACCESS_NEEDS_LENGTH = 300
MAX_AGE = 120


class ForWhom(models.TextChoices):
    """Who the patient is to the person who writes."""

    SELF = "self", _("Me")
    CHILD = "child", _("My child")
    ADULT = "adult", _("Another adult I help")


class YesNo(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")


class About(models.TextChoices):
    PROCEDURE = "procedure", _("A procedure")
    SOMETHING_ELSE = "something_else", _("Something else")
    NOT_SURE = "not_sure", _("I am not sure")


class Onset(models.IntegerChoices):
    """How long before the request it began. The numbers rank it: the lower, the sooner to be called.

    Who does not know stands behind what is recent: it may be.
    """

    DAY = 1, _("In the last 24 hours")
    WEEK = 2, _("1 to 7 days ago")
    MONTH = 4, _("1 to 4 weeks ago")
    YEAR = 5, _("1 to 12 months ago")
    LONGER = 6, _("More than a year ago")
    BIRTH = 7, _("Since birth")
    NOT_SURE = 3, _("I am not sure")


class ContactMethod(models.TextChoices):
    CALL = "call", _("Phone call")
    WHATSAPP = "whatsapp", _("WhatsApp message")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("Email")


class PartOfDay(models.TextChoices):
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")
    EVENING = "evening", _("Evening")


class Language(models.TextChoices):
    """What the patient speaks; not the language of the page."""

    URDU = "ur", _("Urdu")
    ENGLISH = "en", _("English")
    PUNJABI = "pa", _("Punjabi")
    OTHER = "other", _("Another language")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers of one form, valid. The names are those of ``ConsultationRequest``'s fields."""

    for_whom: str
    requester_name: str
    relationship: str
    patient_knows: str
    patient_name: str
    patient_age: int | None
    city: str
    about: str
    procedure: "Procedure | None"
    procedure_name: str
    onset: int
    message: str
    contact_method: str
    phone_as_typed: str
    phone: str
    whatsapp_as_typed: str
    whatsapp: str
    email: str
    may_identify_clinic: str
    days: list[int]
    parts_of_day: list[str]
    speaks: str
    speaks_other: str
    woman_staff: bool
    access_needs: str

    def in_words(self) -> dict[str, str]:
        """Each question, by its field's name, and the answer as a person reads it; "" where there is none.

        Two spellings of one phone number are one answer.
        """
        return {
            "for_whom": _label(ForWhom, self.for_whom),
            "requester_name": self.requester_name,
            "relationship": self.relationship,
            "patient_knows": _label(YesNo, self.patient_knows),
            "patient_name": self.patient_name,
            "patient_age": "" if self.patient_age is None else str(self.patient_age),
            "city": self.city,
            "about": self.procedure_name or _label(About, self.about),
            "onset": _label(Onset, self.onset),
            "message": self.message,
            "contact_method": _label(ContactMethod, self.contact_method),
            "phone": phone_numbers.for_reading(self.phone),
            "whatsapp": phone_numbers.for_reading(self.whatsapp),
            "email": self.email,
            "may_identify_clinic": _label(YesNo, self.may_identify_clinic),
            "speaks": self.speaks_other or _label(Language, self.speaks),
            "days": _labels(OpeningHours.Weekday, self.days),
            "parts_of_day": _labels(PartOfDay, self.parts_of_day),
            "woman_staff": _label(YesNo, YesNo.YES if self.woman_staff else ""),
            "access_needs": self.access_needs,
        }


def _label(choices: type[models.Choices], value: str | int) -> str:
    return str(choices(value).label) if value != "" else ""


def _labels(choices: type[models.Choices], values: Iterable[str | int]) -> str:
    return ", ".join(_label(choices, value) for value in values)
