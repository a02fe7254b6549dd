"""The patient's answers, one field for each question of the request form.

Whatever shows, exports, copies or erases answers follows these fields. A new optional question is a field
here, a field of ``intake.questions.Questions``, a migration, and a template only where it needs a place of
its own.
"""

from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.models import OpeningHours
from consultations import phone_numbers
from consultations.answers import (
    ACCESS_NEEDS_LENGTH,
    AGE_LENGTH,
    CITY_LENGTH,
    MAX_AGE,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    OTHER_LANGUAGE_LENGTH,
    RELATIONSHIP_LENGTH,
    About,
    ContactMethod,
    ForWhom,
    Language,
    Onset,
    PartOfDay,
    YesNo,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

SEVERAL_CHOICES: dict[str, type[models.Choices]] = {"days": OpeningHours.Weekday, "parts_of_day": PartOfDay}
# Parts of the answer to another question.
DETAILS = {"age_as_typed", "procedure", "procedure_name", "phone_as_typed", "phone_extension", "speaks_other"}
# Not part of an answer's meaning: two spellings of one phone number, or a procedure that was since deleted.
NOT_COMPARED = {"procedure", "phone_as_typed"}
# These say nothing about a person: exported unless deselected, and still counted after an erasure.
NOT_PERSONAL = {"for_whom", "about", "procedure", "procedure_name", "onset", "contact_method", "speaks"}
# Questions with a place of their own on the desk's pages. The others are listed there one after another.
PLACED_ON_DESK = {
    *("for_whom", "requester_name", "relationship", "patient_knows", "patient_name", "patient_age", "city"),
    *("about", "onset", "message", "contact_method", "phone", "phone_is_shared", "may_identify_clinic"),
    *("email", "speaks", "days", "parts_of_day"),
}


class PatientAnswers(models.Model):
    """The answers of one form. ``procedure_name`` is the name that the patient chose, and never changes."""

    for_whom = models.CharField(pgettext_lazy("a request", "for whom"), max_length=10, choices=ForWhom)
    requester_name = models.CharField(_("requester’s name"), max_length=NAME_LENGTH, blank=True, default="")
    relationship = models.CharField(
        _("relationship to the patient"), max_length=RELATIONSHIP_LENGTH, blank=True, default=""
    )
    patient_knows = models.CharField(
        _("the patient knows of the request"), max_length=3, choices=YesNo, blank=True, default=""
    )
    # Empty, and the age null, only after an erasure.
    patient_name = models.CharField(_("patient’s name"), max_length=NAME_LENGTH)
    patient_age = models.PositiveSmallIntegerField(
        _("patient’s age"),
        null=True,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_AGE)],
        help_text=_("In years."),
    )
    # Of a small child, where it says more than the years: "10 days".
    age_as_typed = models.CharField(_("age, as typed"), max_length=AGE_LENGTH, blank=True, default="")
    city = models.CharField(_("city or town"), max_length=CITY_LENGTH, blank=True, default="")

    about = models.CharField(pgettext_lazy("a request", "about"), max_length=20, choices=About)
    procedure = models.ForeignKey(
        "procedures.Procedure",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="consultation_requests",
        verbose_name=_("procedure"),
    )
    procedure_name = models.CharField(_("procedure’s name"), max_length=65, blank=True, default="")
    onset = models.PositiveSmallIntegerField(_("when it began"), choices=Onset, default=Onset.NOT_SURE)
    message = models.TextField(_("in their own words"), max_length=MESSAGE_LENGTH, blank=True, default="")

    contact_method = models.CharField(
        _("how to reach them"), max_length=10, choices=ContactMethod, default=ContactMethod.ANY
    )
    phone_as_typed = models.CharField(_("phone, as typed"), max_length=phone_numbers.MAX_LENGTH)
    phone = models.CharField(_("phone"), max_length=16, help_text=_("E.164, like +923012345678."))
    phone_extension = models.CharField(
        _("extension"), max_length=phone_numbers.MAX_EXTENSION_LENGTH, blank=True, default=""
    )
    phone_is_shared = models.BooleanField(_("others use this phone"), default=False)
    email = models.EmailField(_("email"), blank=True, default="")
    # Asked only where the phone is shared. The form says "yes" for a phone of the patient's own.
    may_identify_clinic = models.CharField(
        _("may say who is calling"), max_length=3, choices=YesNo, default=YesNo.NO
    )
    speaks = models.CharField(_("speaks"), max_length=5, choices=Language, default=Language.URDU)
    speaks_other = models.CharField(
        _("other language"), max_length=OTHER_LANGUAGE_LENGTH, blank=True, default=""
    )
    days = models.JSONField(_("days"), default=list, blank=True)  # of OpeningHours.Weekday
    parts_of_day = models.JSONField(_("parts of the day"), default=list, blank=True)  # of PartOfDay
    woman_staff = models.BooleanField(_("wants a female member of staff"), default=False)
    access_needs = models.CharField(_("access needs"), max_length=ACCESS_NEEDS_LENGTH, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def subject(self) -> str:
        """The subject of the request, in the words that the patient chose."""
        return self.procedure_name or str(About(self.about).label)

    @property
    def contact_name(self) -> str:
        """Whom to ask for on the phone, and to greet: the person who asked."""
        return self.requester_name or self.patient_name

    @property
    def sender(self) -> str:
        """The name and relation of the relative who asked, like "Bilal Khan (son)"; "" for the patient."""
        return f"{self.requester_name} ({self.relationship})" if self.requester_name else ""

    @property
    def age_in_words(self) -> str:
        """The age in years; of a small child, as it was typed, like "10 days"."""
        years = "" if self.patient_age is None else str(self.patient_age or _("Under 1 year"))
        return self.age_as_typed or years

    @property
    def is_abroad(self) -> bool:
        """Whether the number is foreign: then times name their zone."""
        return bool(self.phone) and not self.phone.startswith(f"+{phone_numbers.HOME_CODE}")

    def answer_in_words(self, question: str) -> str:
        """Return an answer as a person reads it; "" where there is none."""
        value = getattr(self, question)
        match question:
            case "about":
                return self.subject
            case "patient_age":
                return self.age_in_words
            case "phone":
                return phone_numbers.for_reading(value, self.phone_extension)
            case "speaks" if self.speaks_other:
                return self.speaks_other
        if choices := SEVERAL_CHOICES.get(question):
            return gettext(", ").join(str(choices(each).label) for each in value)
        if isinstance(value, bool):
            return str(YesNo.YES.label) if value else ""
        if ANSWER_FIELDS[question].choices:
            return str(getattr(self, f"get_{question}_display")())
        return "" if value is None else str(value)

    def answers_in_words(self) -> dict[str, str]:
        """Return every answer in words, by question."""
        return {question: self.answer_in_words(question) for question in QUESTIONS}

    def comparable_answers(self) -> dict[str, Any]:
        """Return every answer, by field. Two spellings of one phone number are one answer."""
        return {name: getattr(self, name) for name in ANSWER_FIELDS if name not in NOT_COMPARED}

    @property
    def extra_answers(self) -> "list[tuple[Words, str]]":
        """Label and answer of each answered question that has no place of its own on the desk's pages."""
        extra = [question for question in QUESTIONS if question not in PLACED_ON_DESK]
        answered = {question: self.answer_in_words(question) for question in extra}
        return [(label_of(question), answer) for question, answer in answered.items() if answer]


ANSWER_FIELDS: dict[str, "models.Field[Any, Any]"] = {
    field.name: field for field in PatientAnswers._meta.local_fields
}
QUESTIONS = [name for name in ANSWER_FIELDS if name not in DETAILS]
PERSONAL = [name for name in ANSWER_FIELDS if name not in NOT_PERSONAL]


def label_of(question: str) -> "Words":
    """Return a question's label; translated when it is shown."""
    return capfirst(ANSWER_FIELDS[question].verbose_name)


def erased_answers() -> dict[str, Any]:
    """Return the empty value of every personal answer, by field."""
    return {name: ANSWER_FIELDS[name].get_default() for name in PERSONAL}
