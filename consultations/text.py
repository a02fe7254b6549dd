"""What people type, in any script, made fit to store and to find again."""

import re
import unicodedata

# Marks that only steer the direction of a line. In a name they can make one read as another.
DIRECTION_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Letters that Arabic and Urdu keyboards give for the same sound at the same place in a name.
ARABIC_FOR_URDU = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ة": "ہ", "ۃ": "ہ", "ھ": "ہ"})


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of every script (Urdu ۰۱۲, Arabic ٠١٢) written 0 to 9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def plain_line(text: str) -> str:
    """One line: no control characters, no direction marks, runs of white space made one space."""
    return " ".join(_printable(text).split())


def plain_text(text: str) -> str:
    """Lines of text, as typed but for control characters and direction marks. Line ends are "\\n"."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(_printable(line).rstrip() for line in lines).strip()


def _printable(line: str) -> str:
    line = unicodedata.normalize("NFC", line).translate(DIRECTION_MARKS)
    # Cc: control characters, NUL among them, which no database takes. Cs: halves of a character.
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs") else character for character in line
    )


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
