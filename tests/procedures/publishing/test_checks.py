"""Publication checks: each reports its own sentence alone, and a complete page passes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from procedures.publishing import documents
from procedures.publishing.checks import PublicationProblem, months_after, publication_problems
from procedures.publishing.documents import PageDocument
from tests.factories import a_document

Change = Callable[[PageDocument], PageDocument]


CARD = documents.Section("emergency", "Emergency", "")


def without(kind: str) -> Change:
    return lambda document: replace(
        document, sections=tuple(section for section in document.sections if section.kind != kind)
    )


def with_section(kind: str, **changes: str) -> Change:
    return lambda document: replace(
        document,
        sections=tuple(
            replace(section, **changes) if section.kind == kind else section for section in document.sections
        ),
    )


def with_fact(**changes: object) -> Change:
    return lambda document: replace(document, key_facts=(replace(document.key_facts[0], **changes),))


def with_review(**changes: object) -> Change:
    return lambda document: replace(document, review=replace(document.review, **changes))


def unregistered(document: PageDocument) -> PageDocument:
    assert document.review
    return with_review(reviewer=replace(document.review.reviewer, registration_number=""))(document)


def overview_without(kind: str) -> Change:
    return lambda document: replace(
        without(kind)(replace(document, sections=(*document.sections, CARD))),
        kind="overview",
        slug="",
        urgency="",
    )


# Each problem, and the changes to a complete page that cause it and no other.
PROBLEMS: dict[tuple[str, str], tuple[Change, ...]] = {
    ("reviewer", "Choose the reviewer."): (lambda d: replace(d, review=None),),
    ("reviewer", "The reviewer has no registration number. Enter it under Practitioners."): (unregistered,),
    ("review_due_on", "The next review must be after this one."): (
        with_review(due_on=date(2026, 3, 1)),
        with_review(due_on=date(2026, 2, 28)),
    ),
    ("review_due_on", "The next review must be within 36 months."): (with_review(due_on=date(2029, 3, 2)),),
    ("author", "Say who wrote this page."): (lambda d: replace(d, author=" "),),
    ("risks", "Add the risks."): (lambda d: replace(d, risks=()),),
    ("carecards", "Say when to get help: add a card."): (lambda d: replace(d, care_cards=()),),
    ("keyfacts", "The key fact “Operation length” is not confirmed."): (with_fact(certainty="unconfirmed"),),
    ("keyfacts", "The key fact “Operation length” has a number but no source."): (with_fact(source=None),),
    ("keyfacts", "The key fact “Works in 9 of 10” has a number but no source."): (
        with_fact(label="Works in 9 of 10", value="Yes", source=None),
    ),
    ("sections", "Add a section on other options."): (
        without("alternatives"),
        with_section("alternatives", body=""),
    ),
    ("sections", "Add a section that shows the risks."): (without("risks"), overview_without("risks")),
    ("sections", "Add a section that says when to get help."): (without("help"), overview_without("help")),
    ("sections", "Add the emergency card: the front page always has it."): (overview_without("emergency"),),
    ("disclaimer", "Write the disclaimer."): (lambda d: replace(d, disclaimer=None),),
    ("sections", "Add the emergency card: this procedure is an emergency."): (
        lambda d: replace(d, urgency="emergency"),
    ),
    ("sections", "Put the emergency card first: this procedure is an emergency."): (
        lambda d: replace(d, sections=(*d.sections, CARD), urgency="emergency"),
    ),
    ("photo_alt", "Describe the photograph for people who cannot see it."): (
        lambda d: replace(d, photo=replace(d.photo, alt="")),
    ),
    ("citations", "“How to prepare” has a number but no source that supports it."): (
        with_section("preparation", body="Stop 2 weeks before."),
        with_section("preparation", body="۲ ہفتے پہلے"),
        with_section("preparation", body="½ of toes work."),
    ),
    ("citations", "“Risks” has a number but no source that supports it."): (
        lambda d: replace(d, risks=(replace(d.risks[0], body="About 1 in 20."),)),
    ),
    ("citations", "“When to get help” has a number but no source that supports it."): (
        lambda d: replace(d, care_cards=(replace(d.care_cards[0], items=("fever above 38 degrees",)),)),
    ),
    ("citations", "“Recovery” has a number but no source that supports it."): (
        lambda d: replace(d, recovery_notes=(documents.TitledText(title="Later", body="After 6 weeks."),)),
    ),
    ("citations", "“Works in 99 of 100” has a number but no source that supports it."): (
        with_section("preparation", heading="Works in 99 of 100"),
    ),
    ("title", "The title has a number that no text with a source says: 98."): (
        lambda d: replace(d, title="The 98% operation"),
    ),
    ("plain_name", "The plain name has a number that no text with a source says: 98."): (
        lambda d: replace(d, plain_name="98% success"),
    ),
    ("summary", "The summary has a number that no text with a source says: 95, ¾."): (
        lambda d: replace(d, summary="95% use the hand again. It takes 4 hours, and ¾ of a year. Call 1122."),
    ),
    ("description", "The description has a number that no text with a source says: 97."): (
        lambda d: replace(d, description="97% success."),
    ),
}


def test_checks_report_each_problem_alone() -> None:
    for (field, sentence), causes in PROBLEMS.items():
        for change in causes:
            assert publication_problems(change(a_document())) == (PublicationProblem(field, sentence),)


def test_checks_report_missing_sources_and_all_problems_of_an_empty_page() -> None:
    document = replace(with_fact(value="Several hours", source=None)(a_document()), sources=())
    assert publication_problems(document) == (PublicationProblem("citations", "Name at least one source."),)
    empty: dict[str, Any] = dict.fromkeys(("sources", "risks", "care_cards", "sections"), ())
    empty |= dict.fromkeys(("disclaimer", "review"))
    fields = {problem.field for problem in publication_problems(replace(a_document(), **empty))}
    assert fields >= {"reviewer", "citations", "risks", "carecards", "sections", "disclaimer"}


def test_checks_accept_sourced_numbers_and_allowed_variants() -> None:
    for change in (
        lambda d: d,
        with_review(due_on=date(2029, 3, 1)),
        with_section("preparation", body="Call 1122 if you bleed."),
        with_section("why", body="About 1 in 20 do better."),  # this section has its citation
        with_fact(value="Depends on you", source=None, certainty="varies"),
        lambda d: replace(d, summary="It takes 3 to 4 hours. In danger, call 1122."),  # as the key fact says
        lambda d: replace(d, photo=None),
        lambda d: replace(d, urgency="emergency", sections=(CARD, *d.sections)),
        lambda d: replace(d, urgency="both"),
        overview_without("alternatives"),
    ):
        assert publication_problems(change(a_document())) == ()


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(min_value=0, max_value=120))
def test_months_after_keeps_the_day_or_takes_the_last_of_the_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
