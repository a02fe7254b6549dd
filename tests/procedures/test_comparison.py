"""Two texts are compared word by word, unless that would take minutes."""

import pytest

from procedures.comparison import Kind, Piece, compare

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
