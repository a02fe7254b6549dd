"""Normalizing typed text for storage and search."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from clinic_site.core.text import ascii_digits, fold_text, plain_line, plain_text, words


def test_plain_text_keeps_what_can_be_read() -> None:
    for typed, kept in [
        ("  Ayesha   Khan ", "Ayesha Khan"),
        ("علی خان", "علی خان"),
        ("نور\u200cجہاں", "نور\u200cجہاں"),
        ("Ali\x00 Khan\x1b", "Ali Khan"),
        ("Ali\r\nKhan\t", "Ali Khan"),
        ("\u202eahseyA\u202c", "ahseyA"),
        ("\u200fعلی\u200e", "علی"),
        ("e\u0301", "é"),
        ("Ali 😀", "Ali 😀"),
        ("\ud83d", ""),
    ]:
        assert plain_line(typed) == kept, typed
    assert plain_text("First.\r\nSecond. \r\n\r\nThird.\x00\r") == "First.\nSecond.\n\nThird."


def test_digits_of_every_script_are_read() -> None:
    assert ascii_digits("۰۱۲۳۴ ٥٦٧٨٩ ०") == "01234 56789 0"


def test_spellings_of_one_name_fold_to_the_same_text() -> None:
    for written, sought in [
        ("Ayesha", "AYESHA"),
        ("Émile Noël", "emile noel"),
        ("علی", "علي"),
        ("کامران", "كامران"),
        ("فاطمہ", "فاطمة"),
        ("فاطمہ", "فاطمه"),
        ("آمنہ", "امنہ"),
        ("مُحَمَّد", "محمد"),
        ("نور\u200cجہاں", "نورجہاں"),
        ("Straße", "STRASSE"),
        ("خاں", "خان"),
        ("أحمد", "احمد"),
        ("ضیاء", "ضیا"),
        ("مائیکرو", "مایکرو"),
        ("گاؤں", "گاوں"),
    ]:
        assert fold_text(written) == fold_text(sought), written
    assert fold_text("علی") != fold_text("ولی")


# Letters as they come from other keyboards, and marks that are written or left out.
RESPELLED = {"ی": "يىئ", "ک": "ك", "ہ": "هةھۂۃ", "ا": "أآإ", "و": "ؤ", "ن": "ں", "ے": "ۓ", "1": "۱١"}
MARKS = ("", "\u064e", "\u0650", "\u064f", "\u0651", "\u0640", "\u200d", "ء")


@given(st.data(), st.sampled_from(("انگلی کٹ گئی", "دوبارہ جوڑنا", "آپریشن کے بعد", "1122", "ہاتھ ٹھنڈا")))
def test_respelled_text_has_the_same_words(data: st.DataObject, text: str) -> None:
    respelled = ""
    for letter in text:
        respelled += data.draw(st.sampled_from(letter + RESPELLED.get(letter, "")))
        respelled += data.draw(st.sampled_from(MARKS)) if letter in RESPELLED else ""
    gap = data.draw(st.sampled_from((" ", "\u200c", "\u00a0", "، ")))
    assert words(respelled.replace(" ", gap)) == words(text)


@given(st.text(), st.sampled_from(",.-_'’۔،/(&"), st.text())
def test_punctuation_ends_a_word(first: str, between: str, second: str) -> None:
    found = words(f"{first}{between}{second}")
    assert found == words(f"{first} {second}") == words(first) + words(second)
    assert all(word and all(unicodedata.category(letter)[0] in "LMN" for letter in word) for word in found)


@given(st.text())
def test_plain_text_is_idempotent_and_can_be_stored(text: str) -> None:
    for clean in (plain_line, plain_text, fold_text):
        kept = clean(text)
        kept.encode()
        assert "\x00" not in kept
    for clean in (plain_line, plain_text):
        assert clean(clean(text)) == clean(text)
