"""The questions of the request form, and which of them depend on the answers to others."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.models import OpeningHours
from clinic_site.core.form_fields import EmailField, Radios, TextField, says
from consultations.answers import (
    ACCESS_NEEDS_LENGTH,
    CITY_LENGTH,
    MESSAGE_LENGTH,
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

# Few patients need these questions, so they are folded.
FOLDED = ("days", "parts_of_day", "woman_staff", "access_needs")
# The questions that depend on another one: that question, and the answers for which they are asked. Their
# hints say so.
CONDITIONAL: dict[str, tuple[str, set[str]]] = {
    "requester_name": ("for_whom", {ForWhom.CHILD, ForWhom.ADULT}),
    "relationship": ("for_whom", {ForWhom.CHILD, ForWhom.ADULT}),
    "patient_knows": ("for_whom", {ForWhom.ADULT}),
    "whatsapp": ("contact_method", {ContactMethod.WHATSAPP}),
    "email": ("contact_method", {ContactMethod.EMAIL}),
    "speaks_other": ("speaks", {Language.OTHER}),
}

MOBILE_INSTRUCTION = _("Enter a mobile number, like 0301 2345678, or choose “Phone call”")


def text_input(**attrs: str) -> forms.TextInput:
    return forms.TextInput({"class": "input--w20", **attrs})


def number_input(**attrs: str) -> forms.TextInput:
    return text_input(type="tel", inputmode="tel", dir="ltr", **attrs)


class Questions(forms.Form):
    """The questions to a patient. Errors in a question that does not apply are ignored."""

    use_required_attribute = False

    for_whom = forms.ChoiceField(
        label=_("Who is the request for?"),
        choices=ForWhom.choices,
        widget=Radios,
        error_messages=says(_("Choose who the request is for")),
    )
    requester_name = TextField(
        label=_("Your name"),
        help_text=_("Only if you are asking for someone else."),
        sentence=_("Enter your full name, because you are asking for someone else"),
        longest=NAME_LENGTH,
        too_long=_("Shorten your name to 120 characters"),
        name=True,
        required=False,
        widget=text_input(autocomplete="section-requester name"),
    )
    relationship = TextField(
        label=_("Your relationship to the patient"),
        help_text=_("Only if you are asking for someone else. For example: mother, son or neighbor."),
        sentence=_("Enter your relationship to the patient, for example mother or son"),
        longest=RELATIONSHIP_LENGTH,
        too_long=_("Shorten your relationship to the patient to 60 characters"),
        name=True,
        required=False,
        widget=text_input(),
    )
    patient_knows = forms.ChoiceField(
        label=_("Does the patient know that you are asking?"),
        help_text=_("Only if you are asking for another adult. Then we know whom we may talk to about it."),
        choices=YesNo.choices,
        required=False,
        widget=Radios,
        error_messages=says(_("Choose whether the patient knows that you are asking")),
    )
    patient_name = TextField(
        label=_("Patient’s full name"),
        help_text=_("The person who needs the consultation. In any language."),
        sentence=_("Enter the patient’s full name"),
        longest=NAME_LENGTH,
        too_long=_("Shorten the patient’s name to 120 characters"),
        name=True,
        # A section of its own: a browser that fills in the requester's name must not make them the patient.
        # Not "off": browsers do not restore such a field after "back".
        widget=text_input(autocomplete="section-patient name"),
    )
    patient_age = AgeField(
        label=_("Patient’s age in years"),
        help_text=_("For a baby under 1 year, enter 0."),
        sentence=_("Enter the patient’s age in whole years, from 0 to 120"),
        widget=forms.TextInput({"inputmode": "numeric", "class": "input--w2"}),
    )
    city = TextField(
        label=_("City or town"),
        sentence=_("Enter the name of a city or town, or leave it empty"),
        longest=CITY_LENGTH,
        too_long=_("Shorten the city or town to 60 characters"),
        name=True,
        required=False,
        widget=text_input(autocomplete="section-patient address-level2"),
    )
    about = AboutField(
        label=_("What is it about?"),
        widget=Radios,
        error_messages=says(_("Choose what the request is about, or “I am not sure”")),
    )
    onset = forms.TypedChoiceField(
        label=_("When did it begin?"),
        choices=Onset.choices,
        coerce=int,
        widget=Radios,
        error_messages=says(_("Choose when it began, or “I am not sure”")),
    )
    message = TextField(
        label=_("A few words about the problem"),
        help_text=_("For example, what happened, and what is hard to do now. Up to 1,000 characters."),
        longest=MESSAGE_LENGTH,
        too_long=_("Shorten your words to 1,000 characters. They have %(length)d now"),
        lines=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    contact_method = forms.ChoiceField(
        label=_("How should we contact you?"),
        choices=ContactMethod.choices,
        widget=Radios,
        error_messages=says(_("Choose how we should contact you")),
    )
    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("We always need one. For a number outside Pakistan, start with + and the country code."),
        widget=number_input(autocomplete="section-requester tel"),
    )
    whatsapp = PhoneField(
        label=_("WhatsApp number"),
        help_text=_("Only if you chose WhatsApp and its number is a different one."),
        sentence=_("Enter one WhatsApp number, like 0301 2345678 or +44 7400 123456"),
        required=False,
        widget=number_input(),
    )
    email = EmailField(
        label=_("Email address"),
        help_text=_("Only if you chose email."),
        sentence=_("Enter an email address, like name@example.com"),
        required=False,
        widget=text_input(type="email", inputmode="email", dir="ltr", autocomplete="section-requester email"),
    )
    may_identify_clinic = forms.ChoiceField(
        label=_("If someone else answers, may we say who we are?"),
        help_text=_("If you choose no, we only ask for you and say nothing about the clinic."),
        choices=YesNo.choices,
        widget=Radios,
        error_messages=says(_("Choose whether we may say who we are if someone else answers")),
    )
    speaks = forms.ChoiceField(
        label=_("Which language do you prefer?"),
        choices=Language.choices,
        widget=Radios,
        error_messages=says(_("Choose the language you prefer")),
    )
    speaks_other = TextField(
        label=_("Name of the language"),
        help_text=_("Only if you chose another language."),
        sentence=_("Enter the name of the language you prefer"),
        longest=OTHER_LANGUAGE_LENGTH,
        too_long=_("Shorten the name of the language to 40 characters"),
        name=True,
        required=False,
        widget=text_input(),
    )
    days = MultipleChoiceBoxes(label=_("Good days"), choices=OpeningHours.Weekday.choices, coerce=int)
    parts_of_day = MultipleChoiceBoxes(label=_("Good times of day"), choices=PartOfDay.choices)
    woman_staff = forms.BooleanField(
        label=_("I would like to talk to a female member of staff."), required=False
    )
    access_needs = TextField(
        label=_("What you need at the clinic"),
        help_text=_("For example, a wheelchair, a sign language interpreter, or someone with you."),
        longest=ACCESS_NEEDS_LENGTH,
        too_long=_("Shorten what you need to 300 characters. It has %(length)d now"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    conditional = tuple(CONDITIONAL)  # not marked "(optional)"

    def clean(self) -> dict[str, Any]:
        answers = self.cleaned_data
        for name, (question, values) in CONDITIONAL.items():
            if question not in answers:
                continue
            if answers[question] not in values:
                # Neither validated, shown nor stored, but carried along in case the other answer changes.
                self.errors.pop(name, None)
                answers[name] = ""
            elif name != "whatsapp" and name not in self.errors and not answers[name]:
                self.add_error(name, self.fields[name].error_messages["required"])
        self._check_numbers(answers)
        return answers

    def _check_numbers(self, answers: dict[str, Any]) -> None:
        """Require a mobile number for messages; drop a WhatsApp number that is the phone's."""
        method, phone, whatsapp = (answers.get(name) for name in ("contact_method", "phone", "whatsapp"))
        if whatsapp and phone and whatsapp.e164 == phone.e164:
            whatsapp = answers["whatsapp"] = None
        if "whatsapp" in self.errors:
            return
        if method == ContactMethod.WHATSAPP and whatsapp and not whatsapp.is_mobile:
            self.add_error("whatsapp", MOBILE_INSTRUCTION)
        needs_mobile = method == ContactMethod.SMS or (method == ContactMethod.WHATSAPP and not whatsapp)
        if needs_mobile and phone and not phone.is_mobile:
            self.add_error("phone", MOBILE_INSTRUCTION)
