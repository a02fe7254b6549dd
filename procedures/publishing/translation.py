"""Translating a document: the texts that are translated, and the document made of their translations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from msgspec import Struct, structs

from clinic_site.core.editing.translatable import one_line_end
from procedures.models import PARTS, SectionKind
from procedures.models.parts import FrozenPart
from procedures.publishing.documents import Disclaimer, FirstAid, PageDocument, Photo, Section

T = TypeVar("T", bound=Struct)

# The texts of everything but the parts of a page. Sources stay as they were published.
_TEXTS: dict[type[Struct], tuple[str, ...]] = {
    PageDocument: (
        *("title", "plain_name", "menu_label", "door", "alternate_names", "summary", "description"),
        *("author", "body_location"),
    ),
    Section: ("heading", "body"),
    Photo: ("alt",),
    FirstAid: ("signs_heading", "signs", "steps", "tourniquet", "warnings"),
    Disclaimer: ("heading", "body"),
}
_PLACES = {
    "page": _("Names, summary and description"),
    "photo": _("Photograph"),
    "first_aid": _("First aid"),
    "disclaimer": _("Disclaimer"),
}


def texts(document: PageDocument) -> Sequence[tuple[str, str]]:
    """Return the place and the words of each text to translate, each text once."""
    places: dict[str, str] = {}

    def note(place: str, text: str) -> str:
        places.setdefault(one_line_end(text), place)
        return text

    _with_each_text(document, note)
    return [(place, text) for text, place in places.items()]


def translated(document: PageDocument, translations: Mapping[str, str], language: str) -> PageDocument:
    """Return the document in a language; a text without a translation stays as it is."""

    def translate(place: str, text: str) -> str:
        return translations.get(one_line_end(text)) or text

    return structs.replace(_with_each_text(document.unsigned(), translate), language=language)


def _with_each_text(document: PageDocument, change: Callable[[str, str], str]) -> PageDocument:
    """Return the document with each of its texts replaced by ``change(place, text)``."""
    changed = _with_texts(document, str(_PLACES["page"]), change)
    fields: dict[str, Any] = {
        name: tuple(_with_texts(part, _place(name, part), change) for part in document.parts(name))
        for name, kind in PARTS.items()
        if kind.Frozen
    }
    for name in ("photo", "first_aid", "disclaimer"):
        value = getattr(document, name)
        fields[name] = value and _with_texts(value, str(_PLACES[name]), change)
    return structs.replace(changed, **fields)


def _with_texts(value: T, place: str, change: Callable[[str, str], str]) -> T:
    fields: dict[str, Any] = {}
    for name in _names_of_texts(value):
        text = getattr(value, name)
        if isinstance(text, tuple):
            fields[name] = tuple(change(place, item) for item in text)
        elif text:
            fields[name] = change(place, text)
    return structs.replace(value, **fields)


def _names_of_texts(value: Struct) -> Sequence[str]:
    if isinstance(value, FrozenPart) and not isinstance(value, Section):
        return [name for name in value.__struct_fields__ if name not in value.fact_fields]
    return _TEXTS[type(value)]


def _place(name: str, part: FrozenPart) -> str:
    if isinstance(part, Section):
        return str(dict(SectionKind.choices)[part.kind])
    return str(PARTS[name]._meta.verbose_name_plural).capitalize()
