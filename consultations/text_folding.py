"""Normalize typed text, in any script, for searching."""

import unicodedata

from clinic_site.core.text import plain_line, plain_text

__all__ = ["ascii_digits", "fold_text", "plain_line", "plain_text", "words"]

# Letters that Arabic and Urdu keyboards use for the same sound; and the nasal end of a name, which is written
# with either letter (خاں, خان).
ARABIC_FOR_URDU = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ة": "ہ", "ۃ": "ہ", "ھ": "ہ", "ں": "ن"}
)


def ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script (Urdu ۰۱۲, Arabic ٠١٢) as 0 to 9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def fold_text(text: str) -> str:
    """Return the text as it is compared in a search; never shown.

    Removes case, vowel signs and accents, and turns Arabic letters into Urdu ones: علي is found as علی.
    """
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(
        letter for letter in letters if unicodedata.category(letter) not in ("Mn", "Cf", "Cc", "Cs")
    )
    return " ".join(ascii_digits(kept.casefold().translate(ARABIC_FOR_URDU)).split())


def words(text: str) -> list[str]:
    """Return the folded words of a name, split at anything but letters, marks and digits.

    Abdul-Rehman, M.Yousaf and O’Brien are two words each.
    """
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in fold_text(text))
    return "".join(letters).split()
