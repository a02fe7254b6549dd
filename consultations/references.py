"""The reference of a request, such as MS-7K4Q-92XD: for saying aloud and writing down. It opens nothing."""

import secrets

from consultations.text_folding import ascii_digits

PREFIX = "MS"
LENGTH = 8

# One of each group of look-alikes (2 Z, 5 S, 8 B, V U, Q O 0), none of 1 I L, and no A or E, so that
# no reference spells a word. 25 characters: 1.5e11 references; a collision is tried again.
ALPHABET = "23456789CDFGHJKMNPQRTVWXY"

# What people write for what they read or heard.
LOOK_ALIKES = str.maketrans({"Z": "2", "S": "5", "B": "8", "U": "V", "O": "Q", "0": "Q"})


def new_reference() -> str:
    return _written("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def reference_prefix(text: str) -> str:
    """What a reference written in any manner begins with: "ms7k4q 92xd" gives "MS-7K4Q-92XD".

    At least half of a reference is needed. Gives "" for anything that cannot be one.
    """
    characters = "".join(character for character in ascii_digits(text).upper() if character.isalnum())
    characters = characters.removeprefix(PREFIX).translate(LOOK_ALIKES)
    if len(characters) > LENGTH:  # the prefix too may have been misread
        characters = characters.removeprefix(PREFIX.translate(LOOK_ALIKES))
    if not LENGTH // 2 <= len(characters) <= LENGTH or set(characters) - set(ALPHABET):
        return ""
    return _written(characters)


def _written(characters: str) -> str:
    half = LENGTH // 2
    return "-".join(filter(None, (PREFIX, characters[:half], characters[half:])))
