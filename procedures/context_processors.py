"""The menu of published procedures, for every template that shows it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from procedures import catalog


def menu(request: HttpRequest) -> dict[str, Any]:
    # Lazy: a page that shows no menu asks for none. One query, shared with a view that set it already.
    return {"menu": SimpleLazyObject(lambda: catalog.published_procedures(get_language() or "en"))}
