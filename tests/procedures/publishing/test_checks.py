"""The gate: each rule, alone, wants exactly its own sentence; a page that lacks nothing passes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from procedures.publishing import documents
from procedures.publishing.checks import Missing, missing_for_publication, months_after
from procedures.publishing.documents import PageDocument
from tests.factories import a_document
from tests.procedures.publishing.strategies import DOCUMENTS

Change = Callable[[PageDocument], PageDocument]


def without_sections(*kinds: str) -> Change:
    return lambda document: replace(
        document, sections=tuple(section for section in document.sections if section.kind not in kinds)
    )


def with_card_at_the_end(document: PageDocument) -> PageDocument:
    card = documents.Section("emergency", "Emergency", "")
    return replace(document, sections=(*document.sections, card))


def with_body(kind: str, body: str) -> Change:
    return lambda document: replace(
        document,
        sections=tuple(
            replace(section, body=body) if section.kind == kind else section for section in document.sections
        ),
    )


def with_fact(**changes: object) -> Change:
    return lambda document: replace(document, key_facts=(replace(document.key_facts[0], **changes),))


def with_review(**changes: object) -> Change:
    return lambda document: replace(document, review=replace(document.review, **changes))


def _unregistered(document: PageDocument) -> PageDocument:
    assert document.review
    return with_review(reviewer=replace(document.review.reviewer, registration_number=""))(document)


# What is done to a complete page, and the one thing that the gate then wants.
RULES: dict[str, tuple[Change, str, str]] = {
    "a reviewer": (lambda d: replace(d, review=None), "reviewer", "Choose the reviewer."),
    "a registration number": (
        _unregistered,
        "reviewer",
        "The reviewer has no registration number. Enter it under Practitioners.",
    ),
    "a next review after this one": (
        with_review(due_on=date(2026, 3, 1)),
        "review_due_on",
        "The next review must be after this one.",
    ),
    "a next review that is not before this one": (
        with_review(due_on=date(2026, 2, 28)),
        "review_due_on",
        "The next review must be after this one.",
    ),
    "a next review within 36 months": (
        with_review(due_on=date(2029, 3, 2)),
        "review_due_on",
        "The next review must be within 36 months.",
    ),
    "risks": (lambda d: replace(d, risks=()), "risks", "Add the risks."),
    "a card": (
        lambda d: replace(d, care_cards=()),
        "carecards",
        "Say when to get help: add a card.",
    ),
    "confirmed facts": (
        with_fact(certainty="unconfirmed"),
        "keyfacts",
        "The key fact “Operation length” is not confirmed.",
    ),
    "a source for a fact with a number": (
        with_fact(source=None),
        "keyfacts",
        "The key fact “Operation length” has a number but no source.",
    ),
    "a section on other options": (
        without_sections("alternatives"),
        "sections",
        "Add a section on other options.",
    ),
    "words in the section on other options": (
        with_body("alternatives", ""),
        "sections",
        "Add a section on other options.",
    ),
    "a section that shows the risks": (
        without_sections("risks"),
        "sections",
        "Add a section that shows the risks.",
    ),
    "a section that says when to get help": (
        without_sections("help"),
        "sections",
        "Add a section that says when to get help.",
    ),
    "the disclaimer": (lambda d: replace(d, disclaimer=None), "disclaimer", "Write the disclaimer."),
    "the emergency text": (lambda d: replace(d, emergency=None), "emergency", "Write the emergency text."),
    "the emergency card of an emergency": (
        lambda d: replace(d, urgency="emergency"),
        "sections",
        "Add the emergency card: this procedure is an emergency.",
    ),
    "the emergency card of an emergency before all else": (
        lambda d: replace(with_card_at_the_end(d), urgency="emergency"),
        "sections",
        "Put the emergency card first: this procedure is an emergency.",
    ),
    "a description of the photograph": (
        lambda d: replace(d, photo=replace(d.photo, alt="")),
        "photo_alt",
        "Describe the photograph for people who cannot see it.",
    ),
    "a source for a section with a number": (
        with_body("preparation", "Stop 2 weeks before."),
        "citations",
        "“How to prepare” has a number but no source that supports it.",
    ),
    "a source for a list with a number": (
        lambda d: replace(d, risks=(replace(d.risks[0], body="About 1 in 20."),)),
        "citations",
        "“Risks” has a number but no source that supports it.",
    ),
    "a source for a number in other digits": (
        with_body("preparation", "۲ ہفتے پہلے"),
        "citations",
        "“How to prepare” has a number but no source that supports it.",
    ),
    "a source for the number on a card": (
        lambda d: replace(
            d, care_cards=(replace(d.care_cards[0], items=("your fever is above 38 degrees",)),)
        ),
        "citations",
        "“When to get help” has a number but no source that supports it.",
    ),
    "a source for a number in a heading": (
        lambda d: replace(
            d,
            sections=tuple(
                replace(s, heading="Works in 99 of 100") if s.kind == "preparation" else s for s in d.sections
            ),
        ),
        "citations",
        "“Works in 99 of 100” has a number but no source that supports it.",
    ),
    "a source for a fraction": (
        with_body("preparation", "½ of toes work."),
        "citations",
        "“How to prepare” has a number but no source that supports it.",
    ),
    "a source for a key fact named by a number": (
        with_fact(label="Works in 9 of 10", value="Yes", source=None),
        "keyfacts",
        "The key fact “Works in 9 of 10” has a number but no source.",
    ),
    "a source for a number in the title": (
        lambda d: replace(d, title="The 98% operation"),
        "title",
        "The title has a number that no text with a source says: 98.",
    ),
    "a source for a number in the plain name": (
        lambda d: replace(d, plain_name="98% success"),
        "plain_name",
        "The plain name has a number that no text with a source says: 98.",
    ),
    "a source for the numbers in the summary": (
        lambda d: replace(d, summary="95% use the hand again. It takes 4 hours, and ¾ of a year. Call 1122."),
        "summary",
        "The summary has a number that no text with a source says: 95, ¾.",
    ),
    "a source for a number in the description": (
        lambda d: replace(d, description="97% success."),
        "description",
        "The description has a number that no text with a source says: 97.",
    ),
    "somebody who wrote it": (lambda d: replace(d, author=" "), "author", "Say who wrote this page."),
    "a source for a number in a recovery note": (
        lambda d: replace(d, recovery_notes=(documents.TitledText(title="Later", body="After 6 weeks."),)),
        "citations",
        "“Recovery” has a number but no source that supports it.",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_page_complete_but_for_one_thing_is_asked_for_that_thing_alone(rule: str) -> None:
    change, field, sentence = RULES[rule]
    assert missing_for_publication(change(a_document())) == (Missing(field, sentence),)


def test_a_complete_page_passes() -> None:
    assert missing_for_publication(a_document()) == ()


def test_a_page_without_any_source_is_asked_for_one_and_for_what_it_would_support() -> None:
    document = replace(with_fact(value="Several hours", source=None)(a_document()), sources=())
    assert missing_for_publication(document) == (Missing("citations", "Name at least one source."),)


def test_an_empty_page_is_told_everything_at_once() -> None:
    empty = replace(
        a_document(),
        sources=(),
        risks=(),
        care_cards=(),
        sections=(),
        disclaimer=None,
        emergency=None,
        review=None,
    )
    fields = [missing.field for missing in missing_for_publication(empty)]
    assert {"reviewer", "citations", "risks", "carecards", "sections", "disclaimer", "emergency"} <= set(
        fields
    )


@pytest.mark.parametrize(
    "change",
    [
        with_review(due_on=date(2029, 3, 1)),
        with_body("preparation", "Call 1122 if you bleed."),
        with_body("why", "About 1 in 20 do better."),  # this section has its citation
        with_fact(value="Depends on you", source=None, certainty="varies"),
        lambda d: replace(d, summary="It takes 3 to 4 hours. In danger, call 1122."),  # as the key fact says
        lambda d: replace(d, photo=None),
        lambda d: replace(
            d,
            urgency="emergency",
            sections=(documents.Section(kind="emergency", heading="", body=""), *d.sections),
        ),
        lambda d: replace(d, urgency="both"),
    ],
)
def test_what_the_gate_does_not_mind(change: Change) -> None:
    assert missing_for_publication(change(a_document())) == ()


def an_overview(*without: str) -> PageDocument:
    whole = with_card_at_the_end(a_document())
    return replace(without_sections(*without)(whole), kind="overview", slug="", urgency="")


def test_the_overview_needs_no_section_on_other_options() -> None:
    assert missing_for_publication(an_overview("alternatives")) == ()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("risks", "Add a section that shows the risks."),
        ("help", "Add a section that says when to get help."),
        ("emergency", "Add the emergency card: the front page always has it."),
    ],
)
def test_the_overview_too_shows_risks_help_and_the_emergency_card(kind: str, sentence: str) -> None:
    assert missing_for_publication(an_overview(kind)) == (Missing("sections", sentence),)


@given(DOCUMENTS)
def test_the_gate_answers_for_any_page_whatever_is_in_it(document: PageDocument) -> None:
    for missing in missing_for_publication(document):
        assert missing.field
        assert missing.message.endswith((".", "?"))


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(min_value=0, max_value=120))
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
