"""A form came without the cookie that protects it: who typed it must not type it again.

A view that can show what was typed, to be sent once more, is marked with ``keeps_answers``.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import csrf

View = Callable[..., HttpResponse]


def keeps_answers(show_again: Callable[[HttpRequest], HttpResponse]) -> Callable[[View], View]:
    """Mark a view: ``show_again`` answers a form of its that came without a cookie. It must store nothing."""

    def mark(view: View) -> View:
        view.after_lost_cookie = show_again  # type: ignore[attr-defined]
        return view

    return mark


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form that Django refused; ``reason`` is Django's."""
    view: Any = request.resolver_match.func if request.resolver_match else None
    show_again = getattr(view, "after_lost_cookie", None)
    # "CSRF cookie not set", "CSRF token missing" and their like. All else is a form of another site.
    if show_again and reason.startswith("CSRF "):
        answer: HttpResponse = show_again(request)
        return answer
    refused: HttpResponse = csrf.csrf_failure(request, reason)
    return refused
