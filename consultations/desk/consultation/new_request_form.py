"""The form for a request that staff take: a phone call, a walk-in or a WhatsApp chat."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from clinic_site.core.form_fields import HiddenPattern, Radios, TextField, says
from clinic_site.core.form_layout import without_nul
from consultations.answers import (
    NAME_LENGTH,
    RELATIONSHIP_LENGTH,
    Channel,
    Consent,
    ContactMethod,
    ForWhom,
    Onset,
    YesNo,
)
from consultations.intake import procedure_choices
from consultations.intake.form_fields import AboutField, AgeField, PhoneField
from consultations.intake.questions import CONDITIONAL, Questions, number_input, text_input
from consultations.intake.submission import Submission
from consultations.models import PrivacyNotice
from consultations.phone_numbers import Phone
from consultations.tokens import SubmissionKey


def about_choices(chosen: str = "") -> list[tuple[str, str]]:
    """Return the choices of "About" for staff: procedures by their names. Two queries at most."""
    offered = procedure_choices.choices(settings.LANGUAGE_CODE, chosen, by_title=True)
    return [("", str(_("Choose"))), *((value, strip_tags(label)) for value, label in offered)]


class NewRequestForm(Questions):
    """The questions of the request form, as staff ask them. Only a name, a number and the subject are needed.

    ``known`` is the number whose earlier requests were listed on the page.
    """

    conditional = {
        name: rule for name, rule in CONDITIONAL.items() if name not in ("may_identify_clinic", "email")
    }
    own_age_sentence = _("Enter the age of the person who asks, or choose who the request is for")

    key = forms.CharField(widget=forms.HiddenInput, required=False)
    known = HiddenPattern(r"\+[0-9]{1,15}")
    channel = forms.ChoiceField(
        label=_("How did they contact us?"),
        choices=[choice for choice in Channel.choices if choice[0] != Channel.WEBSITE],
        initial=Channel.PHONE.value,
        widget=Radios,
        error_messages=says(_("Choose how they contacted us")),
    )
    phone = PhoneField(label=_("Phone"), widget=number_input(autocomplete="off"))
    patient_name = TextField(
        label=_("Patient’s full name"),
        sentence=_("Enter the patient’s full name"),
        longest=NAME_LENGTH,
        too_long=_("Use 120 characters or fewer for the patient’s name"),
        name=True,
        widget=text_input(autocomplete="off"),
    )
    about = AboutField(label=_("About"), error_messages=says(_("Choose what it is about, or “I’m not sure”")))
    consent = forms.ChoiceField(
        label=_("They agreed that we keep these details"),
        choices=[choice for choice in Consent.choices if choice[0] != Consent.FORM],
        widget=Radios,
        error_messages=says(_("Read the notice aloud, then choose how they agreed")),
    )
    patient_age = AgeField(
        label=_("Age"),
        help_text=_("For example: 40, 8 months, or 10 days."),
        sentence=_("Enter the patient’s age in years, like 40. For a baby: 8 months, or 10 days"),
        required=False,
        widget=forms.TextInput({"class": "input--w8", "dir": "auto", "autocomplete": "off"}),
    )
    onset = forms.TypedChoiceField(
        label=_("When it began"),
        choices=Onset.choices,
        coerce=int,
        initial=Onset.NOT_SURE.value,
        required=False,
        error_messages=says(_("Choose when it began, or “I’m not sure”")),
    )
    for_whom = forms.ChoiceField(
        label=_("Who is asking?"),
        choices=[
            (ForWhom.SELF.value, _("The patient")),
            (ForWhom.CHILD.value, _("A parent, for their child")),
            (ForWhom.ADULT.value, _("Someone else, for an adult")),
        ],
        initial=ForWhom.SELF.value,
        required=False,
        error_messages=says(_("Choose who is asking")),
    )
    requester_name = TextField(
        label=_("Name of the person asking"),
        sentence=_("Enter the name of the person who asks"),
        longest=NAME_LENGTH,
        too_long=_("Use 120 characters or fewer for the name of the person who asks"),
        name=True,
        required=False,
        widget=text_input(autocomplete="off"),
    )
    relationship = TextField(
        label=_("Their relationship to the patient"),
        sentence=_("Enter their relationship to the patient, like mother, son or neighbor"),
        longest=RELATIONSHIP_LENGTH,
        too_long=_("Use 60 characters or fewer for the relationship"),
        name=True,
        required=False,
        widget=text_input(autocomplete="off"),
    )
    # Not asked here.
    may_identify_clinic = days = parts_of_day = woman_staff = access_needs = None  # type: ignore[assignment]

    field_order = ("phone", "patient_name", "about", "channel", "consent")
    more = ("patient_age", "city", "onset", "message", "contact_method", "email", "speaks", "speaks_other")
    relative = ("for_whom", "requester_name", "relationship", "patient_knows")

    def __init__(self, posted: Mapping[str, str] | None = None, *, by: User, notice: PrivacyNotice) -> None:
        answered = without_nul(posted) if posted is not None else None
        self.by, self.shown_notice = by, notice
        sent_key = SubmissionKey.from_form(answered.get("key", "")) if answered else None
        # Without a key of ours, pressing twice would store two requests.
        self.key_was_replaced = answered is not None and sent_key is None
        self.submission_key = sent_key or SubmissionKey.new()
        key = {"key": self.submission_key.for_form()}
        super().__init__(None if answered is None else answered | key, initial=key, label_suffix="")
        self.fields["about"].widget = forms.Select()
        labels = {
            "phone_is_shared": _("Others use this phone, so we don’t say who we are"),
            "message": _("In their own words"),
            "contact_method": _("Preferred contact"),
            "speaks": _("Speaks"),
            "patient_knows": _("Does the patient know about this request?"),
        }
        for name, field in self.fields.items():
            field.label = labels.get(name, field.label)
            if name != "patient_age":
                field.help_text = ""
        for name in ("contact_method", "speaks", "for_whom", "patient_knows"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            choices, field.widget = field.choices, forms.Select()
            field.choices = choices if name != "patient_knows" else [("", _("Choose")), *YesNo.choices]

    def clean(self) -> dict[str, Any]:
        answers = self.cleaned_data
        for name in ("for_whom", "onset"):
            if name in answers:
                answers[name] = answers[name] or self.fields[name].initial
        answers = super().clean()
        if answers.get("phone_is_shared"):
            answers["may_identify_clinic"] = YesNo.NO.value
        by_email = answers.get("contact_method") == ContactMethod.EMAIL
        if by_email and "email" not in self.errors and not answers.get("email"):
            self.add_error("email", self.fields["email"].error_messages["required"])
        return answers

    @property
    def relative_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.relative]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    def is_filled_in(self, names: Sequence[str]) -> bool:
        """Return whether one of these fields is wrong, or was changed."""
        fields = [self[name] for name in names]
        return any(
            field.errors or str(field.value() or field.initial or "") != str(field.initial or "")
            for field in fields
        )

    @property
    def has_relative(self) -> bool:
        return self.is_filled_in(self.relative)

    @property
    def has_more(self) -> bool:
        return self.is_filled_in(self.more)

    @cached_property
    def number(self) -> str:
        """The typed phone number in E.164; "" if it is not valid."""
        self.is_valid()
        phone: Phone | None = self.cleaned_data.get("phone")
        return phone.e164 if phone else ""

    @property
    def submission(self) -> Submission:
        """The valid form, for ``intake.submission.submit``."""
        speaks = self.cleaned_data["speaks"]
        return Submission(
            key=self.submission_key,
            answers=self.answers,
            notice=self.shown_notice,
            language=speaks if speaks in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
            taken_by=self.by,
            channel=self.cleaned_data["channel"],
            consent=self.cleaned_data["consent"],
        )
