"""The forms in which staff edit the working copy: a page with its parts, in order, by several people."""

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

LAST = 32_000
EMPTY_ROWS = 2
MOST_PARTS = 100
OPENED = "procedures.staff.page_forms.opened"
# What the admin writes down of a form that was saved as it was.
UNCHANGED = "[]"


class OpenedForm(forms.ModelForm):
    """A form that several editors may have open at once.

    ``opened`` carries what the record said when this form was opened, signed. If it says something else
    when the form comes back, somebody has saved it meanwhile: nothing is written, the editor is told who
    changed what, and saves again on purpose.
    """

    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    conflict: tuple[Change, ...] = ()
    refusal = _(
        "%(who)s has saved this text since you opened it. What you wrote is still below and is not "
        "saved yet. Look at what was changed, then save again to keep yours."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["opened"] = self._signed(self.said(self.instance))

    @property
    def changed_data(self) -> list[str]:
        return [name for name in super().changed_data if name != "opened" and not self._is_the_same(name)]

    def _is_the_same(self, name: str) -> bool:
        """A browser ends each line of a text in its own way."""
        was, now = self.initial.get(name), self.data.get(self.add_prefix(name))
        return isinstance(was, str) and isinstance(now, str) and was.splitlines() == now.splitlines()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk:
            self._notice_other_editors()
        return cleaned

    def _notice_other_editors(self) -> None:
        # The lock holds until this form is saved: two who save at once come one after the other.
        record = self.locked()
        now = self.said(record)
        opened = self._unsigned(self.data.get(self.add_prefix("opened"), ""))
        if opened == now:
            return
        # Without a readable ``opened`` nobody can say what changed since: everything there is, is shown.
        self.conflict = self.changes(opened, now)
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("opened")] = self._signed(now)
        self.data = data
        self.refuse(self.last_editor(record))

    def refuse(self, editor: Any) -> None:
        who = editor.get_full_name() or editor.get_username() if editor else _t("Somebody")
        self.add_error(None, str(self.refusal) % {"who": who})

    def _signed(self, said: Any) -> str:
        return signing.dumps(self.to_plain(said), salt=OPENED, compress=True)

    def _unsigned(self, value: str) -> Any:
        try:
            return self.from_plain(signing.loads(value, salt=OPENED))
        except (signing.BadSignature, ValueError, TypeError):
            return None

    # What a record says: here, the words of the fields of the form

    def locked(self) -> Any:
        return type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)

    def last_editor(self, record: Any) -> Any:
        saved = LogEntry.objects.filter(
            content_type=get_content_type_for_model(record), object_id=str(record.pk)
        ).exclude(change_message=UNCHANGED)
        last = saved.select_related("user").first()
        return last.user if last else None

    def said(self, record: Any) -> Any:
        names = [name for name in self.fields if name != "opened"]
        return {name: "\n".join(str(getattr(record, name)).splitlines()) for name in names}

    def to_plain(self, said: Any) -> Any:
        return said

    def from_plain(self, plain: Any) -> Any:
        if not isinstance(plain, dict) or plain.keys() != self.fields.keys() - {"opened"}:
            raise ValueError("What was opened is another kind of text.")
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


class PageForm(OpenedForm, PhotoForm):
    """A page's own fields. What it says are its parts, too."""

    refusal = _(
        "%(who)s has saved this page since you opened it. What you wrote is still below and is not "
        "saved yet. Look at what was changed, then save again to keep yours."
    )

    def refuse(self, editor: Any) -> None:
        super().refuse(editor)
        if self.files:
            self.add_error("photo_upload", _t("Choose the photograph once more: a browser does not keep it."))

    def locked(self) -> Any:
        pages = Page.objects.select_for_update(of=("self",)).select_related("edited_by")
        return pages.get(pk=self.instance.pk)

    def last_editor(self, record: Any) -> Any:
        return record.edited_by

    def said(self, record: Any) -> Any:
        return drafts.own_content(drafts.read_draft(record, DRAFT_LANGUAGE))

    def to_plain(self, said: Any) -> Any:
        return said.to_json()

    def from_plain(self, plain: Any) -> Any:
        return PageDocument.from_json(plain)

    def changes(self, opened: Any, now: Any) -> tuple[Change, ...]:
        return comparison.changes(opened, now)


