"""Comparing texts, and finding numbers in them."""

from datetime import date

from msgspec.structs import replace

from clinic_site.core.editing.text_changes import Kind, Segment, compare
from procedures.publishing.comparison import changes, numbers_in
from tests.factories import a_document

REPEATED = ("a " * 1250, "b a " * 625)


def test_very_repetitive_texts_are_compared_as_a_whole() -> None:
    for separator in (" ", "\n"):
        old, new = (text.replace(" ", separator) for text in REPEATED)
        assert compare(old, new) == (Segment(Kind.REMOVED, old), Segment(Kind.ADDED, new))


def test_lines_are_compared_where_words_take_too_long() -> None:
    old, new = REPEATED
    assert compare(f"This stays.\n{old}", f"This stays.\n{new}") == (
        Segment(Kind.SAME, "This stays.\n"),
        Segment(Kind.REMOVED, old),
        Segment(Kind.ADDED, new),
    )


def test_long_texts_are_compared_word_by_word() -> None:
    words = [f"word{number % 97}" for number in range(400)] + ["the"] * 20
    old, new = " ".join(words), " ".join([*words[:200], "other", *words[200:]])
    assert Segment(Kind.ADDED, "other ") in compare(old, new) or Segment(Kind.ADDED, " other") in compare(
        old, new
    )


def test_numbers_are_found_with_separators_signs_and_in_any_script() -> None:
    rest = numbers_in(a_document(summary=""))
    for text, found in (
        ("0.5 mg, 1.5 hours", ["0.5", "1.5"]),
        ("0, 5 mg, 1-5 hours", ["0", "5", "1-5"]),
        ("1–5 hours, at 9:30.", ["1-5", "9:30"]),
        ("1,000 of 1000 (1 000)", ["1,000", "1000", "1", "000"]),
        ("½ hour, 10² times, stage Ⅳ", ["½", "10²", "Ⅳ"]),
        ("۲۰", ["۲۰"]),
        ("<5%, ≥ 5 % and −5", ["<5%", "≥5%", "−5"]),
        ("None.", []),
    ):
        assert numbers_in(a_document(summary=text)) == found + rest


def test_day_on_which_a_source_was_read_is_compared() -> None:
    read = replace(a_document().sources[0], accessed_on=date(2026, 5, 3))
    (change,) = changes(a_document(), a_document(sources=(read,)))
    assert change.key == "sources"
    assert "3 May 2026" in "".join(segment.text for segment in change.segments)
