"""The form in which a page is signed and published."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.text_changes import Change
from procedures.models import Page, Practitioner, Publication
from procedures.publishing import publishing
from procedures.publishing.checks import MAX_REVIEW_MONTHS, PublicationProblem, months_after
from procedures.publishing.comparison import PLACING


class SignOffForm(forms.Form):
    """The sign-off of a page: who reviewed it and when, when the next review is due, and what changed.

    ``changes`` are those since the last review; each clinical change has a box to confirm that it was
    read. None means that no reviewed version has been live: one box confirms the whole page. ``seen`` is
    the fingerprint of the page as it was read.
    """

    reviewer = forms.ModelChoiceField(
        label=_("Reviewed by"), queryset=Practitioner.objects.active(), required=False
    )
    reviewed_on = forms.DateField(
        label=_("Reviewed on"),
        required=False,
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    review_due_on = forms.DateField(
        label=_("Next review by"),
        required=False,
        initial=lambda: months_after(timezone.localdate(), MAX_REVIEW_MONTHS),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Within 36 months."),
    )
    is_minor = forms.BooleanField(
        label=_("Only typing is corrected"),
        required=False,
        help_text=_("The review and its dates stay as they are. Not if a meaning or a number changes."),
    )
    change_note = forms.CharField(
        label=_("What changed"),
        max_length=200,
        help_text=_("One sentence that patients may read."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    live_from = forms.DateTimeField(
        label=_("Live from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Time in Lahore. Leave empty to publish now."),
    )
    # If it is missing, the form is shown again with the current page.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, language: str, changes: tuple[Change, ...] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = language
        self.changes = tuple(change for change in changes or () if change.key != PLACING)
        if changes is None:
            self.fields["read_all"] = forms.BooleanField(
                label=_("I have read the whole page"),
                error_messages={"required": _("Read the whole page and tick the box.")},
            )
        for change in self.changes:
            self.fields[f"read_{change.key}"] = forms.BooleanField(
                label=_("I have read this change"),
                error_messages={"required": _("Read this change and tick the box.")},
            )

    def rows(self) -> list[tuple[Change, forms.BoundField]]:
        """Return each change with its box."""
        return [(change, self[f"read_{change.key}"]) for change in self.changes]

    def sign_off_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith("read_")]

    def clean_reviewed_on(self) -> date | None:
        reviewed_on: date | None = self.cleaned_data["reviewed_on"]
        if reviewed_on and reviewed_on > timezone.localdate():
            raise forms.ValidationError(_("The review cannot be in the future."))
        return reviewed_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("is_minor"):
            for name, message in (
                ("reviewer", _("Choose the reviewer.")),
                ("reviewed_on", _("Enter the date of the review.")),
                ("review_due_on", _("Enter the date of the next review.")),
            ):
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, message)
            due_on = cleaned.get("review_due_on")
            if due_on and due_on <= timezone.localdate():
                self.add_error("review_due_on", _("The next review must be in the future."))
        return cleaned

    def publish(self, page: Page, *, by: Any) -> Publication:
        """Publish the page as it was read; a correction keeps the last review. Raises as the services do."""
        data = self.cleaned_data
        sign_off = None
        if not data["is_minor"]:
            sign_off = publishing.SignOff(data["reviewer"], data["reviewed_on"], data["review_due_on"])
        return publishing.publish(
            page,
            language=self.language,
            sign_off=sign_off,
            change_note=data["change_note"],
            by=by,
            seen=data["seen"],
            live_from=data["live_from"],
        )

    def add_problems(self, problems: tuple[PublicationProblem, ...]) -> list[PublicationProblem]:
        """Add problems to their fields of this form; return the others."""
        for problem in problems:
            if problem.field in self.fields:
                self.add_error(problem.field, problem.message)
        return [problem for problem in problems if problem.field not in self.fields]
