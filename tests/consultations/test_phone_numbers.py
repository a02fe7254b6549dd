"""Phone numbers in the spellings that people use, and nothing else."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, example, given
from hypothesis import strategies as st

from consultations import phone_numbers

MOBILE = "+923012345678"

# One mobile in spellings that ``test_noise_between_the_digits_never_changes_the_number`` does not make.
SPELLINGS_OF_ONE_MOBILE = [
    "+92-0301-2345678",
    "+0301 2345678",
    "000923012345678",
    "＋92 301 2345678",
    "0301−2345678",
    "  0301\t2345678 ",
]


def test_mobile_number_is_read_in_every_spelling() -> None:
    for text in SPELLINGS_OF_ONE_MOBILE:
        assert phone_numbers.parse(text).e164 == MOBILE, text


def test_landlines_uan_numbers_and_numbers_from_abroad_are_read() -> None:
    for text, e164 in [
        ("042 35761999", "+924235761999"),
        ("(042) 3576-1999", "+924235761999"),
        ("+92 42 35761999", "+924235761999"),
        ("042-111-222-333", "+9242111222333"),
        ("042 111 222 333", "+9242111222333"),
        ("+44 20 7946 0018", "+442079460018"),
        ("0044 20 7946 0018", "+442079460018"),
        ("+971 50 123 4567", "+971501234567"),
        ("00966 50 123 4567", "+966501234567"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("0359 1234567", "+923591234567"),
    ]:
        assert phone_numbers.parse(text).e164 == e164, text


def test_extensions_names_and_link_prefixes_are_understood() -> None:
    for text, e164, extension in [
        ("042 35761999 ext 204", "+924235761999", "204"),
        ("042-35761999, Ext. 204 (Ali)", "+924235761999", "204"),
        ("tel:+924235761999;ext=204", "+924235761999", "204"),
        ("042 35761999 x204,", "+924235761999", "204"),
        ("۰۴۲ ۳۵۷۶۱۹۹۹ ایکسٹینشن ۲۰۴", "+924235761999", "204"),
        ("0301 2345678 (Ali)", MOBILE, ""),
        ("(علی) 0301 2345678", MOBILE, ""),
        ("0301 2345678,", MOBILE, ""),
    ]:
        phone = phone_numbers.parse(text)
        assert (phone.e164, phone.extension, phone.as_typed) == (e164, extension, text), text
    assert phone_numbers.for_reading("+924235761999", "204").endswith(" ext. 204")


def test_invalid_number_gets_an_instruction() -> None:
    for text in [
        *("", "   ", "+", "1122", "0301 234567", "0301 23456789012"),
        *("+92", "+999 123 4567", "0" * 39, "9" * 1_000_000),
        *("call me", "0301 CALLME1", "0301 2345678 ext", "(Ali)", "😀", "²³⁴", "٫" * 11),
        *("0301 2345678 or 0321 7654321", "0301 2345678 / 0321 7654321"),
        *("0301\x002345678", "0301+2345678"),
    ]:
        with pytest.raises(ValidationError) as caught:
            phone_numbers.parse(text)
        assert caught.value.messages == [str(phone_numbers.INSTRUCTION)], text[:40]


def test_number_as_typed_has_no_invisible_characters() -> None:
    assert phone_numbers.parse(" \u202a۰۳۰۱-۲۳۴ ۵۶۷۸\u202c ").as_typed == "۰۳۰۱-۲۳۴ ۵۶۷۸"


def test_number_is_shown_as_people_here_write_it_and_mobiles_have_a_whatsapp_link() -> None:
    for e164, text, link in [
        (MOBILE, "0301 2345678", "https://wa.me/923012345678"),
        ("+923591234567", "0359 1234567", "https://wa.me/923591234567"),
        ("+924235761999", "(042) 35761999", ""),
        ("+9242111222333", "(042) 111 222 333", ""),
        ("+442079460018", "+44 20 7946 0018", ""),
        ("+12125550123", "+1 212-555-0123", "https://wa.me/12125550123"),
        ("", "", ""),
    ]:
        assert (phone_numbers.for_reading(e164), phone_numbers.whatsapp_link(e164)) == (text, link)


def test_search_takes_a_whole_number_or_four_digits_of_it() -> None:
    for text, digits in [
        ("0301 2345678", MOBILE),
        ("2345678", "2345678"),
        ("0301", ""),
        ("03012", "3012"),
        ("۲۳۴۵", "2345"),
        ("+9230", "9230"),
        ("Ali 2345", ""),
        ("", ""),
    ]:
        assert phone_numbers.digits_to_find(text) == digits, text


# What may stand between digits, and before and after a number, without changing it.
NOISE = st.text(alphabet=" -.()[]\u00a0\u2009\u2013\u200b\u200e\u200f\u202a\u202c\u2066\u2069", max_size=2)
DIGITS_OF_A_SCRIPT = st.sampled_from(["0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"])


@given(
    subscriber=st.integers(min_value=0, max_value=9_999_999),
    prefix=st.sampled_from(["0301", "301", "92301", "+92301", "0092301", "+920301"]),
    script=DIGITS_OF_A_SCRIPT,
    data=st.data(),
)
def test_noise_between_the_digits_never_changes_the_number(
    subscriber: int, prefix: str, script: str, data: st.DataObject
) -> None:
    number = f"{prefix}{subscriber:07}"
    written = "".join(
        (script[int(character)] if character.isdigit() else character) + data.draw(NOISE)
        for character in number
    )
    assume(len(written.strip()) <= phone_numbers.MAX_LENGTH)
    assert phone_numbers.parse(written).e164 == f"+92301{subscriber:07}"


@given(st.text() | st.text(alphabet="0123456789+-. ()", max_size=40))
@example("\ud800")
@example("+" * 40)
@example("٠" * 40)
def test_parse_raises_only_validation_errors_and_reads_its_own_numbers(text: str) -> None:
    try:
        phone = phone_numbers.parse(text)
    except ValidationError:
        return
    assert phone.e164.startswith("+")
    assert phone.e164[1:].isascii() and phone.e164[1:].isdigit()
    assert len(phone.as_typed) <= phone_numbers.MAX_LENGTH
    assert phone_numbers.parse(phone.e164).e164 == phone.e164
    assert phone_numbers.for_reading(phone.e164)
