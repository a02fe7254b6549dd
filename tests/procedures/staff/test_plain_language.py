"""The plain-language report: grade, long sentences, words to avoid, promises."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from procedures.content.loader import load_words
from procedures.models import PlainWord
from procedures.publishing import documents
from procedures.staff import plain_language
from procedures.staff.plain_language import Passage, grade, measure, passages, sentences, words_of
from tests.admin_forms import address, form_in, warnings_in
from tests.factories import a_document, a_procedure, signed_in
from tests.pages import read

EASY = "The cat sat on the mat. " * 10
HARD = "Reconstruction necessitates meticulous intraoperative identification of recipient vessels. " * 5


def a_page(body: str, **changes: Any) -> documents.PageDocument:
    """A page whose first section is this text."""
    _first, *others = a_document().sections
    section = documents.Section(kind="why", heading="Why it is done", body=body)
    return a_document(sections=(section, *others), **changes)


def section(body: str, words: list[PlainWord] | None = None, **changes: Any) -> plain_language.SectionReport:
    report = measure(a_page(body, **changes), words or [])
    return next(section for section in report.sections if section.label == "Why it is done")


# The grade


def test_grade_follows_the_formula() -> None:
    # 60 words, 10 sentences, 60 syllables: 0.39 * 6 + 11.8 * 1 - 15.59 = -1.45, and none is below 0.
    assert grade(sentences(EASY)) == 0.0
    # 35 words, 5 sentences; of the 17 syllables in each, 5 are in the last word.
    sentence = "Doctors often repair broken fingers under magnification."
    assert grade([sentence] * 5) == round(0.39 * 7 + 11.8 * 17 / 7 - 15.59, 1)
    hard, long = grade(sentences(HARD)), grade([EASY.replace(".", ",")])
    assert hard is not None and hard > 12
    assert long is not None and long > 1


def test_grade_needs_enough_english_words() -> None:
    assert grade(["Call 1122."]) is None
    assert measure(a_page(EASY, language="ur"), []).grade is None


def test_text_is_measured_as_read() -> None:
    """Without Markdown. Headings and items of lists are passed over unless they are sentences."""
    plain = section("Rest well and eat what you like. " * 6)
    marked = section("**Rest** well and [eat](https://example.org/a-very-long-address) what *you* like. " * 6)
    assert marked.grade == plain.grade
    page = a_page("Before the operation:\n\n- do not smoke\n- do not eat\n\nAfter it, rest.")
    (why,) = [passage for passage in passages(page) if passage.label == "Why it is done"]
    lines = ("Before the operation:", "do not smoke", "do not eat", "After it, rest.")
    assert why.sentences == ("Why it is done", *lines)
    assert why.full_sentences == ["After it, rest."]


def test_sentences_end_where_readers_expect() -> None:
    for text, count in (
        ("One. Two! Three?", 3),
        ("Ask Dr. Khan about it.", 1),
        ("Ask Dr.\u00a0Khan, e.g. Monday, or Prof. Ali.", 1),
        ("It takes 1.5 hours. Rest then.", 2),
        ("He said: “Stop.” Then he left.", 2),
        ("Call 1122. 2 people help you.", 2),
        ("no full stop", 1),
        ("", 0),
    ):
        assert len(Passage("", (text,)).sentences) == count, text


@given(st.text())
def test_any_text_can_be_measured(text: str) -> None:
    found = Passage("Why", (text,)).sentences
    assert sum(len(words_of(sentence)) for sentence in found) == len(words_of(" ".join(found)))
    grade(found)


def test_emergency_text_has_a_lower_maximum_grade() -> None:
    first_aid = documents.FirstAid(signs_heading="Call 1122 if:", signs=(HARD,), steps=(), warnings=())
    report = measure(a_document(first_aid=first_aid), [])
    (found,) = [section for section in report.sections if section.label == "Signs and first aid"]
    assert found.highest == 5 and found.is_too_hard
    assert report.grade == measure(a_document(), []).grade


# Findings


def test_sentence_of_more_than_20_words_is_found() -> None:
    twenty = " ".join(["word"] * 20) + "."
    assert section(twenty).findings == ()
    (finding,) = section(f"Word {twenty}").findings
    assert finding.advice == "21 words: split this sentence."


def test_word_to_avoid_is_found_as_a_whole_but_not_in_brackets() -> None:
    for text, is_found in (
        ("Prior to the operation, rest.", True),
        ("Rest PRIOR TO the operation.", True),
        ("Rest prior\nto the operation.", True),
        ("Rest **prior** to it.", True),
        ("Rest before (prior to) it.", False),
        ("Prioritize rest.", False),
        ("The prior town.", False),
    ):
        found = section(text, [PlainWord(word="prior to", alternative="before")]).findings
        assert [finding.advice for finding in found] == ["Write: before"] * is_found, text


def test_promise_is_found_anywhere_in_the_text() -> None:
    for text in ("A painless operation.", "It is (painless).", "PAINLESS!"):
        (finding,) = section(text, [PlainWord(word="painless", kind="promise")]).findings
        assert finding.is_promise
        assert finding.advice.startswith("No one can promise this.")


def test_words_are_found_with_any_apostrophe_or_hyphen() -> None:
    assert section("You’ll be fine.", [PlainWord(word="you'll be fine", kind="promise")]).findings
    for hyphen in "-‐‑‒–−":
        free = f"pain{hyphen}free"
        assert section(f"A {free} day.", [PlainWord(word="pain-free", kind="promise")]).findings
        assert section("A pain-free day.", [PlainWord(word=free, kind="promise")]).findings


def test_promise_is_found_in_links_and_descriptions() -> None:
    words = [PlainWord(word="painless", kind="promise"), PlainWord(word="surgery", alternative="operation")]
    changes: list[dict[str, Any]] = [
        {"description": "Guaranteed, painless, best results."},
        {"menu_label": "Painless Repair"},
        {"alternate_names": ("Painless surgery",)},
    ]
    for change in changes:
        report = measure(a_document(**change), words)
        assert [finding.words for finding in report.promises] == ["painless"]
        assert report.sections[-1].findings == report.promises
        assert report.grade == measure(a_document(), []).grade


# The list of words


@pytest.mark.django_db
def test_default_words_are_valid_and_loaded_once() -> None:
    load_words()
    promises = PlainWord.objects.filter(kind="promise").values_list("word", flat=True)
    assert {"guaranteed", "best", "painless"} <= set(promises)
    for word in PlainWord.objects.all():
        word.full_clean()
        assert word.alternative or word.kind == "promise", word.word

    PlainWord.objects.exclude(word="painless").delete()
    PlainWord.objects.update(alternative="Say what hurts.")
    load_words()
    assert PlainWord.objects.get().alternative == "Say what hurts."


@pytest.mark.django_db
def test_word_is_normalized_and_unique() -> None:
    word = PlainWord(word="  You’ll   Be FINE ")
    word.full_clean()
    word.save()
    assert word.word == "you'll be fine"

    with pytest.raises(ValidationError):
        PlainWord(word="You'll be fine").full_clean()


# Shown to staff


@pytest.mark.django_db
def test_page_form_shows_the_report_and_its_summary_once_saved() -> None:
    procedure = a_procedure()
    procedure.sections.filter(kind="why").update(body="A painless cure. " + HARD)
    PlainWord.objects.create(word="painless", kind="promise")
    editor = signed_in("Editor")

    page = read(editor.get(address(procedure)))
    table = page.one("details", class_="plain-language")
    assert "open" in table.attributes
    assert "Promise: “painless”" in table.text
    assert table.all("tr")[1].one("th").text == "Title and summary"
    assert "(above 8)" in table.text

    response = editor.post(address(procedure), form_in(page))
    (summary,) = (text for text in warnings_in(response) if text.startswith("Plain language: reading grade"))
    assert summary.endswith(", 1 thing to improve, promises: “painless”.")
