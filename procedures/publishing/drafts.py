"""Reading a draft into a document, and writing an earlier document back into the draft."""

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet, TextField
from msgspec import Struct, structs

from clinic_site.core.editing.translatable import Text
from procedures.models import (
    PARTS,
    Citation,
    Disclaimer,
    KeyFact,
    Overview,
    Page,
    Part,
    Photo,
    Procedure,
    Publication,
    Source,
    Step,
)
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.models.parts import FrozenPart
from procedures.publishing import documents, translation
from procedures.publishing.documents import PageDocument, TitledText
from procedures.validators import OneItemPerLine, lines

T = TypeVar("T", bound=Struct)

# The fields that the row and the document have under one name.
_PAGE_FIELDS = ("title", "summary", "description", "author", "drawing")
_PROCEDURE_FIELDS = ("slug", "plain_name", "menu_label", "door", "urgency", "body_location", "show_in_form")


class NoTextInLanguageError(LookupError):
    """There is nothing to translate into the language asked for: the page is not published in English."""


def read_draft(page: Page, language: str) -> PageDocument:
    """Return the draft as an unsigned document. About thirteen queries, whatever its length.

    The draft of a translation is the live English version with the texts that are translated. Raises
    ``NoTextInLanguageError`` if there is no such version.
    """
    if language != DRAFT_LANGUAGE:
        return translation.translated(live_english(page)[1], page.texts_in(language), language)
    is_emergency = page.kind == Page.Kind.EMERGENCY
    disclaimer = None if is_emergency else Disclaimer.current()
    rows = {
        part: list(_rows(page, part)) if part.only_on in ("", page.kind) else [] for part in PARTS.values()
    }
    # The sources in the order in which the page first names them, each with what it supports.
    cited: dict[Source, list[documents.Statement]] = {}
    for citation in rows[Citation]:
        statement = documents.Statement(section=citation.section, text=citation.statement)
        cited.setdefault(citation.source, []).append(statement)
    for fact in rows[KeyFact]:
        if fact.source:
            cited.setdefault(fact.source, [])
    parts: dict[str, Any] = {
        name: tuple(frozen(row, part.Frozen) for row in rows[part])
        for name, part in PARTS.items()
        if part.Frozen and part is not KeyFact
    }
    numbers = {source: number for number, source in enumerate(cited, start=1)}
    parts["key_facts"] = tuple(
        frozen(fact, documents.KeyFact, source=numbers.get(fact.source)) for fact in rows[KeyFact]
    )
    own_steps = parts.pop("steps")
    fields: dict[str, Any] = {name: getattr(page, name) for name in _fields_of(page)}
    if page.kind == Page.Kind.PROCEDURE:
        fields["alternate_names"] = tuple(filter(None, map(str.strip, page.alternate_names.split(","))))
    return PageDocument(
        kind=str(page.kind),
        language=language,
        **fields,
        photo=frozen(page.photo, documents.Photo, widths=tuple(page.photo.widths), alt=page.photo_alt)
        if page.photo
        else None,
        **parts,
        steps=own_steps or (() if is_emergency else _overview_steps(page, language)),
        has_own_steps=bool(own_steps),
        sources=tuple(
            frozen(source, documents.Source, statements=tuple(statements))
            for source, statements in cited.items()
        ),
        disclaimer=frozen(disclaimer, documents.Disclaimer) if disclaimer else None,
        first_aid=frozen(
            page,
            documents.FirstAid,
            steps=lines(page.first_aid),
            tourniquet=page.tourniquet if page.shows_tourniquet else "",
        )
        if is_emergency
        else None,
    )


def live_english(page: Page) -> tuple[Publication, PageDocument]:
    """Return the live English version of a page, which is translated. One query.

    Raises ``NoTextInLanguageError`` if there is none.
    """
    publication = page.publications.live().filter(language=DRAFT_LANGUAGE).first()
    if publication is None:
        raise NoTextInLanguageError(str(page))
    return publication, PageDocument.from_json(publication.document)


def own_content(document: PageDocument) -> PageDocument:
    """Return the document without the disclaimer and what it takes from the overview."""
    steps = document.steps if document.has_own_steps else ()
    return structs.replace(document.unsigned(), disclaimer=None, steps=steps)


@transaction.atomic
def write_draft(page: Page, document: PageDocument) -> None:
    """Replace the draft by an earlier document, so that reading it again returns that document.

    Shared content stays as it is: the disclaimer, and sources that still exist. So does the address, if
    another procedure has the earlier one now.
    """
    taken = Procedure.objects.filter(slug=document.slug).exclude(pk=page.pk).exists()
    for name in _fields_of(page):
        if name != "slug" or not taken:
            setattr(page, name, getattr(document, name))
    # Separated by commas alone they may fill the field; spaces are added where there is room.
    longest = Page._meta.get_field("alternate_names").max_length or 0
    names = ", ".join(document.alternate_names)
    page.alternate_names = names if len(names) <= longest else ",".join(document.alternate_names)
    page.photo = Photo.objects.filter(digest=document.photo.digest).first() if document.photo else None
    page.photo_alt = document.photo.alt if document.photo else ""
    if first_aid := document.first_aid:
        page.signs_heading = first_aid.signs_heading
        page.signs, page.first_aid, page.warnings, page.drawings = map(
            "\n".join, (first_aid.signs, first_aid.steps, first_aid.warnings, first_aid.drawings)
        )
        page.shows_tourniquet = bool(first_aid.tourniquet)
        page.tourniquet = first_aid.tourniquet or page.tourniquet
    page.save()
    _write_parts(page, document)


def _write_parts(page: Page, document: PageDocument) -> None:
    sources = [
        Source.objects.get_or_create(
            key=source.key,
            defaults={
                name: getattr(source, name) for name in ("title", "publisher", "year", "url", "accessed_on")
            },
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
    """Return the fields of the row that a frozen part was made of."""
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


def frozen(row: Model, struct: type[T], **values: Any) -> T:
    """Return a struct of the row's fields of the same names, except for those given."""
    fields = struct.__struct_fields__
    return struct(**{name: _value(row, name) for name in fields if name not in values}, **values)


def _value(row: Model, name: str) -> Any:
    field, value = row._meta.get_field(name), getattr(row, name)
    if not isinstance(field, TextField):
        return str(value) if isinstance(value, Text) else value
    if any(isinstance(rule, OneItemPerLine) for rule in field.validators):
        return lines(value)
    # Browsers send different line ends.
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _rows(page: Page, part: type[Part]) -> QuerySet[Any]:
    rows: QuerySet[Any] = part._default_manager.filter(page_id=page.pk)
    return rows.select_related("source") if part in (KeyFact, Citation) else rows


def _fields_of(page: Page) -> tuple[str, ...]:
    return _PAGE_FIELDS + (_PROCEDURE_FIELDS if page.kind == Page.Kind.PROCEDURE else ())


def _overview_steps(page: Page, language: str) -> tuple[TitledText, ...]:
    """The published overview's steps, for a procedure with none of its own; its draft's while there is none.

    Published ones, so that no step gets to patients unreviewed through another page.
    """
    overview = Publication.objects.live().filter(page__kind="overview", language=language).first()
    if overview is not None:
        return PageDocument.from_json(overview.document).steps
    draft = Overview.objects.exclude(pk=page.pk).first()
    return tuple(frozen(step, TitledText) for step in _rows(draft, Step)) if draft else ()
