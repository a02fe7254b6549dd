"""Forms for a photograph, and for signing off a page."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from procedures.models import Practitioner
from procedures.publishing import photos
from procedures.publishing.checks import MAX_REVIEW_MONTHS, PublicationProblem, months_after
from procedures.publishing.comparison import Change
from procedures.publishing.publishing import SignOff


class PhotoForm(forms.ModelForm[Any]):
    """For a model with ``photo`` and ``photo_alt``. Photographs are re-encoded; uploads are not kept."""

    photo_upload = forms.FileField(
        label=_("Photograph"),
        required=False,
        help_text=_("JPEG, PNG, WebP or AVIF. The place and time it was taken are removed."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/avif"}),
        error_messages={"empty": _("This file is empty. Choose a photograph.")},
    )
    photo_remove = forms.BooleanField(label=_("Remove the photograph"), required=False)

    def clean_photo_upload(self) -> photos.EncodedPhoto | None:
        upload = self.cleaned_data.get("photo_upload")
        return photos.encode(upload) if upload else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        keeps = self.instance.photo_id and not cleaned.get("photo_remove")
        if (cleaned.get("photo_upload") or keeps) and not cleaned.get("photo_alt"):
            self.add_error("photo_alt", _("Describe the photograph for people who cannot see it."))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if encoded := self.cleaned_data.get("photo_upload"):
            self.instance.photo = encoded.store()
        elif self.cleaned_data.get("photo_remove"):
            self.instance.photo = None
        return super().save(commit)


class SignOffForm(forms.Form):
    """The sign-off of a page: who reviewed it and when, when the next review is due, and what changed.

    ``changes`` are those since the last review; each clinical change has a box to confirm that it was
    read. None means that no reviewed version has been live: one box confirms the whole page. ``seen`` is
    the fingerprint of the page as it was read.
    """

    reviewer = forms.ModelChoiceField(
        label=_("Reviewed by"), queryset=Practitioner.objects.filter(is_active=True), required=False
    )
    reviewed_on = forms.DateField(
        label=_("Reviewed on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    review_due_on = forms.DateField(
        label=_("Next review by"),
        required=False,
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

    def __init__(self, *args: Any, changes: tuple[Change, ...] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.fields["reviewed_on"].initial = today
        self.fields["review_due_on"].initial = months_after(today, MAX_REVIEW_MONTHS)
        self.changes = tuple(change for change in changes or () if change.is_clinical)
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

    @property
    def sign_off(self) -> SignOff:
        data = self.cleaned_data
        return SignOff(data["reviewer"], data["reviewed_on"], data["review_due_on"])

    def add_missing(self, missing: tuple[PublicationProblem, ...]) -> tuple[PublicationProblem, ...]:
        """Add problems to their fields of this form; return the others."""
        for item in missing:
            if item.field in self.fields:
                self.add_error(item.field, item.message)
        return tuple(item for item in missing if item.field not in self.fields)
