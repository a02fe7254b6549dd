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


def test_lines_within_the_limits_pass() -> None:
    OneItemPerLine(items=2, length=5)("12345\n\n12345\n")


def test_too_many_lines_are_counted() -> None:
    with pytest.raises(ValidationError) as refused:
        OneItemPerLine(items=2, length=5)("a\nb\nc")
    assert refused.value.messages == ["Write at most 2 lines; there are 3."]


def test_too_long_line_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        OneItemPerLine(items=3, length=5)("short\n123456")
    assert refused.value.messages == ["Shorten line 2 to 5 characters; it has 6."]
