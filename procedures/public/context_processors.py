"""Template context that every page may use."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from procedures.public import selectors


def menu(request: HttpRequest) -> dict[str, Any]:
    """The cards of the menu. Queried when first used."""
    return {"menu": SimpleLazyObject(selectors.menu)}
