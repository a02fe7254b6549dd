"""The request form: answers carried from page to page, and the submission made of them."""

import copy
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, strip_tags
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clinic_site.clinic.models import OpeningHours
from clinic_site.core.form_fields import HiddenPattern
from clinic_site.core.form_layout import without_nul
from clinic_site.core.http.languages import active_language
from clinic_site.core.text import plain_text
from consultations.intake import procedure_choices
from consultations.intake.form_fields import AboutField, MultipleChoiceBoxes
from consultations.intake.questions import FOLDED, Questions
from consultations.intake.submission import Submission
from consultations.models import PrivacyNotice
from consultations.models.answers import SEVERAL_CHOICES
from consultations.tokens import SubmissionKey

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

# More choices than this are shown as a select.
MAX_RADIOS = 12
# A form that is sent sooner after it was made was not filled in by a person.
MIN_FILLING_TIME = timedelta(seconds=3)
# The page of this site that led to the form.
SOURCE_PAGE = r"/[A-Za-z0-9/_-]{0,199}"
# "Check your answers" shows the questions in these groups, each with one "Change".
GROUPS = (
    (
        _("Who"),
        ("for_whom", "requester_name", "relationship", "patient_knows", "patient_name", "patient_age"),
    ),
    (_("Problem"), ("about", "onset", "message")),
    (
        _("Contact"),
        ("phone", "phone_is_shared", "may_identify_clinic", "contact_method", "email", "speaks"),
    ),
    (_("Extras"), ("days", "parts_of_day", "woman_staff", "city", "access_needs")),
)


class SharedFields(dict[str, forms.Field]):
    """Form fields that are not copied for each form, because copying them costs more than validating.

    They must not be changed: ``RequestForm.prepare_to_show`` copies them first.
    """

    def __deepcopy__(self, memo: object) -> "SharedFields":
        return SharedFields(self)


class RequestForm(Questions):
    """The request form, in one page, in the active language.

    ``posted``: what a browser sent. Without it the form shows ``initial``, unvalidated. ``notice``: the
    privacy notice to agree to. ``key``: overrides the posted key.
    """

    key = forms.CharField(widget=forms.HiddenInput, required=False)
    notice = forms.CharField(widget=forms.HiddenInput, required=False)
    source_page = HiddenPattern(SOURCE_PAGE)
    # Hidden from people: only programs fill it in.
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(
        self,
        posted: Mapping[str, str] | None = None,
        *,
        notice: PrivacyNotice,
        browser: str = "",
        network: str = "",
        key: SubmissionKey | None = None,
        initial: Mapping[str, str] | None = None,
    ) -> None:
        answered = _answered(posted if posted is not None else initial or {})
        self.shown_notice, self.browser, self.network = notice, browser, network
        self.language = active_language()
        sent_key = key or SubmissionKey.from_form(answered.get("key", ""))
        # A new key, in a form that was open already: sending twice would store twice if the patient did not
        # send the new key.
        self.key_was_replaced = sent_key is None and (posted is not None or "key" in answered)
        made_at = 0 if answered.get("key") else None  # a form with an unreadable key was not made just now
        self.submission_key = sent_key or SubmissionKey.new(made_at)
        answered["key"] = self.submission_key.for_form()
        # Sending agrees to the notice shown, so a page with another one must not be sent.
        self.must_be_shown_again = self.key_was_replaced or answered.get("notice") != str(notice.pk)
        answered["notice"] = str(notice.pk)
        super().__init__(answered if posted is not None else None, initial=answered)

    def _clean_fields(self) -> None:
        """Validate as Django does, without its bound fields, which translate each label and hint."""
        for name, field in self.fields.items():
            try:
                given = field.widget.value_from_datadict(self.data, self.files, name)
                self.cleaned_data[name] = field.clean(given)
            except ValidationError as error:
                self.add_error(name, error)

    def prepare_to_show(self, focused: str = "") -> None:
        """Give the form fields of its own, with today's choices and the length of the message in a hint.

        ``focused`` is the question that takes the focus when the page opens, as after "Change".
        """
        self._bound_fields_cache: dict[str, forms.BoundField] = {}  # it has those of the shared fields
        self.fields = copy.deepcopy(dict(self.base_fields))
        if length := len(plain_text(self.initial.get("message", ""))):
            written = ngettext("You have %(n)d so far.", "You have %(n)d so far.", length)
            message = self.fields["message"]
            message.help_text = format_html("{} {}", message.help_text, written % {"n": length})
        if focused in self.fields and not self.fields[focused].widget.is_hidden:
            self.fields[focused].widget.attrs["autofocus"] = True
        about, days = self.fields["about"], self.fields["days"]
        assert isinstance(about, AboutField)
        assert isinstance(days, MultipleChoiceBoxes)
        offered = procedure_choices.choices(self.language, self.initial.get("about", ""))
        if len(offered) > MAX_RADIOS:
            about.widget = forms.Select()
            offered = [("", ""), *((value, strip_tags(label)) for value, label in offered)]
        about.choices = offered
        open_days = set(OpeningHours.objects.values_list("weekday", flat=True))
        if open_days:
            kept = {*map(str, open_days), *self.initial["days"]}
            days.choices = [choice for choice in OpeningHours.Weekday.choices if str(choice[0]) in kept]

    @property
    def folded(self) -> list[forms.BoundField]:
        return [self[name] for name in FOLDED]

    @property
    def is_unfolded(self) -> bool:
        """Return whether a folded question is answered, wrong, or to be changed."""
        return any(
            field.errors
            or field.value() not in (None, "", [], False, field.field.initial)
            or "autofocus" in field.field.widget.attrs
            for field in self.folded
        )

    @property
    def submission(self) -> Submission:
        """The valid form, for ``intake.submission.submit``."""
        suspicions = {
            "trap": bool(self.cleaned_data["website"]),
            # A negative age means that a clock was set back, or two servers disagree: it says nothing.
            "too fast": timedelta(0) <= self.submission_key.age < MIN_FILLING_TIME,
        }
        return Submission(
            key=self.submission_key,
            answers=self.answers,
            notice=self.shown_notice,
            language=self.language,
            source_page=self.cleaned_data["source_page"],
            browser=self.browser,
            network=self.network,
            suspicions=tuple(sign for sign, is_seen in suspicions.items() if is_seen),
        )

    def hidden_answers(self) -> list[tuple[str, str]]:
        """Name and value of every answer, for hidden fields."""
        return [
            (name, value)
            for name in self.fields
            for value in (self.data[name] if name in SEVERAL_CHOICES else [self.data.get(name, "")])
        ]

    def groups_to_check(self) -> "Iterator[tuple[Words, str, list[tuple[Words, str]]]]":
        """Yield the four groups of a valid form: heading, first question, and labels with answers."""
        words = self.answers.answers_in_words()
        # In the patient's words, not with the name of a procedure.
        chosen = self.data["about"]
        words["about"] = dict(procedure_choices.choices(self.language, chosen))[chosen]
        if not self.answers.phone_is_shared:
            words["may_identify_clinic"] = ""
        for heading, names in GROUPS:
            rows = [(self.fields[name].label or "", words[name]) for name in names if words[name]]
            yield heading, names[0], rows


RequestForm.base_fields = SharedFields(RequestForm.base_fields)


def _answered(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a browser sent as plain data; the last value of a field, or a list for checkboxes."""
    answered: dict[str, Any] = without_nul(sent)
    for name in SEVERAL_CHOICES:
        several = sent.getlist(name) if isinstance(sent, MultiValueDict) else sent.get(name, [])
        answered[name] = [str(value).replace("\x00", "") for value in several[:20]]
    return answered
