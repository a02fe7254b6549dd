"""The questions of the request form, and which of them depend on the answers to others."""

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.models import OpeningHours
from clinic_site.core.form_fields import EmailField, Radios, TextField, says
from clinic_site.core.text import plain_line
from consultations.answers import (
    ACCESS_NEEDS_LENGTH,
    AGE_LENGTH,
    CITY_LENGTH,
    MESSAGE_LENGTH,
    MESSAGES_TO_PHONE,
    NAME_LENGTH,
    OTHER_LANGUAGE_LENGTH,
    RELATIONSHIP_LENGTH,
    ContactMethod,
    ForWhom,
    Language,
    Onset,
    PartOfDay,
    YesNo,
)
from consultations.intake.form_fields import AboutField, AgeField, MultipleChoiceBoxes, PhoneField
from consultations.models import ConsultationRequest
from consultations.models.answers import ANSWER_FIELDS

# Answered by few patients, or answered already by a default: folded.
FOLDED = (
    *("contact_method", "email", "speaks", "speaks_other"),
    *("days", "parts_of_day", "woman_staff", "city", "access_needs"),
)
# The questions that depend on another one: that question, and the answers for which they are asked. Their
# hints say so, for browsers without JavaScript, which show them all.
CONDITIONAL: dict[str, tuple[str, set[Any]]] = {
    "requester_name": ("for_whom", {ForWhom.CHILD, ForWhom.ADULT}),
    "relationship": ("for_whom", {ForWhom.CHILD, ForWhom.ADULT}),
    "patient_knows": ("for_whom", {ForWhom.ADULT}),
    "may_identify_clinic": ("phone_is_shared", {True}),
    "email": ("contact_method", {ContactMethod.EMAIL}),
    "speaks_other": ("speaks", {Language.OTHER}),
}

MOBILE_INSTRUCTION = _("Enter a mobile number, like 0301 2345678, or choose “Call only”")


def text_input(**attrs: str) -> forms.TextInput:
    return forms.TextInput({"class": "input--w20", **attrs})


def number_input(**attrs: str) -> forms.TextInput:
    return text_input(type="tel", inputmode="tel", dir="ltr", **attrs)


