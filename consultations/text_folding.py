"""Folding of names in any script, for comparison and search. Folded text is never shown."""

import unicodedata

KASHIDA = "\u0640"  # stretches an Arabic word
ZERO_WIDTH_NON_JOINER = "\u200c"  # a gap within an Urdu word

FOLDED_LETTERS = str.maketrans(
    {
        # Letters that Arabic and Urdu keyboards give for the same sound, and the nasal n (خاں, خان).
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ه": "ہ",
        "ة": "ہ",
        "ۃ": "ہ",
        "ھ": "ہ",
        "ە": "ہ",  # what is left of ۀ
        "ں": "ن",
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


def ascii_digits(text: str) -> str:
    """Return the text with the digits of every script (Urdu ۰۱۲, Arabic ٠١٢) as 0 to 9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def fold_text(text: str) -> str:
    """Return the text without case, vowel signs and accents, and with Arabic letters as Urdu ones."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(
        letter for letter in letters if unicodedata.category(letter) not in ("Mn", "Cf", "Cc", "Cs")
    )
    return " ".join(ascii_digits(kept.casefold().translate(FOLDED_LETTERS)).split())


def words(text: str) -> list[str]:
    """Return the folded words of a name; anything but letters, marks and digits separates two of them.

    So Abdul-Rehman, M.Yousaf and O’Brien are two words each.
    """
    text = fold_text(text.replace(ZERO_WIDTH_NON_JOINER, " "))
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    return "".join(letters).split()
