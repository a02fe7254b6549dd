"""Reading a draft into a document, and writing an earlier document back into the draft."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet, TextField
from msgspec import Struct, structs

from procedures.models import (
    PARTS,
    Citation,
    Disclaimer,
    EmergencyText,
    KeyFact,
    Overview,
    Page,
    Part,
    Photo,
    Practitioner,
    Procedure,
    Publication,
    Source,
    Step,
)
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.models.parts import FrozenPart, TitledText
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument
from procedures.validators import OneItemPerLine, lines

T = TypeVar("T", bound=Struct)

# The fields that the row and the document have under one name.
_OWN_FIELDS = ("title", "summary", "description", "author", "drawing")
_PROCEDURE_FIELDS = ("plain_name", "menu_label", "urgency", "body_location", "show_in_form")


class NoTextInLanguageError(LookupError):
    """The draft has no text in the language asked for: until there are translations, any but English."""


def read_draft(page: Page, language: str) -> PageDocument:
    """Return the draft as an unsigned document. About fifteen queries, whatever its length.

    Raises ``NoTextInLanguageError`` for a language in which the draft has no text.
    """
    if language != DRAFT_LANGUAGE:
        raise NoTextInLanguageError(language)
    sources = _Sources(page)
    parts: dict[str, Any] = {}
    for name, part in PARTS.items():
        if part is KeyFact:
            parts[name] = tuple(
                _frozen(fact, documents.KeyFact, source=sources.number(fact.source))
                for fact in _rows(page, part)
            )
        elif part.Frozen:
            parts[name] = tuple(_frozen(row, part.Frozen) for row in _rows(page, part))
    own_steps = parts.pop("steps")
    return PageDocument(
        language=language,
        **_fields(page),
        photo=photo(page.photo, page.photo_alt),
        **parts,
        steps=own_steps or _overview_steps(page, language),
        has_own_steps=bool(own_steps),
        sources=sources.frozen(),
        emergency=emergency(),
        disclaimer=disclaimer(),
    )


def own_content(document: PageDocument) -> PageDocument:
    """Return the document without what it takes from the overview and the shared texts."""
    steps = document.steps if document.has_own_steps else ()
    return structs.replace(document.unsigned(), emergency=None, disclaimer=None, steps=steps)


@transaction.atomic
def write_draft(page: Page, document: PageDocument) -> None:
    """Replace the draft by an earlier document, so that reading it again returns that document.

    Shared content stays as it is: the disclaimer, the emergency text, and sources that still exist.
    """
    is_procedure = page.kind == Page.Kind.PROCEDURE
    for name in _OWN_FIELDS + (_PROCEDURE_FIELDS if is_procedure else ()):
        setattr(page, name, getattr(document, name))
    if is_procedure:
        names = document.alternate_names
        # Separated by commas alone they may fill the field; spaces are added where there is room.
        longest = Procedure._meta.get_field("alternate_names").max_length or 0
        page.alternate_names = ", ".join(names) if len(", ".join(names)) <= longest else ",".join(names)
        taken = Procedure.objects.filter(slug=document.slug).exclude(pk=page.pk).exists()
        page.slug = page.slug if taken else document.slug
    page.photo = Photo.objects.filter(digest=document.photo.digest).first() if document.photo else None
    page.photo_alt = document.photo.alt if document.photo else ""
    page.save()
    _write_parts(page, document)


def _write_parts(page: Page, document: PageDocument) -> None:
    sources = [
        Source.objects.get_or_create(
            key=source.key,
            defaults={name: getattr(source, name) for name in ("title", "publisher", "year", "url")},
        )[0]
        for source in document.sources
    ]
    for name, part in PARTS.items():
        if part is Citation:
            fields = [
                {"statement": statement.text, "source": row, "section": statement.section}
                for row, source in zip(sources, document.sources, strict=True)
                for statement in source.statements
            ]
        elif part is Step and not document.has_own_steps:
            fields = []
        else:
            fields = [_thawed(value, sources) for value in document.parts(name)]
        _write_rows(page, part, fields)


def _thawed(value: FrozenPart, sources: list[Source]) -> dict[str, Any]:
    """The fields of the row that a frozen part was made of."""
    fields = {
        name: "\n".join(content) if isinstance(content, tuple) else content
        for name, content in structs.asdict(value).items()
    }
    if isinstance(value, documents.KeyFact):
        fields["source"] = sources[value.source - 1] if value.source else None
    return fields


def _write_rows(page: Page, part: type[Part], fields: list[dict[str, Any]]) -> None:
    """Replace a page's parts of one kind. The first field names a part.

    Rows are reused, so that forms which are open elsewhere still refer to the same parts: first rows of the
    same name, then the next spare row, except for kinds with a field that is unique on the page.
    """
    rows = list(part._default_manager.filter(page=page))
    kept: list[Any] = []
    for values in fields:
        name = next(iter(values))
        row = next((row for row in rows if getattr(row, name) == values[name]), None)
        kept.append(row)
        if row:
            rows.remove(row)
    spare = [] if part.unique_on_page else [rows.pop(0) for _row in rows[: kept.count(None)]]
    part._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    for position, (row, values) in enumerate(zip(kept, fields, strict=True), start=1):
        row = row or (spare.pop(0) if spare else part(page_id=page.pk))
        for name, value in (values | {"position": position}).items():
            setattr(row, name, value)
        row.save()


def photo(record: Photo | None, alt: str) -> documents.Photo | None:
    return _frozen(record, documents.Photo, widths=tuple(record.widths), alt=alt) if record else None


def person(practitioner: Practitioner) -> documents.Person:
    return _frozen(practitioner, documents.Person)


def emergency() -> documents.Emergency | None:
    record = EmergencyText.current()
    return _frozen(record, documents.Emergency) if record else None


def disclaimer() -> documents.Disclaimer | None:
    record = Disclaimer.current()
    return _frozen(record, documents.Disclaimer) if record else None


class _Sources:
    """The sources of one page in the order in which it first names them, each with what it supports."""

    def __init__(self, page: Page) -> None:
        self._statements: dict[Source, list[documents.Statement]] = {}
        for citation in _rows(page, Citation):
            statement = documents.Statement(section=citation.section, text=citation.statement)
            self._statements.setdefault(citation.source, []).append(statement)

    def number(self, source: Source | None) -> int | None:
        if source is None:
            return None
        self._statements.setdefault(source, [])
        return list(self._statements).index(source) + 1

    def frozen(self) -> tuple[documents.Source, ...]:
        return tuple(
            _frozen(source, documents.Source, statements=tuple(statements))
            for source, statements in self._statements.items()
        )


def _rows(page: Page, part: type[Part]) -> Iterable[Any]:
    rows: QuerySet[Any] = part._default_manager.filter(page_id=page.pk)
    return rows.select_related("source") if part in (KeyFact, Citation) else rows


def _frozen(row: Model, struct: type[T], **values: Any) -> T:
    """A struct of the row's fields of the same names, except for those given."""
    fields = struct.__struct_fields__
    return struct(**{name: _value(row, name) for name in fields if name not in values}, **values)


