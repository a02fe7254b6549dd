"""Two texts are compared word by word, unless that takes minutes; a number with all that belongs to it."""

import pytest

from procedures.publishing.comparison import Kind, Piece, compare, numbers
from tests.factories import a_document

REPEATED = ("a " * 1250, "b a " * 625)


@pytest.mark.parametrize(("old", "new"), [REPEATED, tuple(text.replace(" ", "\n") for text in REPEATED)])
def test_words_or_lines_repeated_for_pages_are_told_as_a_whole(old: str, new: str) -> None:
    assert compare(old, new) == (Piece(Kind.REMOVED, old), Piece(Kind.ADDED, new))


def test_a_line_that_stays_is_told_apart_from_one_that_is_too_much_work() -> None:
    old, new = REPEATED
    assert compare(f"This stays.\n{old}", f"This stays.\n{new}") == (
        Piece(Kind.SAME, "This stays.\n"),
        Piece(Kind.REMOVED, old),
        Piece(Kind.ADDED, new),
    )


def test_a_long_text_of_common_words_is_compared_word_by_word() -> None:
    words = [f"word{number % 97}" for number in range(400)] + ["the"] * 20
    old, new = " ".join(words), " ".join([*words[:200], "other", *words[200:]])
    assert Piece(Kind.ADDED, "other ") in compare(old, new) or Piece(Kind.ADDED, " other") in compare(
        old, new
    )


def told(summary: str) -> list[str]:
    rest = numbers(a_document(summary=""))
    found = numbers(a_document(summary=summary))
    return found[: len(found) - len(rest)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.5 mg, 1.5 hours", ["0.5", "1.5"]),
        ("0, 5 mg, 1-5 hours", ["0", "5", "1-5"]),
        ("1–5 hours, at 9:30.", ["1-5", "9:30"]),
        ("1,000 of 1000 (1 000)", ["1,000", "1000", "1", "000"]),
        ("½ hour, 10² times, stage Ⅳ", ["½", "10²", "Ⅳ"]),
        ("۲۰", ["۲۰"]),
        ("<5%, ≥ 5 % and −5", ["<5%", "≥5%", "−5"]),
        ("None.", []),
    ],
)
def test_a_number_is_told_with_its_separators_and_in_whatever_signs(text: str, found: list[str]) -> None:
    assert told(text) == found
