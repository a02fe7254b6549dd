"""Texts with one item on each line."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from procedures.validators import OneItemPerLine, lines


def test_lines_are_trimmed_without_blank_ones() -> None:
    assert lines(" one \r\n\n\t\ntwo\n") == ("one", "two")
    assert lines("") == lines(" \n ") == ()


@given(st.text())
def test_lines_are_never_blank_or_untrimmed(text: str) -> None:
    assert all(line and line == line.strip() for line in lines(text))


def test_too_many_or_too_long_lines_are_refused_with_their_number() -> None:
    rule = OneItemPerLine(items=2, length=5)
    rule("12345\n\n12345\n")
    for text, sentence in (
        ("a\nb\nc", "Write at most 2 lines; there are 3."),
        ("short\n123456", "Shorten line 2 to 5 characters; it has 6."),
    ):
        with pytest.raises(ValidationError) as refused:
            rule(text)
        assert refused.value.messages == [sentence]
