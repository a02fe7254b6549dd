"""The navigation of the staff side, by permission."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

register = template.Library()


@dataclass(frozen=True)
class Link:
    label: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Place:
    """A place of the navigation. It leads to the first of its pages that the user may open."""

    label: str
    links: list[Link]

    @property
    def address(self) -> str:
        return self.links[0].address

    @property
    def is_current(self) -> bool:
        return any(link.is_current for link in self.links)


@dataclass(frozen=True)
class Navigation:
    places: list[Place]
    is_listed: bool  # whether the page itself is one of the links

    @property
    def current(self) -> Place | None:
        return next((place for place in self.places if place.is_current), None)


@register.simple_tag(takes_context=True)
def staff_navigation(context: dict[str, Any]) -> Navigation | None:
    """Return the places of ``settings.STAFF_NAVIGATION`` for the user; None without a signed-in user.

    The current link is the longest one that the address of the page begins with.
    """
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not (user.is_active and user.is_staff):
        return None
    allowed = [
        (
            str(place),
            [
                (str(text), reverse(name))
                for text, name, needed in links
                if not needed or user.has_perm(needed)
            ],
        )
        for place, links in settings.STAFF_NAVIGATION
    ]
    addresses = [address for _place, links in allowed for _label, address in links]
    index = reverse("admin:index")
    around = [each for each in addresses if each != index and request.path.startswith(each)]
    current = max(around, key=len, default=index if request.path == index else "")
    places = [
        Place(place, [Link(label, address, address == current) for label, address in links])
        for place, links in allowed
        if links
    ]
    return Navigation(places, request.path in addresses)
