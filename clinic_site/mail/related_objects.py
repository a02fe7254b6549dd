"""The objects that messages are about, found by ``settings.MESSAGE_SUBJECT_FINDERS``."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from clinic_site.accounts.models import User


@dataclass(frozen=True)
class RelatedObject:
    """``page`` is its staff page; ``caution`` is what a caller must know first, or ""."""

    page: str
    caution: str = ""


def find(actor: "User", abouts: Collection[str], *, is_search: bool = False) -> dict[str, RelatedObject]:
    """Map ``about`` values to related objects. Unknown ones are left out.

    Each finder also records that ``actor`` was shown messages about them.
    """
    names = {about for about in abouts if about}
    found: dict[str, RelatedObject] = {}
    if names:
        for path in settings.MESSAGE_SUBJECT_FINDERS:
            found |= import_string(path)(actor, names, is_search=is_search)
    return found
