"""What messages are about, as staff know it. Each app registers its way to what its messages are about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User


@dataclass(frozen=True)
class Subject:
    """``page`` is where staff find it, ``caution`` what whoever calls has to know first, or ""."""

    page: str
    caution: str = ""


class Show(Protocol):
    def __call__(self, actor: User, abouts: Collection[str], *, is_search: bool) -> Mapping[str, Subject]:
        """Those of ``abouts`` that are the app's, by name.

        Messages about them are being shown to the actor: what that discloses, the app records.
        """


_apps: list[Show] = []


def register(show: Show) -> None:
    """Add an app's way to what its messages are about."""
    _apps.append(show)


def shown(actor: User, abouts: Collection[str], *, is_search: bool = False) -> dict[str, Subject]:
    """What messages that are shown to somebody are about, by name; what no app knows is left out."""
    named = {about for about in abouts if about}
    found: dict[str, Subject] = {}
    for show in _apps:
        found |= show(actor, named, is_search=is_search) if named else {}
    return found
