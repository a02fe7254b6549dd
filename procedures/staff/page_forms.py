"""Admin forms that detect edit conflicts between colleagues, and that take a photograph."""

from typing import Any, cast

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.core import signing
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from procedures.models.pages import DRAFT_LANGUAGE
from procedures.publishing import comparison, drafts, photos
from procedures.publishing.comparison import Change
from procedures.publishing.documents import PageDocument

# The change message of the admin for a form saved without changes.
UNCHANGED = "[]"


class ConflictDetectingForm(forms.ModelForm[Any]):
    """A form that detects when a colleague has saved the record since it was opened.

    The hidden field ``opened`` holds the signed content of the record when the form was opened. If the
    content differs when the form is sent, nothing is saved: the editor sees who changed what, and can
    save again.
    """

    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    conflict: tuple[Change, ...] = ()
    refusal = _(
        "%(who)s has saved this text since you opened it. Your text is still below, but not saved yet. "
        "Check the changes below, then save again to keep yours."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["opened"] = self._signed(self.content(self.instance))

    @property
    def changed_data(self) -> list[str]:
        return [name for name in super().changed_data if name != "opened" and not self._has_same_lines(name)]

    def _has_same_lines(self, name: str) -> bool:
        """Compare texts without their line ends, which differ between browsers."""
        was, now = self.initial.get(name), self.data.get(self.add_prefix(name))
        return isinstance(was, str) and isinstance(now, str) and was.splitlines() == now.splitlines()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk:
            self._detect_conflict()
        return cleaned

    def _detect_conflict(self) -> None:
        # The lock holds until this form is saved, so that simultaneous saves run one after the other.
        record = type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)
        opened, now = self._opened(), self.content(record)
        self.conflict = self.changes(opened, now)
        if opened and not self.conflict:
            return
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("opened")] = self._signed(now)
        self.data = data
        self.add_error(None, self.refusal % {"who": self.last_editor(record) or _t("A colleague")})

    @property
    def _salt(self) -> str:
        """Each record has its own: the content of another record cannot be read."""
        return f"opened {self.instance._meta.label} {self.instance.pk}"

    def _signed(self, content: Any) -> str:
        return signing.dumps(content, salt=self._salt, compress=True)

    def _opened(self) -> Any:
        """Return the content when the form was opened, or None: then the whole record is shown as changed."""
        try:
            return signing.loads(self.data.get(self.add_prefix("opened"), ""), salt=self._salt)
        except signing.BadSignature:
            return None

    def last_editor(self, record: Any) -> Any:
        saved = LogEntry.objects.filter(
            content_type=get_content_type_for_model(record), object_id=str(record.pk)
        )
        last = saved.exclude(change_message=UNCHANGED).select_related("user").first()
        return last and last.user

    def content(self, record: Any) -> Any:
        """Return what the record says, as JSON can hold it; here, the texts of the form's fields."""
        names = [name for name in self.fields if name != "opened"]
        return {name: "\n".join(str(getattr(record, name)).splitlines()) for name in names}

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        before = opened or {}
        return tuple(
            Change(
                key=name,
                label=capfirst(str(self.fields[name].label)),
                segments=comparison.compare(before.get(name, ""), text),
                is_clinical=True,
            )
            for name, text in now.items()
            if before.get(name, "") != text
        )


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


class PageForm(ConflictDetectingForm, PhotoForm):
    """A page's own fields. Its content includes its parts."""

    refusal = _(
        "%(who)s has saved this page since you opened it. Your text is still below, but not saved yet. "
        "Check the changes below, then save again to keep yours."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.conflict and self.files:
            self.add_error("photo_upload", _t("Choose the photograph again: the browser has not kept it."))
        return cleaned

    def last_editor(self, record: Any) -> Any:
        return record.edited_by

    def content(self, record: Any) -> Any:
        return drafts.own_content(drafts.read_draft(record, DRAFT_LANGUAGE)).to_json()

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        return comparison.changes(
            PageDocument.from_json(opened) if opened else None, PageDocument.from_json(now)
        )
