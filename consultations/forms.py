"""The questions, the rules for their answers, and what each error says."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import HTML, Submit
from django import forms
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from clinic_site.forms import Section, form_helper, without_nul
from consultations import phones, services, subjects
from consultations.answers import (
    MESSAGE_LENGTH,
    NAME_LENGTH,
    RELATIONSHIP_LENGTH,
    Answers,
    ContactMethod,
    ForWhom,
)
from consultations.fields import (
    AgeField,
    EmailField,
    HiddenPattern,
    PhoneField,
    Radios,
    TextField,
    says,
)
from consultations.keys import SubmissionKey
from consultations.models import PrivacyNotice

# What led to the form: a page of this site, and the procedure it is about.
SOURCE_PAGE = r"/[A-Za-z0-9/_-]{0,199}"
SLUG = r"[A-Za-z0-9_-]{1,80}"

# What is asked while no overview, with the signs that clinicians wrote, is published.
SIGNS = (
    _("A part of the body is cut off or hanging."),
    _("Bleeding does not stop."),
    _("A limb, or a part that was operated on, turns cold, pale, blue or dark."),
)

# More than this many choices are a wall of buttons: they become a list to pick from.
MOST_RADIOS = 12


class EmergencyQuestion(forms.Form):
    """Asked before anything personal. ``signs`` are the emergencies to look for."""

    use_required_attribute = False

    emergency = forms.ChoiceField(
        label=_("Is any of this happening now?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=Radios,
        error_messages=says(_("Choose “Yes” or “No”")),
    )
    about = HiddenPattern(SLUG)
    source_page = HiddenPattern(SOURCE_PAGE)

    def __init__(self, *args: Any, signs: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items = format_html_join("", "<li>{}</li>", ((sign,) for sign in signs or SIGNS))
        self.fields["emergency"].help_text = format_html("<ul>{}</ul>", items)
        self.helper = form_helper(
            reverse("consultations:start"), "emergency", "about", "source_page", Submit("", _("Continue"))
        )

    def next_address(self) -> str:
        """Where the answer leads. What led here goes along, so that the form knows it."""
        if self.cleaned_data["emergency"] == "yes":
            return reverse("consultations:emergency")
        along = {
            name: self.cleaned_data[name] for name in ("about", "source_page") if self.cleaned_data[name]
        }
        return f"{reverse('consultations:request')}{'?' if along else ''}{urlencode(along)}"


class RequestForm(forms.Form):
    """The consultation request, in one page.

    ``posted`` is what a browser sent; of a field sent twice the last counts. Without it the form is
    shown with ``initial`` and nothing is judged. ``notice`` is the notice to show and agree to.
    """

    use_required_attribute = False

    key = forms.CharField(widget=forms.HiddenInput, required=False)
    notice = forms.CharField(widget=forms.HiddenInput, required=False)
    source_page = HiddenPattern(SOURCE_PAGE)

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
        widget=forms.TextInput(attrs={"autocomplete": "section-requester name", "class": "input--w20"}),
    )
    relationship = TextField(
        label=_("Your relationship to the patient"),
        help_text=_("Only if you are asking for someone else. For example: mother, son or neighbor."),
        sentence=_("Enter your relationship to the patient, for example mother or son"),
        longest=RELATIONSHIP_LENGTH,
        too_long=_("Shorten your relationship to the patient to 60 characters"),
        name=True,
        required=False,
        widget=forms.TextInput(attrs={"class": "input--w20"}),
    )
    patient_name = TextField(
        label=_("Patient’s full name"),
        help_text=_("The person who needs the consultation. In any language."),
        sentence=_("Enter the patient’s full name"),
        longest=NAME_LENGTH,
        too_long=_("Shorten the patient’s name to 120 characters"),
        name=True,
        # A section of its own: a browser that fills in the requester's name must not make them the patient.
        # Not "off": browsers do not give such a field back when "back" leads to the form.
        widget=forms.TextInput(attrs={"autocomplete": "section-patient name", "class": "input--w20"}),
    )
    patient_age = AgeField(
        label=_("Patient’s age in years"),
        help_text=_("For a baby under 1 year, enter 0."),
        sentence=_("Enter the patient’s age in whole years, from 0 to 120"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "input--w2"}),
    )
    about = forms.ChoiceField(
        label=_("What is it about?"),
        widget=Radios,
        error_messages=says(_("Choose what the request is about, or “I am not sure”")),
    )
    message = TextField(
        label=_("A few words about the problem"),
        help_text=_(
            "For example, what happened, when it began, and what is hard to do now. Up to 1,000 characters."
        ),
        longest=MESSAGE_LENGTH,
        too_long=_("Shorten your words about the problem to 1,000 characters"),
        lines=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    contact_method = forms.ChoiceField(
        label=_("How may we reach you?"),
        choices=ContactMethod.choices,
        widget=Radios,
        error_messages=says(_("Choose how we may reach you")),
    )
    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("We always need one. For a number outside Pakistan, start with + and the country code."),
        sentence=phones.INSTRUCTION,
        widget=forms.TextInput(
            attrs={
                "type": "tel",
                "autocomplete": "section-requester tel",
                "inputmode": "tel",
                "class": "input--w20",
                "dir": "ltr",
            }
        ),
    )
    email = EmailField(
        label=_("Email address"),
        help_text=_("Only if you chose email."),
        sentence=_("Enter an email address, like name@example.com"),
        required=False,
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "section-requester email",
                "inputmode": "email",
                "class": "input--w20",
                "dir": "ltr",
            }
        ),
    )
    consent = forms.BooleanField(
        label=_("I agree that the clinic keeps these details and contacts me about this request."),
        error_messages=says(_("Tick the box to agree, so that we may keep your details and contact you")),
    )

    # Needed only with certain answers to other questions. Their hints say when, so they are not "(optional)".
    conditional = ("requester_name", "relationship", "email")

    def __init__(
        self,
        posted: Mapping[str, str] | None = None,
        *,
        notice: PrivacyNotice,
        language: str,
        initial: Mapping[str, str] | None = None,
    ) -> None:
        answered = without_nul(posted if posted is not None else initial or {})
        self.shown_notice, self.language = notice, language
        sent_key = SubmissionKey.from_form(answered.get("key", ""))
        self.has_own_key = sent_key is not None
        self.submission_key = sent_key or SubmissionKey.new()
        answered["key"] = self.submission_key.for_form()
        if answered.get("notice") != str(notice.pk):
            answered["notice"] = str(notice.pk)
            answered.pop("consent", None)  # ticked, if at all, under another text
        if posted is None:
            super().__init__(initial=answered)
        else:
            super().__init__(data=answered)
        self._offer_subjects(answered.get("about", ""))
        # Not the address of the empty form: a browser forgets the page to whose own address something was
        # sent, and "back" would bring a form with another key, so that sending it again stored twice.
        self.helper = form_helper(f"{reverse('consultations:request')}?answers", *self._layout())

    def _offer_subjects(self, chosen: str) -> None:
        about = self.fields["about"]
        assert isinstance(about, forms.ChoiceField)
        offered = subjects.choices(self.language, chosen)
        if len(offered) > MOST_RADIOS:
            about.widget = forms.Select()
            offered = [("", ""), *offered]
        about.choices = offered

    @staticmethod
    def _layout() -> tuple[Any, ...]:
        return (
            "key",
            "notice",
            "source_page",
            Section(_("Who is asking"), "for_whom", "requester_name", "relationship"),
            Section(_("The patient"), "patient_name", "patient_age"),
            Section(_("The problem"), "about", "message"),
            Section(_("Reaching you"), "contact_method", "phone", "email"),
            Section(_("Your details"), HTML('{% include "consultations/notice_summary.html" %}'), "consent"),
            Submit("", _("Continue")),
        )

    def focus_on(self, name: str) -> None:
        """Let the page open at a question, as after "Change"."""
        if name in self.fields and not self.fields[name].widget.is_hidden:
            self.fields[name].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or self.cleaned_data
        if answers.get("for_whom") in (ForWhom.CHILD, ForWhom.ADULT):
            self._require("requester_name")
            self._require("relationship")
        method, phone = answers.get("contact_method"), answers.get("phone")
        if method == ContactMethod.EMAIL:
            self._require("email")
        if method in (ContactMethod.WHATSAPP, ContactMethod.SMS) and phone and not phone.is_mobile:
            self.add_error("phone", _("Enter a mobile number, like 0301 2345678, or choose “Phone call”"))
        return answers

    def _require(self, name: str) -> None:
        if name not in self.errors and not self.cleaned_data.get(name):
            self.add_error(name, self.fields[name].error_messages["required"])

    @property
    def answers(self) -> Answers:
        """The answers of a valid form."""
        given = self.cleaned_data
        subject = subjects.find(given["about"], self.language)
        assert subject, "only what can be found is on offer"
        return Answers(
            for_whom=given["for_whom"],
            requester_name=given["requester_name"],
            relationship=given["relationship"],
            patient_name=given["patient_name"],
            patient_age=given["patient_age"],
            about=subject.about.value,
            procedure=subject.procedure,
            procedure_name=subject.name,
            message=given["message"],
            contact_method=given["contact_method"],
            phone_as_typed=given["phone"].as_typed,
            phone=given["phone"].e164,
            email=given["email"],
        )

    @property
    def submission(self) -> services.Submission:
        """The valid form as ``services.submit`` takes it."""
        return services.Submission(
            key=self.submission_key,
            answers=self.answers,
            notice=self.shown_notice,
            language=self.language,
            source_page=self.cleaned_data["source_page"],
        )

    def hidden_answers(self) -> list[tuple[str, str]]:
        """What was sent, to travel in the page until it is sent for good."""
        return [(name, self.data.get(name, "")) for name in self.fields]

    def rows_to_check(self) -> list[tuple[forms.BoundField, str]]:
        """Each question of a valid form with its answer in words, in order.

        A question that the other answers made needless is left out while it has no answer.
        """
        return [
            (self[name], words)
            for name, words in self.answers.in_words().items()
            if words or name not in self.conditional
        ]
