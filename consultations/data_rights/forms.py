"""What the pages of keeping and forgetting ask."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import Checkboxes, HiddenPattern, Radios, TextField, says
from consultations.data_rights import csv_export
from consultations.data_rights.erasure import WISHES, Reason
from consultations.models import ConsultationRequest
from consultations.references import reference_prefix
from consultations.text_folding import words

REASON_LENGTH = 300
# As many digits in a row are a phone number, or the number of an identity card.
LONGEST_NUMBER = 6
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
REASON_NAMES = {
    Reason.ASKED_BY_PHONE: _("Asked for by phone"),
    Reason.ASKED_IN_WRITING: _("Asked for in writing"),
    Reason.ASKED_IN_PERSON: _("Asked for in person"),
    Reason.NEVER_WANTED: _("Sent by somebody else, without the patient’s wish"),
}


class ReasonField(TextField):
    """Free words, which stay for good: so they may name nobody."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Reason"),
            help_text=_(
                "Such as “asked for by letter”. No name, no number and nothing about health: "
                "it stays in the log for good."
            ),
            sentence=_("Enter the reason."),
            longest=REASON_LENGTH,
            too_long=_("Shorten the reason to 300 characters. It has %(length)s."),
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            **options,
        )

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        digits = "".join(character if character.isdigit() else " " for character in text.replace(" ", ""))
        if any(len(number) > LONGEST_NUMBER for number in digits.split()):
            raise ValidationError(_("Take the number out of the reason."), code="number")
        return text


class AskingForm(forms.Form):
    """Labels without a colon, and errors in our own sentences only."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""


class EraseForm(AskingForm):
    reason = forms.ChoiceField(
        label=_("Why it is erased"),
        choices=[(reason.value, REASON_NAMES[reason]) for reason in WISHES],
        widget=Radios,
        error_messages=says(_("Choose why it is erased.")),
    )
    reference = TextField(
        label=_("Type the reference to confirm"),
        sentence=_("Type the reference of this request."),
        longest=40,
        too_long=_("Type the reference of this request."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": "16"}),
    )

    def __init__(self, *args: Any, consultation: ConsultationRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.consultation = consultation

    def clean_reference(self) -> str:
        typed = str(self.cleaned_data["reference"])
        if reference_prefix(typed) != self.consultation.reference:
            raise ValidationError(
                _t("This is not the reference of this request. Type %(reference)s.")
                % {"reference": self.consultation.reference},
                code="other",
            )
        return typed


class CopyForm(AskingForm):
    reason = ReasonField()

    def __init__(self, *args: Any, consultation: ConsultationRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.consultation = consultation

    def clean_reason(self) -> str:
        """The log outlives an erasure, and with it what is written here."""
        reason = str(self.cleaned_data["reason"])
        names = f"{self.consultation.patient_name} {self.consultation.requester_name}"
        if _may_name(names) & _may_name(reason):
            raise ValidationError(_t("Take the name out of the reason."), code="name")
        return reason


class ExportForm(AskingForm):
    """``first`` and ``last`` are days of the clinic's calendar, both included."""

    first = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages=says(_("Enter the first day, like 2026-11-01.")),
    )
    last = forms.DateField(
        label=_("To"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages=says(_("Enter the last day, like 2026-11-30.")),
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        choices=[(column.name, column.label) for column in csv_export.COLUMNS],
        widget=Checkboxes,
        error_messages=says(_("Choose at least one column.")),
    )
    reason = ReasonField()

    def clean(self) -> dict[str, Any]:
        answered = super().clean() or self.cleaned_data
        first, last = answered.get("first"), answered.get("last")
        if first and last and last < first:
            self.add_error("last", _t("The last day cannot be before the first."))
        elif first and last and csv_export.names_somebody(_may_name(answered.get("reason", "")), self.period):
            # The log outlives an erasure, and with it what is written here.
            problem = _t("Take the name out of the reason. One of its words is a name in these requests.")
            self.add_error("reason", problem)
        return answered

    @property
    def period(self) -> csv_export.Period:
        return csv_export.Period(_begins(self.cleaned_data["first"]), _ends(self.cleaned_data["last"]))


class LogFilter(AskingForm):
    """What the log is asked for. Whatever is no answer shows nothing, and says so."""

    reference = TextField(
        label=_("Reference"),
        longest=40,
        too_long=_("Enter a whole reference, like MS-7K4Q-92XD."),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": "16"}),
    )
    person = forms.ChoiceField(
        label=_("Person"),
        required=False,
        error_messages=says(_("Choose a person from the list.")),
    )
    before = HiddenPattern(r"[0-9]{1,18}")

    def __init__(self, *args: Any, people: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"].choices = [("", _t("Everybody")), *people]  # type: ignore[attr-defined]

    def clean_reference(self) -> str:
        typed = str(self.cleaned_data["reference"])
        reference = reference_prefix(typed)
        if typed and len(reference) < len("MS-7K4Q-92XD"):
            raise ValidationError(_t("Enter a whole reference, like MS-7K4Q-92XD."), code="invalid")
        return reference


def _may_name(text: str) -> set[str]:
    """Its words but for the short ones, which are as often no names: "Ali" is told, "Al" is not."""
    return {word for word in words(text) if len(word) > 2}


def _possible(day: date) -> date:
    """The first and the last day that a calendar knows are none by the clock of every place."""
    return min(max(day, FIRST_DAY), LAST_DAY)


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(_possible(day), time.min), timezone.get_default_timezone())


def _ends(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(_possible(day), time.max), timezone.get_default_timezone())
