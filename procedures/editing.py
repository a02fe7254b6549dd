"""The forms in which staff edit the working copy: a page with its parts, in order, by several people."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.core import signing
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from msgspec.structs import replace

from procedures import comparison, outline, working_copy
from procedures.comparison import Change
from procedures.documents import PageDocument
from procedures.forms import PhotoForm
from procedures.models import Page, Part, Section, SectionKind

LANGUAGE = "en"
LAST = 32_000


class PageForm(PhotoForm):
    """A page's own fields.

    ``opened`` carries what the page said when this form was opened, signed. If the page says something
    else when the form comes back, somebody has saved it meanwhile: nothing is written, the editor is
    told who changed what, and saves again on purpose.
    """

    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    conflict: tuple[Change, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["opened"] = signing.dumps(own_text(self.instance).to_json(), compress=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.pk:
            self._notice_other_editors()
        return cleaned

    def _notice_other_editors(self) -> None:
        # The lock holds until this form is saved: two who save at once come one after the other.
        page = (
            Page.objects.select_for_update(of=("self",)).select_related("edited_by").get(pk=self.instance.pk)
        )
        now = own_text(page)
        try:
            opened = PageDocument.from_json(signing.loads(self.data.get(self.add_prefix("opened"), "")))
        except (signing.BadSignature, ValueError):
            opened = None
        if opened == now:
            return
        self.conflict = comparison.changes(opened, now) if opened else ()
        data = cast(QueryDict, self.data).copy()
        data[self.add_prefix("opened")] = signing.dumps(now.to_json(), compress=True)
        self.data = data
        who = (
            page.edited_by.get_full_name() or page.edited_by.get_username()
            if page.edited_by
            else _t("Somebody")
        )
        self.add_error(
            None,
            _t(
                "%(who)s has saved this page since you opened it. What you wrote is still below and is not "
                "saved yet. Look at what was changed, then save again to keep yours."
            )
            % {"who": who},
        )


def own_text(page: Page) -> PageDocument:
    """What the page says by itself, without what it takes from the overview and the shared texts."""
    document = working_copy.read(page, LANGUAGE)
    return replace(
        document, emergency=None, disclaimer=None, steps=document.steps if document.has_own_steps else ()
    )


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


class SectionForm(PartForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.body and self.instance.kind in outline.GUIDANCE:
            self.fields["body"].help_text = str(outline.GUIDANCE[self.instance.kind])


class PartFormSet(forms.BaseInlineFormSet):
    """Keeps what was typed into a part that a colleague has removed meanwhile: it becomes a new part."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.gone: set[int] = set()
        if self.is_bound:
            existing = {str(part.pk) for part in self.get_queryset()}
            data = cast(QueryDict, self.data).copy()
            for number in range(self.initial_form_count()):
                key = f"{self.prefix}-{number}-id"
                if data.get(key) and data[key] not in existing:
                    data[key] = ""
                    self.gone.add(number)
            self.data = data

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        if i in self.gone:
            form.fields["id"].required = False
        return form

    def save_new_objects(self, commit: bool = True) -> list[Any]:
        saved = super().save_new_objects(commit)
        kept = [self.forms[number] for number in sorted(self.gone)]
        self.new_objects += [self.save_new(form, commit) for form in kept if form not in self.deleted_forms]
        return saved


class SectionFormSet(PartFormSet):
    """Holds the sections of a page against each other, which Django does only for unconditional constraints."""

    def clean(self) -> None:
        super().clean()
        saved = {section.pk: section.kind for section in self.get_queryset()}
        deleted = {form.instance.pk for form in self.deleted_forms}
        kinds: set[str] = set()
        for form in self.forms:
            kind = getattr(form, "cleaned_data", {}).get("kind", SectionKind.TEXT)
            if form in self.deleted_forms or kind == SectionKind.TEXT:
                continue
            # A changed section is saved before a later one is taken out; a new one comes after both.
            gone = deleted if form.instance.pk is None else {form.instance.pk}
            if kind in kinds or kind in {saved[pk] for pk in saved.keys() - gone}:
                form.add_error("kind", Section._meta.constraints[0].violation_error_message)
            kinds.add(kind)


def parts(part: type[Part], *, stacked: bool = False) -> type[InlineModelAdmin]:
    """The inline of one kind of part, in order."""
    base = admin.StackedInline if stacked else admin.TabularInline
    options = {
        "model": part,
        "form": SectionForm if part is Section else PartForm,
        "formset": SectionFormSet if part is Section else PartFormSet,
        "extra": 0,
        "ordering": ["position", "pk"],
    }
    return type(f"{part.__name__}Inline", (base,), options)


def renumber(parts_of_a_page: QuerySet[Any]) -> None:
    """Give parts the places 1, 2, 3 …, as they stand."""
    for place, part in enumerate(parts_of_a_page.order_by("position", "pk"), start=1):
        if part.position != place:
            part.position = place
            part.save(update_fields=["position"])