class PartForm(forms.ModelForm):
    """A part among its kind; one with no place given goes to the end."""

    position = forms.IntegerField(label=_("Place"), required=False, min_value=0, max_value=LAST)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source := self.fields.get("source"):
            # A source is mended on its own page, where all who cite it are in mind.
            for action in ("can_change_related", "can_delete_related", "can_view_related"):
                setattr(source.widget, action, False)

    def clean_position(self) -> int:
        place = self.cleaned_data["position"]
        return LAST if place is None else place

    def has_changed(self) -> bool:
        # A new row that nobody filled in has a place all the same, once the script has numbered it.
        changed = set(self.changed_data)
        return bool(changed if self.instance.pk else changed - {"position"})


class SectionForm(PartForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.body and self.instance.kind in outline.GUIDANCE:
            self.fields["body"].help_text = str(outline.GUIDANCE[self.instance.kind])


class PartFormSet(forms.BaseInlineFormSet):
    """The parts of a page, each known by its id, whatever became of it or of its row meanwhile.

    What was typed into a part that a colleague has removed becomes a new part. Django knows the rows of
    what is stored by their place in the form, which no longer holds then, nor when rows were moved.
    """

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if self.is_bound:
            self._stored_first()

    def _stored_first(self) -> None:
        """Number the rows anew: those of parts that are there, then all others, as new ones."""
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
        # The admin draws each stored row beside its part, in this order.
        self._queryset = [stored[pk] for pk in known]

    def _row_of(self, name: str) -> int:
        """The row that a field of this name stands in; beyond the last for a field of no row."""
        found = re.fullmatch(rf"{self.prefix}-(0|[1-9][0-9]{{0,4}})-.+", name)
        return int(found[1]) if found else sys.maxsize

    @cached_property
    def empty_form(self) -> Any:
        """Made once: the admin asks for it four times to draw one set, and Django makes each anew."""
        return super().empty_form

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if source := form.fields.get("source"):
            source.choices = self._sources
        # In a table the words stand above the column, where no screen reader joins them to the field.
        place = "" if index is None else f" {index + 1}"
        for name, field in form.fields.items():
            label = f"{capfirst(field.label or name)}, {self.model._meta.verbose_name}{place}"
            for widget in (field.widget, getattr(field.widget, "widget", None)):
                if widget and not widget.is_hidden:
                    widget.attrs["aria-label"] = label

    @cached_property
    def _sources(self) -> list[Any]:
        """Read once, not once a row."""
        return [("", "---------"), *((source.pk, str(source)) for source in Source.objects.all())]


class OncePerPageFormSet(PartFormSet):
    """Parts of which a page has one of a kind: also while they are saved, one after the other.

    Django holds the forms of a set against each other only for unconditional constraints, and only as
    they will be in the end; and no form knows of the parts that a colleague has added meanwhile.
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
            # A changed part is saved before a later one is taken out; a new one comes after both.
            gone = deleted if form.instance.pk is None else {form.instance.pk}
            if kind in kinds or kind in {saved[pk] for pk in saved.keys() - gone}:
                form.add_error(name, self.model._meta.constraints[0].violation_error_message)
            kinds.add(kind)


class PartInline(InlineModelAdmin):
    """Rows are added by the admin's script. Without JavaScript, the address with ``?rows`` has empty ones."""

    extra = 0
    max_num = MOST_PARTS
    ordering = ["position", "pk"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        # Django would draw up to a thousand rows more than that, whoever claims to send them.
        return super().get_formset(request, obj, **kwargs | {"absolute_max": MOST_PARTS})

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return EMPTY_ROWS if "rows" in request.GET else 0


def inlines_of(kind: str) -> list[type[InlineModelAdmin]]:
    """One inline for each kind of part that this kind of page has."""
    return [_inline(part) for part in PARTS.values() if part.only_on in ("", kind)]


def _inline(part: type[Part]) -> type[InlineModelAdmin]:
    stacked = part is Section
    base = admin.StackedInline if stacked else admin.TabularInline
    options = {
        "model": part,
        # Named, or Django would make a form and a set of forms only to ask them for these names.
        "fields": [field.name for field in part._meta.fields if field.name not in ("id", "page")],
        "form": SectionForm if stacked else PartForm,
        "formset": OncePerPageFormSet if part.unique_on_page else PartFormSet,
        "template": base.template if stacked else "procedures/staff/page/tabular.html",
    }
    return type(f"{part.__name__}Inline", (PartInline, base), options)


def renumber(parts_of_a_page: QuerySet[Any]) -> None:
    """Give parts the places 1, 2, 3 …, as they stand."""
    for place, part in enumerate(parts_of_a_page.order_by("position", "pk"), start=1):
        if part.position != place:
            part.position = place
            part.save(update_fields=["position"])
