"""Any document is restored exactly, over any state of the draft."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from msgspec.structs import replace

from procedures.models import CareCard, KeyFact, Overview, Page, Photo, Procedure, Risk, SectionKind, Source
from procedures.models.pages import Drawing
from procedures.publishing import documents, drafts
from procedures.publishing.documents import PageDocument, TitledText

PHOTO = "a" * 32
SOURCES = {
    key: documents.Source(key=key, title=f"Title {key}", publisher="P", year=year, url="", statements=())
    for key, year in (("one", 2001), ("two", None), ("three", 2020))
}


def text(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """A text as admin forms store it: without NUL and surrounding spaces."""
    letters = st.one_of(
        st.sampled_from("ab 1,&<\n\t\"'"),
        st.sampled_from("مجھے۱۲ 🩺é\u200c\u2028"),
        st.characters(codec="utf-8"),
    )
    plain = st.text(letters.filter(lambda letter: letter not in "\0\r"), max_size=12)
    filled = plain.map(str.strip).map(lambda words: words[:most].strip())
    return filled.filter(lambda words: len(words) >= least)


def one_line(most: int, least: int = 1) -> st.SearchStrategy[str]:
    return (
        text(most, least)
        .map(lambda words: " ".join(words.split())[:most].strip())
        .filter(lambda words: len(words) >= least)
    )


TITLED = st.builds(TitledText, title=one_line(50), body=text(350, 1))


@st.composite
def held(draw: st.DrawFn) -> PageDocument:
    """A document of a procedure that rows can hold, as it is read from them."""
    kinds = draw(st.lists(st.sampled_from([*SectionKind.values, "text", "text"]), max_size=6))
    kinds = [kind for at, kind in enumerate(kinds) if kind == "text" or kind not in kinds[:at]]
    keys = draw(st.lists(st.sampled_from(list(SOURCES)), unique=True, max_size=3))
    cited = draw(st.integers(0, len(keys)))
    statement = st.builds(
        documents.Statement, section=st.sampled_from(SectionKind.values), text=one_line(200)
    )
    sources = tuple(
        replace(
            SOURCES[key],
            statements=tuple(draw(st.lists(statement, min_size=1, max_size=2))) if at < cited else (),
        )
        for at, key in enumerate(keys)
    )
    # A source that no statement rests on is one that a key fact names, in the order of the facts.
    numbers = [*range(cited + 1, len(keys) + 1)]
    numbers += draw(st.lists(st.sampled_from([None, *range(1, len(keys) + 1)]), max_size=2))
    fact = st.tuples(one_line(40), one_line(80), st.sampled_from(KeyFact.Certainty.values))
    steps = tuple(draw(st.lists(TITLED, max_size=3)))
    risk = st.builds(
        documents.Risk,
        name=one_line(60),
        medical_term=one_line(60, 0),
        body=text(300, 1),
        frequency=st.sampled_from(Risk.Frequency.values),
    )
    levels = draw(st.lists(st.sampled_from(CareCard.Level.values), unique=True))
    return PageDocument(
        kind="procedure",
        language="en",
        title=draw(one_line(65)),
        summary=draw(one_line(200)),
        description=draw(one_line(155)),
        author=draw(one_line(80, 0)),
        drawing=draw(st.sampled_from(Drawing.values)),
        photo=draw(
            st.none()
            | st.builds(
                documents.Photo,
                digest=st.just(PHOTO),
                width=st.just(800),
                height=st.just(600),
                widths=st.just((480, 800)),
                alt=one_line(125, 0),
            )
        ),
        slug=draw(st.sampled_from(["one-address", "another-address"])),
        plain_name=draw(one_line(80)),
        menu_label=draw(one_line(30)),
        alternate_names=tuple(
            draw(
                st.lists(
                    one_line(9).map(lambda name: name.replace(",", " ").strip()).filter(bool), max_size=12
                )
            )
        ),
        urgency=draw(st.sampled_from(Procedure.Urgency.values)),
        body_location=draw(one_line(80, 0)),
        show_in_form=draw(st.booleans()),
        sections=tuple(
            documents.Section(kind=kind, heading=draw(one_line(65, 0)), body=draw(text(2500)))
            for kind in kinds
        ),
        key_facts=tuple(
            documents.KeyFact(label=label, value=value, certainty=certainty, source=number)
            for number in numbers
            for label, value, certainty in [draw(fact)]
        ),
        benefits=tuple(draw(st.lists(TITLED, max_size=2))),
        steps=steps,
        has_own_steps=bool(steps),
        recovery_notes=tuple(
            draw(st.lists(st.builds(TitledText, title=one_line(40), body=text(500, 1)), max_size=2))
        ),
        expectations=tuple(draw(st.lists(TITLED, max_size=2))),
        risks=tuple(draw(st.lists(risk, max_size=4))),
        care_cards=tuple(
            documents.CareCard(
                level=level,
                heading=draw(one_line(80)),
                items=tuple(draw(st.lists(one_line(120), min_size=1, max_size=3))),
            )
            for level in levels
        ),
        questions=tuple(
            draw(st.lists(st.builds(documents.Question, text=one_line(120), answer=text(700)), max_size=2))
        ),
        sources=sources,
        emergency=None,
        disclaimer=None,
    )


def fresh(page: Page) -> PageDocument:
    return drafts.read_draft(Page.objects.get(pk=page.pk), "en")


def shared_rows() -> None:
    Photo.objects.get_or_create(digest=PHOTO, width=800, height=600, widths=[480, 800])
    for key, source in SOURCES.items():
        Source.objects.get_or_create(key=key, title=source.title, publisher="P", year=source.year)


@pytest.mark.slow
class RestoreTest(TestCase):
    """Hypothesis' own test case: each example in a transaction of its own."""

    @hypothesis_settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(held(), held())
    def test_whatever_the_draft_says_restoring_a_document_makes_it_say_that_document(
        self, now: PageDocument, before: PageDocument
    ) -> None:
        shared_rows()
        procedure = Procedure.objects.create(slug="one-address", menu_label="One")
        for document in (now, before):
            drafts.write_draft(procedure, document)
            assert fresh(procedure) == document
        # The rows hold what the forms of the admin take: nothing is longer than its column.
        for part in ("sections", "steps", "risks", "carecards", "questions", "keyfacts", "citations"):
            for row in getattr(procedure, part).all():
                row.clean_fields()
        procedure.refresh_from_db()
        procedure.clean_fields()

    @hypothesis_settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(held())
    def test_the_overview_is_restored_the_same_way(self, document: PageDocument) -> None:
        shared_rows()
        overview = Overview.objects.create(title="…", summary="…", description="…")
        bare = dict.fromkeys(("slug", "plain_name", "menu_label", "urgency", "body_location"), "")
        document = replace(document, kind="overview", alternate_names=(), show_in_form=False, **bare)
        drafts.write_draft(overview, document)
        assert fresh(overview) == document


@pytest.mark.django_db
def test_write_draft_fits_alternate_names_into_their_field() -> None:
    names = ",".join(f"n{number:02}" for number in range(30))
    procedure = Procedure.objects.create(slug="a", plain_name="b", menu_label="c", alternate_names=names)
    document = drafts.read_draft(procedure, "en")
    drafts.write_draft(procedure, document)
    procedure.refresh_from_db()
    assert len(procedure.alternate_names) <= 120
    assert drafts.read_draft(procedure, "en") == document
