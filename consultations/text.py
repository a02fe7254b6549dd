"""What people type, in any script, made fit to find again."""

import unicodedata

from clinic_site.text import plain_line, plain_text

__all__ = ["ascii_digits", "folded", "plain_line", "plain_text"]

# Letters that Arabic and Urdu keyboards give for the same sound at the same place in a name.
ARABIC_FOR_URDU = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ة": "ہ", "ۃ": "ہ", "ھ": "ہ"})


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
