"""References are found even if misread."""

from hypothesis import given
from hypothesis import strategies as st

from consultations import references


def test_reference_has_its_format() -> None:
    assert references.reference_prefix("MS-7K4Q-92XD") == "MS-7K4Q-92XD"
    prefix, first, second = references.new_reference().split("-")
    assert prefix == "MS"
    assert len(first) == len(second) == 4


def test_alphabet_has_no_look_alikes_and_spells_no_word() -> None:
    for group in ("0OQ", "1IL", "2Z", "5S", "8B", "UV"):
        assert len(set(group) & set(references.ALPHABET)) <= 1, group
    assert not set("AEIOU") & set(references.ALPHABET)


def test_reference_or_its_first_half_is_read_in_every_spelling() -> None:
    for text in [
        *("MS-7K4Q-92XD", "ms-7k4q-92xd", "ms 7k4q 92xd", "MS7K4Q92XD", "7K4Q92XD", " 7k4q-92xd. "),
        *("MS–7K4Q–92XD", "MS-7K40-92XD", "M5-7K4O-9ZXD", "MS-۷K۴Q-۹۲XD"),
    ]:
        assert references.reference_prefix(text) == "MS-7K4Q-92XD", text
    for text, prefix in [
        ("7K4Q", "MS-7K4Q"),
        ("ms-7k4q", "MS-7K4Q"),
        ("MS-7K4Q-9", "MS-7K4Q-9"),
        ("7K4Q92", "MS-7K4Q-92"),
    ]:
        assert references.reference_prefix(text) == prefix, text
    for text in ["", "MS", "MS-7K4", "Ayesha", "علی خان", "MS-7K4Q-92XD-5", "7K4Q-92XI", "-" * 1000]:
        assert references.reference_prefix(text) == "", text


@given(st.integers())
def test_every_new_reference_is_read_back(_turn: int) -> None:
    reference = references.new_reference()
    assert references.reference_prefix(reference.lower().replace("-", "")) == reference


@given(st.text())
def test_any_text_is_a_reference_or_none(text: str) -> None:
    assert references.reference_prefix(text) == "" or references.reference_prefix(text).startswith("MS-")
