"""What people type, in any script, made fit to find again."""

import unicodedata

from clinic_site.core.text import plain_line, plain_text

__all__ = ["ascii_digits", "folded", "plain_line", "plain_text", "words"]

# Letters that Arabic and Urdu keyboards give for the same sound at the same place in a name; and the
# nasal end of a name, which as many write with the one letter (خاں) as with the other (خان).
ARABIC_FOR_URDU = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ة": "ہ", "ۃ": "ہ", "ھ": "ہ", "ں": "ن"}
)


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of every script (Urdu ۰۱۲, Arabic ٠١٢) written 0 to 9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def folded(text: str) -> str:
    """The text as it is compared in a search.

    Without case, vowel signs and accents, and with Arabic letters as their Urdu sisters, so that علي
    is found as علی. Never shown to anyone.
    """
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(
        letter for letter in letters if unicodedata.category(letter) not in ("Mn", "Cf", "Cc", "Cs")
    )
    return " ".join(ascii_digits(kept.casefold().translate(ARABIC_FOR_URDU)).split())


def words(text: str) -> list[str]:
    """The words of a name, ``folded``: whatever is no letter, mark or digit stands between two of them.

    Abdul-Rehman, M.Yousaf and O’Brien are two words each, however somebody writes what is between.
    """
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in folded(text))
    return "".join(letters).split()
