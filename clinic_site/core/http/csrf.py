"""CSRF failure view that shows a form with its answers again, where the view supports it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views import csrf

from clinic_site.core.http import error_pages

View = Callable[..., HttpResponse]


def redisplay_on_csrf_failure(show_again: Callable[[HttpRequest], HttpResponse]) -> Callable[[View], View]:
    """Mark a view: ``show_again`` answers a form that came without its cookie. It must store nothing."""

    def mark(view: View) -> View:
        view.after_lost_cookie = show_again  # type: ignore[attr-defined]
        return view

    return mark


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.method != "POST":
        # PUT, DELETE or a made-up method, which no view accepts.
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if error_pages.is_staff_side(request):
        return error_pages.staff_page(request, "csrf")
    view: Any = request.resolver_match.func if request.resolver_match else None
    show_again = getattr(view, "after_lost_cookie", None)
    # "CSRF cookie not set", "CSRF token missing" and the like. Other reasons mean another site's form.
    if show_again and reason.startswith("CSRF "):
        answer: HttpResponse = show_again(request)
        return answer
    refused: HttpResponse = csrf.csrf_failure(request, reason)
    return refused
