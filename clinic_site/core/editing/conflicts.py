"""The admin form that detects edit conflicts between colleagues."""

from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.core import signing
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.text_changes import Change, compare
from clinic_site.core.editing.translatable import Translatable

# The change message of the admin for a form saved without changes.
UNCHANGED = "[]"


class ConflictDetectingForm(forms.ModelForm[Any]):
    """A form that detects when a colleague has saved the record since it was opened.

    The hidden input ``opened``, which the admin's template adds, holds the signed content of the record when
    the form was opened. If the content differs when the form is sent, nothing is saved: the editor sees who
    changed what, and can save again.
    """

    opened = ""
    conflict: tuple[Change, ...] = ()
    refusal = _(
        "%(who)s has saved this since you opened it. What you typed is still below, but not saved yet. "
        "Check the changes below, then save again to keep yours."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.opened = self._signed(self.content(self.instance))
        else:
            self.opened = self.data.get("opened", "")

    @property
    def changed_data(self) -> list[str]:
        return [name for name in super().changed_data if not self._has_same_lines(name)]

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
        if isinstance(record, Translatable):
            # Saved by a form of its own, perhaps since this record was read.
            self.instance.translations = record.translations
        opened, now = self._content_when_opened(), self.content(record)
        self.conflict = self.changes(opened, now)
        if opened is not None and not self.conflict:
            return
        self.opened = self._signed(now)
        self.add_error(None, self.refusal % {"who": self.last_editor(record) or _t("A colleague")})

    @property
    def _salt(self) -> str:
        """Each record has its own: the content of another record cannot be read."""
        return f"opened {self.instance._meta.label} {self.instance.pk}"

    def _signed(self, content: Any) -> str:
        return signing.dumps(content, salt=self._salt, compress=True)

    def _content_when_opened(self) -> Any:
        """Return the content when the form was opened, or None: then the whole record is shown as changed."""
        try:
            return signing.loads(self.opened, salt=self._salt)
        except signing.BadSignature:
            return None

    def last_editor(self, record: Any) -> Any:
        saved = LogEntry.objects.filter(
            content_type=get_content_type_for_model(record), object_id=str(record.pk)
        )
        last = saved.exclude(change_message=UNCHANGED).select_related("user").first()
        return last and last.user

    def content(self, record: Any) -> Any:
        """Return the record's content as JSON can hold it; here, the texts of the form's fields."""
        return {name: _text(record, name) for name in self.watched_fields(record)}

    def watched_fields(self, record: Any) -> list[str]:
        fields = [*record._meta.fields, *record._meta.many_to_many]
        return [field.name for field in fields if field.name in self.fields]

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        before = opened or {}
        return tuple(
            Change(name, self.label_of(name), compare(before.get(name, ""), text))
            for name, text in now.items()
            if before.get(name, "") != text
        )

    def label_of(self, name: str) -> str:
        field = self.fields.get(name) or self.instance._meta.get_field(name)
        return capfirst(str(getattr(field, "label", "") or getattr(field, "verbose_name", name)))


def _text(record: Any, name: str) -> str:
    """Return the value of a field as staff read it."""
    value = getattr(record, name)
    if hasattr(value, "all"):
        return ", ".join(sorted(str(related) for related in value.all()))
    display = getattr(record, f"get_{name}_display", lambda: value)()
    return "" if display is None else "\n".join(str(display).splitlines())
