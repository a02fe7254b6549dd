"""References of requests, such as MS-7K4Q-92XD, to say aloud and write down. They give no access."""

import secrets

from clinic_site.core.text import ascii_digits

PREFIX = "MS"
LENGTH = 8

# One of each group of look-alikes (2 Z, 5 S, 8 B, V U, Q O 0), none of 1 I L, and no A or E, so that
# no reference spells a word. 25 characters: 1.5e11 references.
ALPHABET = "23456789CDFGHJKMNPQRTVWXY"

# Characters that people write by mistake.
LOOK_ALIKES = str.maketrans({"Z": "2", "S": "5", "B": "8", "U": "V", "O": "Q", "0": "Q"})


def new_reference() -> str:
    return _formatted("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def reference_prefix(text: str) -> str:
    """Return the start of a reference in its usual form: "ms7k4q 92xd" gives "MS-7K4Q-92XD".

    Return "" unless it is at least half of a reference.
    """
    characters = "".join(character for character in ascii_digits(text).upper() if character.isalnum())
    characters = characters.removeprefix(PREFIX).translate(LOOK_ALIKES)
    if len(characters) > LENGTH:  # the prefix too may have been misread
        characters = characters.removeprefix(PREFIX.translate(LOOK_ALIKES))
    if not LENGTH // 2 <= len(characters) <= LENGTH or set(characters) - set(ALPHABET):
        return ""
    return _formatted(characters)


def _formatted(characters: str) -> str:
    half = LENGTH // 2
    return "-".join(filter(None, (PREFIX, characters[:half], characters[half:])))
