"""Admin forms of a page's draft: its parts in order, and edit conflicts between colleagues."""

import re
import sys
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

from procedures.models import PARTS, Page, Part, Section, SectionKind, Source
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.publishing import comparison, drafts
from procedures.publishing.comparison import Change
from procedures.publishing.documents import PageDocument
from procedures.staff import outline
from procedures.staff.sign_off_forms import PhotoForm

MAX_POSITION = 32_000
EMPTY_ROWS = 2
MAX_PARTS_PER_KIND = 100
OPENED_SALT = "procedures.staff.page_forms.opened"
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
        return [name for name in super().changed_data if name != "opened" and not self._is_the_same(name)]

    def _is_the_same(self, name: str) -> bool:
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
        record = self.locked()
        now = self.content(record)
        opened = self._unsigned(self.data.get(self.add_prefix("opened"), ""))
        if opened == now:
            return
        # If ``opened`` cannot be read, the whole record is shown as changed.
        self.conflict = self.changes(opened, now)
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("opened")] = self._signed(now)
        self.data = data
        self.refuse(self.last_editor(record))

    def refuse(self, editor: Any) -> None:
        who = str(editor) if editor else _t("A colleague")
        self.add_error(None, str(self.refusal) % {"who": who})

    def _signed(self, content: Any) -> str:
        return signing.dumps(self.to_plain(content), salt=OPENED_SALT, compress=True)

    def _unsigned(self, value: str) -> Any:
        try:
            return self.from_plain(signing.loads(value, salt=OPENED_SALT))
        except (signing.BadSignature, ValueError, TypeError):
            return None

    def locked(self) -> Any:
        return type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)

    def last_editor(self, record: Any) -> Any:
        saved = LogEntry.objects.filter(
            content_type=get_content_type_for_model(record), object_id=str(record.pk)
        ).exclude(change_message=UNCHANGED)
        last = saved.select_related("user").first()
        return last.user if last else None

    def content(self, record: Any) -> Any:
        """Return what the record says; here, the texts of the form's fields."""
        names = [name for name in self.fields if name != "opened"]
        return {name: "\n".join(str(getattr(record, name)).splitlines()) for name in names}

    def to_plain(self, content: Any) -> Any:
        return content

    def from_plain(self, plain: Any) -> Any:
        if not isinstance(plain, dict) or plain.keys() != self.fields.keys() - {"opened"}:
            raise ValueError("The opened content is of another kind of text.")
        return plain

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        before = opened or dict.fromkeys(now, "")
        return tuple(
            Change(
                key=name,
                label=capfirst(str(self.fields[name].label)),
                segments=comparison.compare(before[name], text),
                is_clinical=True,
            )
            for name, text in now.items()
            if before[name] != text
        )


class PageForm(ConflictDetectingForm, PhotoForm):
    """A page's own fields. Its content includes its parts."""

    refusal = _(
        "%(who)s has saved this page since you opened it. Your text is still below, but not saved yet. "
        "Check the changes below, then save again to keep yours."
    )

    def refuse(self, editor: Any) -> None:
        super().refuse(editor)
        if self.files:
            self.add_error("photo_upload", _t("Choose the photograph again: the browser has not kept it."))

    def locked(self) -> Any:
        pages = Page.objects.select_for_update(of=("self",)).select_related("edited_by")
        return pages.get(pk=self.instance.pk)

    def last_editor(self, record: Any) -> Any:
        return record.edited_by

    def content(self, record: Any) -> Any:
        return drafts.own_content(drafts.read_draft(record, DRAFT_LANGUAGE))

    def to_plain(self, content: Any) -> Any:
        return content.to_json()

    def from_plain(self, plain: Any) -> Any:
        return PageDocument.from_json(plain)

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        return comparison.changes(opened, now)


class PartForm(forms.ModelForm[Any]):
    """One part of a page. Without a position it goes to the end of its kind."""

    position = forms.IntegerField(label=_("Position"), required=False, min_value=0, max_value=MAX_POSITION)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source := self.fields.get("source"):
            # Sources are edited on their own page: other pages may cite them too.
            for action in ("can_change_related", "can_delete_related", "can_view_related"):
                setattr(source.widget, action, False)

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
        if not self.instance.body and self.instance.kind in outline.GUIDANCE:
            self.fields["body"].help_text = str(outline.GUIDANCE[self.instance.kind])


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
        rows: list[dict[str, list[str]]] = [{} for _row in range(self.total_form_count())]
        for name in list(data):
            if (row := self._row_of(name)) < len(rows):
                rows[row][name.split("-", 2)[2]] = data.pop(name)
        known: dict[str, dict[str, list[str]]] = {}
        for row_of_one in rows:
            (pk,) = row_of_one.get("id", [""])[-1:]
            if pk in stored:
                known.setdefault(pk, row_of_one)
        new = [row | {"id": [""]} for row in rows if not any(row is one for one in known.values())]
        for number, fields in enumerate([*known.values(), *new]):
            for name, values in fields.items():
                data.setlist(f"{self.prefix}-{number}-{name}", values)
        data[f"{self.prefix}-INITIAL_FORMS"] = str(len(known))
        self.data = data
        self.__dict__.pop("management_form", None)
        # The admin draws stored parts in this order, each beside its form.
        self._queryset = [stored[pk] for pk in known]

    def _row_of(self, name: str) -> int:
        """Return the row number in a field name; ``sys.maxsize`` for a field outside the rows."""
        found = re.fullmatch(rf"{self.prefix}-(0|[1-9][0-9]{{0,4}})-.+", name)
        return int(found[1]) if found else sys.maxsize

    @cached_property
    def empty_form(self) -> Any:
        """Cached: the admin reads it four times to draw one formset."""
        return super().empty_form

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if source := form.fields.get("source"):
            source.choices = self._sources
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
