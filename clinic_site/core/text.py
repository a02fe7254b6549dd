"""Cleaning of typed text in any script, and folding for comparison and search."""

import re
import unicodedata

# Direction marks can make one name look like another.
DIRECTION_MARKS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Categories that are invisible on their own: control characters, combining marks, spaces.
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"))
# Invisible letters: Hangul fillers, the empty Braille cell.
GAPS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


# Text between one of the first two and the last is laid out by itself: left to right, or as its first letter
# decides.
LEFT_TO_RIGHT, FIRST_STRONG, END_OF_ISOLATE = "\u2066", "\u2068", "\u2069"


def isolated(text: str, mark: str = LEFT_TO_RIGHT) -> str:
    """Return the text between marks that keep its order within right-to-left plain text."""
    return f"{mark}{text}{END_OF_ISOLATE}" if text else ""


def numbers_isolated(text: str) -> str:
    """Return right-to-left text in which ranges and phone numbers keep their order: 10-0, 042 3576 1999."""
    return re.sub(r"\+?\d+(?:[ /\u2013-]\d+)+", lambda found: isolated(found[0]), text)


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
    line = unicodedata.normalize("NFC", line)
    if line.isprintable():  # has none of the characters below, as most lines
        return line
    line = line.translate(DIRECTION_MARKS)
    # Cc: control characters, among them NUL, which databases refuse. Cs: lone surrogates.
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs") else character for character in line
    )


# Folding. Folded text is never shown.

KASHIDA = "\u0640"  # stretches an Arabic word
ZERO_WIDTH_NON_JOINER = "\u200c"  # a gap within an Urdu word

FOLDED_LETTERS = str.maketrans(
    {
        # Arabic letters that are typed for Urdu ones, and the nasal n (خاں, خان).
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ه": "ہ",
        "ة": "ہ",
        "ۃ": "ہ",
        "ھ": "ہ",
        "ە": "ہ",  # what is left of ۀ
        "ں": "ن",
        # A hamza is left out as often as not, even where it has a place of its own (ضیاء, ضیا).
        "ء": "",
        KASHIDA: "",
        # Latin letters that Unicode does not decompose.
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
    }
)


def urdu_letters(text: str) -> str:
    """Return Urdu text with the letters of an Arabic keyboard replaced by those of Urdu."""
    return text.translate(str.maketrans("يىكهة", "ییکہۃ"))


def ascii_digits(text: str) -> str:
    """Return the text with the digits of every script (Urdu ۰۱۲, Arabic ٠١٢) as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def fold_text(text: str) -> str:
    """Return the text without case, vowel signs, hamzas and accents, and with Arabic letters as Urdu ones."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(
        letter for letter in letters if unicodedata.category(letter) not in ("Mn", "Cf", "Cc", "Cs")
    )
    folded = ascii_digits(kept.casefold().translate(FOLDED_LETTERS))
    # ہوئی, of which the hamza is gone, and ہوی.
    return " ".join(re.sub("ی+", "ی", folded).split())


def words(text: str) -> list[str]:
    """Return the folded words of a text. Any character but a letter, mark or digit ends a word.

    So Abdul-Rehman, M.Yousaf and O’Brien are two words each.
    """
    text = fold_text(text.replace(ZERO_WIDTH_NON_JOINER, " "))
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    return "".join(letters).split()
