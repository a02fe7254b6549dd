"""The consultation request: how the questions are shown, travel, are checked and handed over."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from crispy_forms.layout import HTML, Submit
from django import forms
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clinic_site.clinic.models import OpeningHours
from clinic_site.core.form_layout import Collapsible, Honeypot, Section, form_helper, without_nul
from consultations.answers import Answers
from consultations.intake import attachments as keeping
from consultations.intake import procedure_choices
from consultations.intake import submission as intake_submission
from consultations.intake.emergency_form import SOURCE_PAGE
from consultations.intake.form_fields import AnyOf, HiddenPattern, says
from consultations.intake.questions import Questions
from consultations.intake.submission import MOST_PHOTOGRAPHS
from consultations.models import Photograph, PrivacyNotice
from consultations.text_folding import plain_text
from consultations.tokens import SubmissionKey

# More than this many choices are a wall of buttons: they become a list to pick from.
MOST_RADIOS = 12
# The questions with several answers; those that stand folded away, because few need them.
SEVERAL = ("days", "parts_of_day")
MORE = ("days", "parts_of_day", "woman_staff", "access_needs")
# Between the form's making and its sending. Nobody reads it, fills it in and checks it in less.
FASTEST_PERSON = timedelta(seconds=3)
DIGEST = re.compile(r"\b[0-9a-f]{64}\b", re.ASCII)
PHOTOGRAPHS_COME_LATER = '{% include "consultations/intake/photographs_come_later.html" %}'


class RequestForm(Questions):
    """The consultation request, in one page.

    ``posted`` is what a browser sent; of a field sent twice the last counts. Without it the form is
    shown with ``initial`` and nothing is judged. ``notice`` is the notice to show and agree to.
    """

    key = forms.CharField(widget=forms.HiddenInput, required=False)
    notice = forms.CharField(widget=forms.HiddenInput, required=False)
    source_page = HiddenPattern(SOURCE_PAGE)
    # Nobody sees this field. Whoever fills it in fills in every field of every form.
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    consent = forms.BooleanField(
        label=_("I agree that the clinic keeps these details and contacts me about this request."),
        error_messages=says(_("Tick the box to agree, so that we may keep your details and contact you")),
    )

    def __init__(
        self,
        posted: Mapping[str, str] | None = None,
        *,
        notice: PrivacyNotice,
        language: str,
        browser: str = "",
        initial: Mapping[str, str] | None = None,
    ) -> None:
        answered = _answered(posted if posted is not None else initial or {})
        self.shown_notice, self.language, self.browser = notice, language, browser
        sent_key = SubmissionKey.from_form(answered.get("key", ""))
        self.has_own_key = sent_key is not None
        # A key that can no longer be read has taken with it what waited under it.
        self.has_lost_key = bool(answered.get("key")) and sent_key is None
        self.submission_key = sent_key or _new_key(is_lost=self.has_lost_key)
        answered["key"] = self.submission_key.for_form()
        if answered.get("notice") != str(notice.pk):
            answered["notice"] = str(notice.pk)
            answered.pop("consent", None)  # ticked, if at all, under another text
        if posted is None:
            super().__init__(initial=answered)
        else:
            super().__init__(data=answered)
        self._offer_subjects(answered.get("about", ""))
        self._offer_days(answered.get("days", []))
        self._count(answered.get("message", ""))
        # Not the address of the empty form: a browser forgets the page to whose own address something was
        # sent, and "back" would bring a form with another key, so that sending it again stored twice.
        self.helper = form_helper(f"{reverse('consultations:request')}?answers", *self._layout())

    def _offer_subjects(self, chosen: str) -> None:
        about = self.fields["about"]
        assert isinstance(about, forms.ChoiceField)
        offered = procedure_choices.choices(self.language, chosen)
        if len(offered) > MOST_RADIOS:
            about.widget = forms.Select()
            offered = [("", ""), *offered]
        about.choices = offered

    def _offer_days(self, chosen: list[str]) -> None:
        """The days on which the clinic is open, and those that are chosen already."""
        days = self.fields["days"]
        assert isinstance(days, AnyOf)
        open_days = set(OpeningHours.objects.values_list("weekday", flat=True))
        if open_days:
            kept = {*map(str, open_days), *chosen}
            days.choices = [choice for choice in OpeningHours.Weekday.choices if str(choice[0]) in kept]

    def _count(self, message: str) -> None:
        """Say how much was written. It is true when it is shown: no script keeps it."""
        if length := len(plain_text(message)):
            self.fields["message"].help_text = format_html(
                "{} {}",
                self.fields["message"].help_text,
                ngettext("You have written %(n)d so far.", "You have written %(n)d so far.", length)
                % {"n": length},
            )

    def _layout(self) -> tuple[Any, ...]:
        # What is answered, wrong, or asked to be changed, is in sight.
        is_open = bool(set(MORE) & self.errors.keys()) or any(self[name].value() for name in MORE)
        self.folded = Collapsible(_("Good times, and what you need (optional)"), *MORE, is_open=is_open)
        return (
            "key",
            "notice",
            "source_page",
            Section(_("Who is asking"), "for_whom", "requester_name", "relationship", "patient_knows"),
            Section(_("The patient"), "patient_name", "patient_age", "city"),
            Section(_("The problem"), "about", "onset", "message", HTML(PHOTOGRAPHS_COME_LATER)),
            Section(
                _("Reaching you"),
                "contact_method",
                "phone",
                "whatsapp",
                "email",
                "may_identify_clinic",
                "speaks",
                "speaks_other",
            ),
            self.folded,
            Honeypot("website"),
            Section(
                _("Your details"),
                HTML('{% include "consultations/data_rights/privacy_notice_summary.html" %}'),
                "consent",
            ),
            Submit("", _("Continue")),
        )

    def focus_on(self, name: str) -> None:
        """Let the page open at a question, as after "Change"."""
        if name in self.fields and not self.fields[name].widget.is_hidden:
            self.fields[name].widget.attrs["autofocus"] = True
            self.folded.is_open |= name in MORE

    @property
    def answers(self) -> Answers:
        """The answers of a valid form."""
        given = self.cleaned_data
        subject = procedure_choices.find(given["about"], self.language)
        assert subject, "only what can be found is on offer"
        return Answers(
            for_whom=given["for_whom"],
            requester_name=given["requester_name"],
            relationship=given["relationship"],
            patient_knows=given["patient_knows"],
            patient_name=given["patient_name"],
            patient_age=given["patient_age"],
            city=given["city"],
            about=subject.about.value,
            procedure=subject.procedure,
            procedure_name=subject.name,
            onset=given["onset"],
            message=given["message"],
            contact_method=given["contact_method"],
            phone_as_typed=given["phone"].as_typed,
            phone=given["phone"].e164,
            whatsapp_as_typed=given["whatsapp"].as_typed if given["whatsapp"] else "",
            whatsapp=given["whatsapp"].e164 if given["whatsapp"] else "",
            email=given["email"],
            may_identify_clinic=given["may_identify_clinic"],
            days=given["days"],
            parts_of_day=given["parts_of_day"],
            speaks=given["speaks"],
            speaks_other=given["speaks_other"],
            woman_staff=given["woman_staff"],
            access_needs=given["access_needs"],
        )

    @property
    def key_of_request(self) -> SubmissionKey:
        """The key under which the valid form is stored, or would be now."""
        return intake_submission.key_of(self.submission_key, self.answers)

    @property
    def submission(self) -> intake_submission.Submission:
        """The valid form as ``services.submit`` takes it."""
        return intake_submission.Submission(
            key=self.submission_key,
            answers=self.answers,
            notice=self.shown_notice,
            language=self.language,
            source_page=self.cleaned_data["source_page"],
            browser=self.browser,
            shown=self.shown_photographs,
            suspicions=tuple(self._suspicions()),
        )

    def _suspicions(self) -> Iterator[str]:
        """What no person does. Whoever does it is stored all the same, for a person to look at."""
        if self.cleaned_data["website"]:
            yield "trap"
        if self.submission_key.age < FASTEST_PERSON:
            yield "too fast"

    @property
    def photographs(self) -> list[Photograph]:
        """The files that wait with this form."""
        return list(Photograph.objects.waiting_with(self.submission_key.hash))

    @property
    def shown_photographs(self) -> frozenset[str]:
        """The digests of the files that stood on the page of which a button was pressed.

        None once the key is lost: that page says so, and they are not looked for twice.
        """
        if self.has_lost_key:
            return frozenset()
        return frozenset(DIGEST.findall(self.data.get("shown", ""))[:MOST_PHOTOGRAPHS])

    def take_out(self, photograph: str) -> None:
        """Remove a file, by its id as a browser sent it."""
        if photograph.isascii() and photograph.isdigit() and len(photograph) < 19:
            keeping.take_out(self.submission_key, int(photograph))

    def hidden_answers(self) -> list[tuple[str, str]]:
        """What was sent, to travel in the page until it is sent for good."""
        return [
            (name, value)
            for name in self.fields
            for value in (self.data.get(name, []) if name in SEVERAL else [self.data.get(name, "")])
        ]

    def rows_to_check(self) -> list[tuple[forms.BoundField, str]]:
        """Each question of a valid form with its answer in words, in order.

        A question that the other answers made needless is left out while it has no answer; so are those
        that were folded away, but for the first, which leads back to all of them.
        """
        left_out = {*self.conditional, *MORE[1:]}
        return [
            (self[name], words)
            for name, words in self.answers.in_words().items()
            if words or name not in left_out
        ]


def _new_key(*, is_lost: bool) -> SubmissionKey:
    return SubmissionKey.in_place_of_another() if is_lost else SubmissionKey.new()


def _answered(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser sent, as plain data: of a field sent twice the last; of several boxes a list."""
    answered: dict[str, Any] = without_nul(sent)
    for name in SEVERAL:
        several = sent.getlist(name) if isinstance(sent, MultiValueDict) else sent.get(name, [])
        answered[name] = [str(value).replace("\x00", "") for value in several[:20]]
    return answered