def _value(row: Model, name: str) -> Any:
    field, value = row._meta.get_field(name), getattr(row, name)
    if not isinstance(field, TextField):
        return value
    return (
        lines(value) if any(isinstance(rule, OneItemPerLine) for rule in field.validators) else _text(value)
    )


def _text(text: str) -> str:
    """The text with uniform line ends: browsers send different ones."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _fields(page: Page) -> dict[str, Any]:
    """The fields of the page's row. A procedure's are left out for the overview."""
    fields: dict[str, Any] = {name: getattr(page, name) for name in _OWN_FIELDS}
    if page.kind == Page.Kind.PROCEDURE:
        fields |= {name: getattr(page, name) for name in _PROCEDURE_FIELDS}
        fields["slug"] = page.slug
        fields["alternate_names"] = tuple(filter(None, map(str.strip, page.alternate_names.split(","))))
    return fields | {"kind": str(page.kind)}


def _overview_steps(page: Page, language: str) -> tuple[TitledText, ...]:
    """The published overview's steps, for a procedure with none of its own; its draft's while there is none.

    Published ones, so that no step gets to patients unreviewed through another page.
    """
    overview = Publication.objects.live().filter(page__kind="overview", language=language).first()
    if overview is not None:
        return PageDocument.from_json(overview.document).steps
    draft = Overview.objects.exclude(pk=page.pk).first()
    return tuple(_frozen(step, TitledText) for step in _rows(draft, Step)) if draft else ()
