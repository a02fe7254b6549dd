"""Any document is restored exactly, over any state of the draft."""

from datetime import date
from typing import Any

import pytest
from django.db import models
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from msgspec.structs import replace

from procedures.models import PARTS, KeyFact, Overview, Page, Photo, Procedure, SectionKind, Source
from procedures.publishing import documents, drafts
from procedures.publishing.documents import PageDocument
from procedures.validators import OneItemPerLine

PHOTO = documents.Photo(digest="a" * 32, width=800, height=600, widths=(480, 800), alt="")
SOURCES = {
    key: documents.Source(
        key=key,
        title=f"Title {key}",
        publisher="P",
        year=year,
        url="",
        statements=(),
        accessed_on=None if year else date(2026, 11, 29),
    )
    for key, year in (("one", 2001), ("two", None), ("three", 2020))
}
LETTERS = st.one_of(
    st.sampled_from("ab 1,&<\n\t\"'"),
    st.sampled_from("مجھے۱۲ 🩺é\u200c\u2028"),
    st.characters(codec="utf-8", exclude_characters="\0\r"),
)
# Fields of the row that the document has under the same name, as text.
PAGE_FIELDS = ("title", "summary", "description", "author", "drawing")
PROCEDURE_FIELDS = ("plain_name", "menu_label", "door", "urgency", "body_location")


def text(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """A text as admin forms store it: without surrounding spaces."""
    stripped = st.text(LETTERS, max_size=12).map(lambda words: words.strip()[:most].strip())
    return stripped.filter(lambda words: len(words) >= least)


def one_line(most: int, least: int = 1) -> st.SearchStrategy[str]:
    joined = text(most).map(lambda words: " ".join(words.split())[:most].strip())
    return joined.filter(lambda words: len(words) >= least)


def values(model: type[models.Model], name: str) -> st.SearchStrategy[Any]:
    """Values that a field of a row can hold, as a document has them."""
    field: Any = model._meta.get_field(name)
    least = 0 if field.blank else 1
    if field.choices:
        return st.sampled_from([value for value, _label in field.flatchoices])
    if not isinstance(field, models.TextField):
        return one_line(field.max_length, least)
    for rule in field.validators:
        if isinstance(rule, OneItemPerLine):
            return st.lists(one_line(rule.length), min_size=1, max_size=3).map(tuple)
    return text(field.max_length, least)


def parts(name: str) -> st.SearchStrategy[tuple[Any, ...]]:
    part = PARTS[name]
    assert part.Frozen
    fields = [field for field in part.Frozen.__struct_fields__ if field != "source"]
    source = {"source": st.none()} if part is KeyFact else {}
    values_of_one = st.builds(part.Frozen, **{field: values(part, field) for field in fields}, **source)

    def place(value: Any) -> Any:
        kind = getattr(value, part.unique_on_page, SectionKind.TEXT)
        return id(value) if kind == SectionKind.TEXT else kind

    return st.lists(values_of_one, max_size=4, unique_by=place).map(tuple)


@st.composite
def held(draw: st.DrawFn) -> PageDocument:
    """A document that rows can hold, as it is read from them."""
    keys = draw(st.lists(st.sampled_from(list(SOURCES)), unique=True, max_size=3))
    cited = draw(st.integers(0, len(keys)))
    statement = st.builds(
        documents.Statement, section=st.sampled_from(SectionKind.values), text=one_line(200)
    )
    statements = st.lists(statement, min_size=1, max_size=2).map(tuple)
    sources = tuple(
        replace(SOURCES[key], statements=draw(statements) if at < cited else ())
        for at, key in enumerate(keys)
    )
    lists = {name: draw(parts(name)) for name, part in PARTS.items() if part.Frozen}
    # A source that no statement rests on is one that a key fact names, in the order of the facts.
    numbers = [*range(cited + 1, len(keys) + 1)]
    numbers += draw(st.lists(st.sampled_from([None, *range(1, len(keys) + 1)]), max_size=2))
    fact = parts("key_facts").filter(bool).map(lambda facts: facts[0])
    lists["key_facts"] = tuple(replace(draw(fact), source=number) for number in numbers)
    name = one_line(9).map(lambda words: words.replace(",", " ").strip()).filter(bool)
    return PageDocument(
        kind="procedure",
        language="en",
        **{field: draw(values(Procedure, field)) for field in PAGE_FIELDS + PROCEDURE_FIELDS},
        photo=draw(st.none() | st.builds(replace, st.just(PHOTO), alt=one_line(125, 0))),
        slug=draw(st.sampled_from(["one-address", "another-address"])),
        alternate_names=tuple(draw(st.lists(name, max_size=12))),
        show_in_form=draw(st.booleans()),
        **lists,
        has_own_steps=bool(lists["steps"]),
        sources=sources,
        disclaimer=None,
    )


def of_an_overview(document: PageDocument) -> PageDocument:
    bare = dict.fromkeys(("slug", *PROCEDURE_FIELDS), "")
    return replace(document, kind="overview", alternate_names=(), show_in_form=False, **bare)


def of_a_procedure(document: PageDocument) -> PageDocument:
    return replace(document, **{name: () for name, part in PARTS.items() if part.only_on == "overview"})


@pytest.mark.slow
class RestoreTest(TestCase):
    """Hypothesis' own test case: each example in a transaction of its own."""

    @hypothesis_settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(held(), held())
    def test_restored_document_is_read_again(self, now: PageDocument, before: PageDocument) -> None:
        Photo.objects.create(digest=PHOTO.digest, width=800, height=600, widths=[480, 800])
        for key, source in SOURCES.items():
            Source.objects.create(
                key=key,
                title=source.title,
                publisher="P",
                year=source.year,
                accessed_on=source.accessed_on,
            )
        overview = Overview.objects.create(title="…", summary="…", description="…")
        procedure = Procedure.objects.create(slug="one-address", menu_label="One")
        for page, earlier in (
            (overview, of_an_overview(before)),
            (procedure, of_a_procedure(now)),
            (procedure, of_a_procedure(before)),
        ):
            drafts.write_draft(page, earlier)
            # Without the steps that a procedure has from the overview.
            read = drafts.own_content(drafts.read_draft(Page.objects.get(pk=page.pk), "en"))
            assert read == earlier
        # The rows hold what the forms of the admin take: nothing is longer than its column.
        for part in PARTS.values():
            for row in part._default_manager.filter(page=procedure):
                row.clean_fields()
        procedure.refresh_from_db()
        procedure.clean_fields(exclude=("signs_heading", "signs", "first_aid", "warnings"))


@pytest.mark.django_db
def test_write_draft_fits_alternate_names_into_their_field() -> None:
    names = ",".join(f"n{number:02}" for number in range(30))
    procedure = Procedure.objects.create(slug="a", plain_name="b", menu_label="c", alternate_names=names)
    document = drafts.read_draft(procedure, "en")
    drafts.write_draft(procedure, document)
    procedure.refresh_from_db()
    assert len(procedure.alternate_names) <= 120
    assert drafts.read_draft(procedure, "en") == document
