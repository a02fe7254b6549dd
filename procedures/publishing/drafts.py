"""The working copy that staff edit, read into the document that patients would be shown of it; and an
earlier document written back into the working copy."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from msgspec import structs

from procedures.models import (
    Benefit,
    CareCard,
    Citation,
    Disclaimer,
    EmergencyText,
    Expectation,
    KeyFact,
    Overview,
    Page,
    Part,
    Photo,
    Practitioner,
    Procedure,
    Publication,
    Question,
    RecoveryNote,
    Risk,
    Section,
    Source,
    Step,
)
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument, TitledText
from procedures.validators import lines

# The fields that the row and the document have under one name.
_OWN_FIELDS = ("title", "summary", "description", "author", "drawing")
_PROCEDURE_FIELDS = ("plain_name", "menu_label", "urgency", "body_location", "show_in_form")


def read(page: Page, language: str) -> PageDocument:
    """The page as it stands, not yet signed. About fifteen queries, whatever its length."""
    citations = _Citations(page)
    own_steps = _titled(page.steps.all())
    key_facts = tuple(
        documents.KeyFact(
            label=fact.label,
            value=fact.value,
            certainty=fact.certainty,
            source=citations.number(fact.source) if fact.source else None,
        )
        for fact in page.keyfacts.select_related("source")
    )
    return PageDocument(
        language=language,
        **_fields(page),
        photo=photo(page.photo, page.photo_alt),
        sections=tuple(
            documents.Section(kind=section.kind, heading=section.heading, body=_text(section.body))
            for section in page.sections.all()
        ),
        key_facts=key_facts,
        benefits=_titled(page.benefits.all()),
        steps=own_steps or _default_steps(page, language),
        has_own_steps=bool(own_steps),
        recovery_notes=_titled(page.recoverynotes.all()),
        expectations=_titled(page.expectations.all()),
        risks=tuple(
            documents.Risk(
                name=risk.name,
                medical_term=risk.medical_term,
                body=_text(risk.body),
                frequency=risk.frequency,
            )
            for risk in page.risks.all()
        ),
        care_cards=tuple(
            documents.CareCard(level=card.level, heading=card.heading, items=lines(card.items))
            for card in page.carecards.all()
        ),
        questions=tuple(
            documents.Question(text=q.text, answer=_text(q.answer)) for q in page.questions.all()
        ),
        sources=citations.sources(),
        emergency=emergency(),
        disclaimer=disclaimer(),
    )


def own(document: PageDocument) -> PageDocument:
    """What a page says by itself, without what it takes from the overview and the shared texts."""
    steps = document.steps if document.has_own_steps else ()
    return structs.replace(document.unsigned(), emergency=None, disclaimer=None, steps=steps)


@transaction.atomic
def write(page: Page, document: PageDocument) -> None:
    """Make the working copy say what an earlier document says. Reading it again gives that document.

    What pages share stays as it is: the disclaimer, the emergency text, and sources that still exist.
    """
    page = page.of_its_kind()
    for name in _OWN_FIELDS + (_PROCEDURE_FIELDS if isinstance(page, Procedure) else ()):
        setattr(page, name, getattr(document, name))
    if isinstance(page, Procedure):
        names = document.alternate_names
        # Written with commas alone they may fill the field; the spaces are only for the eye.
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
    rows: dict[type[Part], list[dict[str, Any]]] = {
        Section: [structs.asdict(section) for section in document.sections],
        Benefit: [structs.asdict(part) for part in document.benefits],
        Step: [structs.asdict(part) for part in document.steps if document.has_own_steps],
        RecoveryNote: [structs.asdict(part) for part in document.recovery_notes],
        Expectation: [structs.asdict(part) for part in document.expectations],
        Risk: [structs.asdict(risk) for risk in document.risks],
        CareCard: [structs.asdict(card) | {"items": "\n".join(card.items)} for card in document.care_cards],
        Question: [structs.asdict(question) for question in document.questions],
        KeyFact: [
            structs.asdict(fact) | {"source": sources[fact.source - 1] if fact.source else None}
            for fact in document.key_facts
        ],
        Citation: [
            {"statement": statement.text, "source": row, "section": statement.section}
            for row, source in zip(sources, document.sources, strict=True)
            for statement in source.statements
        ],
    }
    for part, fields in rows.items():
        _write_rows(page, part, fields)


def _write_rows(page: Page, part: type[Part], fields: list[dict[str, Any]]) -> None:
    """Make a page's parts of one kind these, in this order. The first field is the one that names a part.

    Rows are used again, so that a form that somebody has open goes on meaning the parts it meant: those
    of the same name; then, but for parts of which there is one of a kind, whichever comes next.
    """
    rows = list(part._default_manager.filter(page=page))
    kept: list[Any] = []
    for values in fields:
        name = next(iter(values))
        row = next((row for row in rows if getattr(row, name) == values[name]), None)
        kept.append(row)
        if row:
            rows.remove(row)
    spare = [] if part._meta.constraints else [rows.pop(0) for _row in rows[: kept.count(None)]]
    part._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    for position, (row, values) in enumerate(zip(kept, fields, strict=True), start=1):
        row = row or (spare.pop(0) if spare else part(page_id=page.pk))
        for name, value in (values | {"position": position}).items():
            setattr(row, name, value)
        row.save()


def photo(record: Photo | None, alt: str) -> documents.Photo | None:
    if record is None:
        return None
    return documents.Photo(
        digest=record.digest, width=record.width, height=record.height, widths=tuple(record.widths), alt=alt
    )


def person(practitioner: Practitioner) -> documents.Person:
    return documents.Person(
        name=practitioner.name,
        registration_number=practitioner.registration_number,
        qualifications=practitioner.qualifications,
        specialty=practitioner.specialty,
        is_sample=practitioner.is_sample,
    )


def emergency() -> documents.Emergency | None:
    record = EmergencyText.current()
    if record is None:
        return None
    return documents.Emergency(
        heading=record.heading,
        signs=lines(record.signs),
        steps=lines(record.steps),
        warnings=lines(record.warnings),
    )


def disclaimer() -> documents.Disclaimer | None:
    record = Disclaimer.current()
    return documents.Disclaimer(heading=record.heading, body=_text(record.body)) if record else None


class _Citations:
    """The sources of one page in the order in which it first names them, each with what it supports."""

    def __init__(self, page: Page) -> None:
        self._statements: dict[Source, list[documents.Statement]] = {}
        for citation in page.citations.select_related("source"):
            statement = documents.Statement(section=citation.section, text=citation.statement)
            self._statements.setdefault(citation.source, []).append(statement)

    def number(self, source: Source) -> int:
        self._statements.setdefault(source, [])
        return list(self._statements).index(source) + 1

    def sources(self) -> tuple[documents.Source, ...]:
        return tuple(
            documents.Source(
                key=source.key,
                title=source.title,
                publisher=source.publisher,
                year=source.year,
                url=source.url,
                statements=tuple(statements),
            )
            for source, statements in self._statements.items()
        )


def _text(text: str) -> str:
    """As it was typed, but for the line ends: each browser sends its own, and they say nothing."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _titled(parts: Iterable[Any]) -> tuple[TitledText, ...]:
    return tuple(TitledText(title=part.title, body=_text(part.body)) for part in parts)


def _fields(page: Page) -> dict[str, Any]:
    """The fields of the page's own row; those that only a procedure has are empty on the overview."""
    page = page.of_its_kind()
    fields: dict[str, Any] = {name: getattr(page, name) for name in _OWN_FIELDS}
    if isinstance(page, Procedure):
        fields |= {name: getattr(page, name) for name in _PROCEDURE_FIELDS}
        fields["slug"] = page.slug
        fields["alternate_names"] = tuple(filter(None, map(str.strip, page.alternate_names.split(","))))
    return fields | {"kind": "procedure" if isinstance(page, Procedure) else "overview"}


def _default_steps(page: Page, language: str) -> tuple[TitledText, ...]:
    """The overview's steps, for a procedure with none of its own.

    As they were published: what nobody has signed yet does not reach patients through another page.
    """
    overview = Publication.objects.live().filter(page__overview__isnull=False, language=language).first()
    if overview is not None:
        return PageDocument.from_json(overview.document).steps
    working_copy = Overview.objects.exclude(pk=page.pk).first()
    return _titled(working_copy.steps.all()) if working_copy else ()
