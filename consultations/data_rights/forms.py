"""Forms of the data rights pages: erasure, copy, export and audit log."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from clinic_site.core.form_fields import Checkboxes, Radios, TextField, says
from consultations.data_rights import csv_export
from consultations.data_rights.erasure import STAFF_REASONS
from consultations.models import ConsultationRequest, Disclosure
from consultations.references import reference_prefix


class StaffForm(forms.Form):
    """Labels without a colon, and our own error sentences instead of the browser's."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})


class EraseForm(StaffForm):
    reason = forms.ChoiceField(
        label=_("Why it is erased"),
        choices=[(reason.value, reason.label) for reason in STAFF_REASONS],
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


class CopyForm(StaffForm):
    reason = forms.ChoiceField(
        label=_("How it was asked for"),
        choices=[(reason.value, reason.label) for reason in Disclosure.COPY_REASONS],
        widget=Radios,
        error_messages=says(_("Choose how the copy was asked for.")),
    )


class ExportForm(StaffForm):
    """``first`` and ``last`` are days at the clinic, both included."""

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
    reason = forms.ChoiceField(
        label=_("What it is for"),
        choices=[(reason.value, reason.label) for reason in Disclosure.EXPORT_REASONS],
        widget=Radios,
        error_messages=says(_("Choose what the export is for.")),
    )

    def clean_last(self) -> date:
        first, last = self.cleaned_data.get("first"), self.cleaned_data["last"]
        if first and last < first:
            raise ValidationError(_t("The last day cannot be before the first."))
        day: date = last
        return day


class LogFilter(StaffForm):
    """Filter of the audit log. Invalid values show an error and no entries."""

    reference = TextField(
        label=_("Reference"),
        longest=40,
        too_long=_("Enter a whole reference, like MS-7K4Q-92XD."),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": "16"}),
    )
    # Inactive accounts too: the log still names them.
    person = forms.ModelChoiceField(
        User.objects.order_by("email"),
        label=_("Person"),
        required=False,
        empty_label=_("Everybody"),
        error_messages=says(_("Choose a person from the list.")),
    )

    def clean_reference(self) -> str:
        typed = str(self.cleaned_data["reference"])
        reference = reference_prefix(typed)
        if typed and len(reference) < len("MS-7K4Q-92XD"):
            raise ValidationError(_t("Enter a whole reference, like MS-7K4Q-92XD."), code="invalid")
        return reference
