"""Admin forms of a page's draft: its parts in order, photographs, and edit conflicts between colleagues."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import InlineModelAdmin, get_content_type_for_model
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from procedures.models import PARTS, Part, Section, SectionKind, Source
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.publishing import comparison, drafts, photos
from procedures.publishing.comparison import Change
from procedures.publishing.documents import PageDocument
from procedures.staff import outline

MAX_POSITION = 32_000
EMPTY_ROWS = 2
MAX_PARTS_PER_KIND = 100
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
        if opened == now:
            return
        self.conflict = self.changes(opened, now)
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


class PartForm(forms.ModelForm[Any]):
    """One part of a page. Without a position it goes to the end of its kind."""

    position = forms.IntegerField(label=_("Position"), required=False, min_value=0, max_value=MAX_POSITION)

    def clean_position(self) -> int:
        position = self.cleaned_data["position"]
        return MAX_POSITION if position is None else position

    def has_changed(self) -> bool:
        # The script numbers empty new rows too: a position alone is no change.
        changed = set(self.changed_data)
        return bool(changed if self.instance.pk else changed - {"position"})


class SectionForm(PartForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.body and self.instance.kind in outline.OUTLINE:
            self.fields["body"].help_text = outline.OUTLINE[self.instance.kind]["guidance"]


class PartFormSet(forms.BaseInlineFormSet[Any, Any, Any]):
    """The parts of a page, matched to their stored rows by id.

    Django matches rows by their index in the form, which is wrong after rows were moved or a colleague
    removed one. A row whose stored part is gone becomes a new part, so that no text is lost.
    """

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if self.is_bound:
            self._stored_first()

    def _stored_first(self) -> None:
        """Renumber the posted rows: first those of stored parts, then all others as new parts."""
        stored = {str(part.pk): part for part in self.get_queryset()}
        data = cast(QueryDict, self.data).copy()
        known: dict[str, dict[str, list[str]]] = {}
        new: list[dict[str, list[str]]] = []
        for number in range(self.total_form_count()):
            start = f"{self.prefix}-{number}-"
            row = {name.removeprefix(start): data.pop(name) for name in list(data) if name.startswith(start)}
            (pk,) = row.get("id", [""])[-1:]
            if pk in stored and pk not in known:
                known[pk] = row
            else:
                new.append(row | {"id": [""]})
        for number, row in enumerate([*known.values(), *new]):
            for name, values in row.items():
                data.setlist(f"{self.prefix}-{number}-{name}", values)
        data[f"{self.prefix}-INITIAL_FORMS"] = str(len(known))
        self.data = data
        self.__dict__.pop("management_form", None)
        # The admin draws stored parts in this order, each beside its form.
        self._queryset = [stored[pk] for pk in known]

    @cached_property
    def empty_form(self) -> Any:
        """Cached: the admin reads it four times, which is a sixth of the time of the page."""
        return super().empty_form

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if source := form.fields.get("source"):
            source.choices = self._sources
            # Sources are edited on their own page: other pages may cite them too.
            for action in ("can_change_related", "can_delete_related", "can_view_related"):
                setattr(source.widget, action, False)
        # In a table the label is a column heading, which screen readers do not join to the field.
        place = "" if index is None else f" {index + 1}"
        for name, field in form.fields.items():
            label = f"{capfirst(field.label or name)}, {self.model._meta.verbose_name}{place}"
            for widget in (field.widget, getattr(field.widget, "widget", None)):
                if widget and not widget.is_hidden:
                    widget.attrs["aria-label"] = label

    @cached_property
    def _sources(self) -> list[Any]:
        """Read once for all rows."""
        return [("", "---------"), *((source.pk, str(source)) for source in Source.objects.all())]


class UniqueKindFormSet(PartFormSet):
    """Parts of which a page has at most one of each kind, also while they are saved one by one.

    Django checks the forms of a formset against each other only for unconditional constraints and only
    in their final state, and it ignores the parts that a colleague has added since.
    """

    def clean(self) -> None:
        super().clean()
        name = self.model.unique_on_page
        stored = self.model._default_manager.filter(page_id=self.instance.pk)
        saved = dict(stored.values_list("pk", name))
        deleted = {form.instance.pk for form in self.deleted_forms}
        kinds: set[str] = set()
        for form in self.forms:
            kind = getattr(form, "cleaned_data", {}).get(name)
            if form in self.deleted_forms or kind in (None, SectionKind.TEXT):
                continue
            # Changed parts are saved before others are deleted; new parts are saved last.
            gone = deleted if form.instance.pk is None else {form.instance.pk}
            if kind in kinds or kind in {saved[pk] for pk in saved.keys() - gone}:
                form.add_error(name, self.model._meta.constraints[0].violation_error_message)
            kinds.add(kind)


class PartInline(InlineModelAdmin[Any, Any]):
    """Parts in order. The admin's script adds rows; without JavaScript, ``?rows`` shows empty ones."""

    extra = 0
    max_num = MAX_PARTS_PER_KIND
    ordering = ["position", "pk"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        # By default, Django draws up to 1,000 rows more if the request claims to have them.
        return super().get_formset(request, obj, **kwargs | {"absolute_max": MAX_PARTS_PER_KIND})

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return EMPTY_ROWS if "rows" in request.GET else 0


def inlines_of(kind: str) -> list[type[InlineModelAdmin[Any, Any]]]:
    """Return one inline for each kind of part on this kind of page."""
    return [_inline(part) for part in PARTS.values() if part.only_on in ("", kind)]


def _inline(part: type[Part]) -> type[InlineModelAdmin[Any, Any]]:
    stacked = part is Section
    base = admin.StackedInline if stacked else admin.TabularInline
    options = {
        "model": part,
        # Named here, so that Django does not build a form and a formset to find the names.
        "fields": [field.name for field in part._meta.fields if field.name not in ("id", "page")],
        "form": SectionForm if stacked else PartForm,
        "formset": UniqueKindFormSet if part.unique_on_page else PartFormSet,
        "template": base.template if stacked else "procedures/staff/page/tabular.html",
    }
    return type(f"{part.__name__}Inline", (PartInline, base), options)


def renumber(parts_of_a_page: QuerySet[Any]) -> None:
    """Number the parts 1, 2, 3, … in their present order."""
    for position, part in enumerate(parts_of_a_page.order_by("position", "pk"), start=1):
        if part.position != position:
            part.position = position
            part.save(update_fields=["position"])
