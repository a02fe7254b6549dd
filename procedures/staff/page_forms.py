"""Admin forms of pages, and of records with a photograph."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.conflicts import ConflictDetectingForm
from clinic_site.core.editing.text_changes import Change, compare
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.publishing import comparison, drafts, photos
from procedures.publishing.documents import PageDocument

# The position takes effect without publishing; the description may wait for its photograph, and the line
# about a tourniquet for its box.
BESIDE_THE_DOCUMENT = ("position", "photo_alt", "tourniquet")


class PhotoForm(ConflictDetectingForm):
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
        if self.conflict and self.files:
            self.add_error("photo_upload", _("Choose the photograph again: the browser has not kept it."))
        return cleaned

    def watched_fields(self, record: Any) -> list[str]:
        return [*super().watched_fields(record), "photo"]

    def save(self, commit: bool = True) -> Any:
        if encoded := self.cleaned_data.get("photo_upload"):
            self.instance.photo = encoded.store()
        elif self.cleaned_data.get("photo_remove"):
            self.instance.photo = None
        return super().save(commit)


class PageForm(PhotoForm):
    """A page's own fields. Its content includes its parts."""

    draft: PageDocument  # as stored, once the form has read it
    refusal = _(
        "%(who)s has saved this page since you opened it. Your text is still below, but not saved yet. "
        "Check the changes below, then save again to keep yours."
    )

    def last_editor(self, record: Any) -> Any:
        return record.edited_by

    def content(self, record: Any) -> Any:
        self.draft = drafts.read_draft(record, DRAFT_LANGUAGE)
        beside = {name: str(getattr(record, name)) for name in BESIDE_THE_DOCUMENT}
        return {"document": drafts.own_content(self.draft).to_json(), **beside}

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        before = PageDocument.from_json(opened["document"]) if opened else None
        beside = tuple(
            Change(name, self.label_of(name), compare(opened[name], now[name]))
            for name in BESIDE_THE_DOCUMENT
            if opened and opened[name] != now[name]
        )
        return comparison.changes(before, PageDocument.from_json(now["document"])) + beside
