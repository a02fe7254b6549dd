"""What a message is about, as staff know it: found by ``settings.MESSAGE_SUBJECT_FINDERS``."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from clinic_site.accounts.models import User


@dataclass(frozen=True)
class RelatedObject:
    """``page`` is its address on the staff side; ``caution`` is what a caller must know first, or ""."""

    page: str
    caution: str = ""


def find(actor: "User", abouts: Collection[str], *, is_search: bool = False) -> dict[str, RelatedObject]:
    """Return what the messages shown to ``actor`` are about, by their ``about``; unknown ones are left out.

    Each finder also records what showing these messages discloses.
    """
    names = {about for about in abouts if about}
    found: dict[str, RelatedObject] = {}
    if names:
        for path in settings.MESSAGE_SUBJECT_FINDERS:
            found |= import_string(path)(actor, names, is_search=is_search)
    return found
