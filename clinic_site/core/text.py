"""Cleaning of typed text in any script."""

import re
import unicodedata

# Direction marks can make one name look like another.
DIRECTION_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Categories that are invisible on their own: control characters, combining marks, spaces.
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"))
# Invisible letters: Hangul fillers, the empty Braille cell.
GAPS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def can_be_seen(text: str) -> bool:
    return any(unicodedata.category(letter) not in UNSEEN and letter not in GAPS for letter in text)


def is_one_line(text: str) -> bool:
    """Return whether a text has no line breaks, control characters or lone surrogates."""
    return all(unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp") for letter in text)


def plain_line(text: str) -> str:
    """Return one line without control characters and direction marks, white space collapsed."""
    return " ".join(_printable(text).split())


def plain_text(text: str) -> str:
    """Return lines without control characters and direction marks, separated by "\\n"."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(_printable(line).rstrip() for line in lines).strip()


def _printable(line: str) -> str:
    line = unicodedata.normalize("NFC", line).translate(DIRECTION_MARKS)
    # Cc: control characters, among them NUL, which databases refuse. Cs: lone surrogates.
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs") else character for character in line
    )