class Questions(forms.Form):
    """The questions to a patient. Errors in a question that does not apply are ignored."""

    use_required_attribute = False
    conditional = CONDITIONAL
    own_age_sentence = _("Enter your own age, or choose “My child” above")

    for_whom = forms.ChoiceField(
        label=_("Who needs the consultation?"),
        choices=ForWhom.choices,
        widget=Radios,
        error_messages=says(_("Choose who needs the consultation")),
    )
    requester_name = TextField(
        label=_("Your name"),
        help_text=_("Only if you’re asking for someone else."),
        sentence=_("Enter your full name"),
        longest=NAME_LENGTH,
        too_long=_("Use 120 characters or fewer for your name"),
        name=True,
        required=False,
        widget=text_input(autocomplete="section-requester name"),
    )
    relationship = TextField(
        label=_("Your relationship to the patient"),
        help_text=_("Only if you’re asking for someone else."),
        sentence=_("Enter your relationship to the patient, like mother, son or neighbor"),
        longest=RELATIONSHIP_LENGTH,
        too_long=_("Use 60 characters or fewer for your relationship to the patient"),
        name=True,
        required=False,
        widget=text_input(),
    )
    patient_knows = forms.ChoiceField(
        label=_("Does the patient know about this request?"),
        help_text=_("Only if you’re asking for another adult."),
        choices=[(YesNo.YES.value, YesNo.YES.label), (YesNo.NO.value, _("No. Please speak only to me"))],
        required=False,
        widget=Radios,
        error_messages=says(_("Choose whether the patient knows about this request")),
    )
    patient_name = TextField(
        label=_("Patient’s full name"),
        help_text=_("In any language."),
        sentence=_("Enter the patient’s full name"),
        longest=NAME_LENGTH,
        too_long=_("Use 120 characters or fewer for the patient’s name"),
        name=True,
        # A section of its own: a browser that fills in the requester's name must not make them the patient.
        # Not "off": browsers do not restore such a field after "back".
        widget=text_input(autocomplete="section-patient name"),
    )
    patient_age = AgeField(
        label=_("Patient’s age"),
        help_text=_("For example: 40, 8 months, or 10 days."),
        sentence=_("Enter the patient’s age in years, like 40. For a baby: 8 months, or 10 days"),
        widget=forms.TextInput({"class": "input--w8", "dir": "auto"}),
    )
    about = AboutField(
        label=_("What happened?"),
        widget=Radios,
        error_messages=says(_("Choose what happened, or “I’m not sure”")),
    )
    onset = forms.TypedChoiceField(
        label=_("When did it start?"),
        choices=[("", _("Choose one")), *Onset.choices],
        coerce=int,
        error_messages=says(_("Choose when it started, or “I’m not sure”")),
    )
    message = TextField(
        label=_("In your own words"),
        help_text=_("What happened, and what’s hard to do now? Use any language, up to 1,000 characters."),
        longest=MESSAGE_LENGTH,
        too_long=_("Use 1,000 characters or fewer. You have %(length)d"),
        lines=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    phone = PhoneField(
        label=_("Your phone number"),
        help_text=_(
            "We’ll call this number, or message it on WhatsApp. "
            "Outside Pakistan, start with + and the country code."
        ),
        widget=number_input(autocomplete="section-requester tel"),
    )
    phone_is_shared = forms.BooleanField(label=_("Other people use this phone"), required=False)
    may_identify_clinic = forms.ChoiceField(
        label=_("If someone else answers or reads a message, may we say who we are?"),
        help_text=_("Only if other people use this phone."),
        choices=[
            (
                YesNo.NO.value,
                _(
                    "No. When you call, ask only for me. In messages, don’t name the clinic. "
                    "(On WhatsApp, our name and picture can still be seen.)"
                ),
            ),
            (YesNo.YES.value, _("Yes. You may name the clinic in calls and in messages")),
        ],
        required=False,
        widget=Radios,
        error_messages=says(_("Choose whether we may say who we are")),
    )
    contact_method = forms.ChoiceField(
        label=_("How should we contact you?"),
        choices=ContactMethod.choices,
        initial=ContactMethod.ANY.value,
        required=False,
        widget=Radios,
        error_messages=says(_("Choose how we should contact you")),
    )
    email = EmailField(
        label=_("Email address"),
        help_text=_("Only if you chose email."),
        sentence=_("Enter an email address, like name@example.com"),
        required=False,
        widget=text_input(type="email", inputmode="email", dir="ltr", autocomplete="section-requester email"),
    )
    speaks = forms.ChoiceField(
        label=_("What language do you prefer?"),
        choices=Language.choices,
        initial=Language.URDU.value,
        required=False,
        widget=Radios,
        error_messages=says(_("Choose a language")),
    )
    speaks_other = TextField(
        label=_("Name of the language"),
        help_text=_("Only if you chose another language."),
        sentence=_("Enter the name of the language"),
        longest=OTHER_LANGUAGE_LENGTH,
        too_long=_("Use 40 characters or fewer for the name of the language"),
        name=True,
        required=False,
        widget=text_input(),
    )
    days = MultipleChoiceBoxes(label=_("Best days"), choices=OpeningHours.Weekday.choices, coerce=int)
    parts_of_day = MultipleChoiceBoxes(label=_("Best times"), choices=PartOfDay.choices)
    woman_staff = forms.BooleanField(label=_("I’d prefer to speak with a woman"), required=False)
    city = TextField(
        label=_("City or town"),
        sentence=_("Enter the name of a city or town, or leave it empty"),
        longest=CITY_LENGTH,
        too_long=_("Use 60 characters or fewer for the city or town"),
        name=True,
        required=False,
        widget=text_input(autocomplete="section-patient address-level2"),
    )
    access_needs = TextField(
        label=_("What you need at the clinic"),
        help_text=_("For example, a wheelchair, a sign language interpreter, or someone with you."),
        longest=ACCESS_NEEDS_LENGTH,
        too_long=_("Use 300 characters or fewer. You have %(length)d"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    # Not marked "(optional)": for some it is not, and the heading of the folded ones says so.
    unmarked = (*CONDITIONAL, *FOLDED, "phone_is_shared")

    def clean(self) -> dict[str, Any]:
        answers = self.cleaned_data
        for name in ("contact_method", "speaks"):
            if name in answers:  # a browser always sends one; a missing one is the default
                answers[name] = answers[name] or self.fields[name].initial
        for name, (question, values) in self.conditional.items():
            if question not in answers:
                continue
            if answers[question] not in values:
                # Neither validated, shown nor stored, but carried along in case the other answer changes.
                self.errors.pop(name, None)
                answers[name] = ""
            elif name not in self.errors and not answers[name]:
                self.add_error(name, self.fields[name].error_messages["required"])
        if not answers.get("phone_is_shared"):
            answers["may_identify_clinic"] = YesNo.YES.value
        phone = answers.get("phone")
        if answers.get("contact_method") in MESSAGES_TO_PHONE and phone and not phone.is_mobile:
            self.add_error("phone", MOBILE_INSTRUCTION)
        if answers.get("for_whom") == ForWhom.SELF and answers.get("patient_age") == 0:
            self.add_error("patient_age", self.own_age_sentence)
        return answers

    @cached_property
    def answers(self) -> ConsultationRequest:
        """The answers of a valid form, as a request that is not stored."""
        given = {name: value for name, value in self.cleaned_data.items() if name in ANSWER_FIELDS}
        given |= given.pop("phone").fields()
        given["age_as_typed"] = age_as_typed(given["patient_age"], self.data.get("patient_age", ""))
        return ConsultationRequest(**given | given.pop("about"))


def age_as_typed(years: int | None, typed: str) -> str:
    """Return the age of a small child as it was typed, where it says more than the years; otherwise ""."""
    line = plain_line(typed)
    return line[:AGE_LENGTH] if years is not None and years < 2 and not line.isdecimal() else ""
