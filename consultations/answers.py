"""The choices and lengths of a patient's answers (``models.answers`` holds the answers)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 120
AGE_LENGTH = 40
RELATIONSHIP_LENGTH = 60
CITY_LENGTH = 60
MESSAGE_LENGTH = 1000
OTHER_LANGUAGE_LENGTH = 40
ACCESS_NEEDS_LENGTH = 300
MAX_AGE = 120


class Channel(models.TextChoices):
    """How a request reached the clinic."""

    WEBSITE = "website", _("Website")
    PHONE = "phone", _("Phone call")
    DESK = "desk", _("At the desk")
    WHATSAPP = "whatsapp", _("WhatsApp")


class Consent(models.TextChoices):
    """How the patient, or the person who asked, agreed to the privacy notice."""

    FORM = "form", _("Ticked in the request form")
    PHONE = "phone", _("Said on the phone")
    IN_PERSON = "in_person", _("Said in person")
    WHATSAPP = "whatsapp", _("Wrote on WhatsApp")


class ForWhom(models.TextChoices):
    """The patient, as seen by the person who fills in the form."""

    SELF = "self", _("Me")
    CHILD = "child", _("My child")
    ADULT = "adult", _("Another adult")


class YesNo(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")


class About(models.TextChoices):
    PROCEDURE = "procedure", _("A procedure")
    SOMETHING_ELSE = "something_else", _("Something else")
    NOT_SURE = "not_sure", _("I’m not sure")


class FileKind(models.TextChoices):
    IMAGE = "image", _("Photograph")
    PDF = "pdf", _("Report (PDF)")
    LOCKED_PDF = "locked", _("Report (PDF) that opens only with a password")


class Onset(models.IntegerChoices):
    """The time between the onset and the request. The numbers rank the urgency; 1 is the most urgent.

    "Not sure" ranks behind what is recent, because it may be recent.
    """

    DAY = 1, _("In the last 24 hours")
    WEEK = 2, _("1 to 7 days ago")
    MONTH = 4, _("1 to 4 weeks ago")
    YEAR = 5, _("1 to 12 months ago")
    LONGER = 6, _("More than a year ago")
    BIRTH = 7, _("Since birth")
    NOT_SURE = 3, _("I’m not sure")


# A nerve or vessel cut within these may still be repaired in time.
RECENT_ONSETS = (Onset.DAY, Onset.WEEK)


class ContactMethod(models.TextChoices):
    ANY = "any", _("Call or WhatsApp")
    CALL = "call", _("Call only")
    WHATSAPP = "whatsapp", _("WhatsApp only")
    SMS = "sms", _("SMS only")
    EMAIL = "email", _("Email")


# These ways of contact need a mobile number.
MESSAGES_TO_PHONE = (ContactMethod.WHATSAPP, ContactMethod.SMS)


class PartOfDay(models.TextChoices):
    MORNING = "morning", _("Morning")
    AFTERNOON = "afternoon", _("Afternoon")
    EVENING = "evening", _("Evening")


class Language(models.TextChoices):
    """Spoken by the patient; not the language of the page."""

    URDU = "ur", _("Urdu")
    ENGLISH = "en", _("English")
    PUNJABI = "pa", _("Punjabi")
    OTHER = "other", _("Another language")
