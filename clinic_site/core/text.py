"""What people type, in any script, made fit to store."""

import re
import unicodedata

# Marks that only steer the direction of a line. In a name they can make one read as another.
DIRECTION_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# What leaves nothing to see where nothing else stands: no shape of its own, a mark on a letter, a space.
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"))
# Letters and signs in name only: fillers of Korean syllables, the empty Braille cell.
GAPS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def can_be_seen(text: str) -> bool:
    return any(unicodedata.category(letter) not in UNSEEN and letter not in GAPS for letter in text)


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
