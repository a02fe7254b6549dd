"""Admin forms of the parts of a page, in order."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from procedures.models import PARTS, Part, Section, SectionKind, Source
from procedures.staff import outline

MAX_POSITION = 32_000
EMPTY_ROWS = 2
MAX_PARTS_PER_KIND = 100


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
    return [part_inline(part) for part in PARTS.values() if part.only_on in ("", kind)]


def part_inline(part: type[Part]) -> type[InlineModelAdmin[Any, Any]]:
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
