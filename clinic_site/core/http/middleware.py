"""Middleware for every request: log, language, cache headers of private pages, security headers."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from clinic_site.core.http.error_pages import is_staff_side

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


def log_request(method: str | None, route: str | None, status: int, started: float) -> None:
    """Log a request by its route, never by its path: a path may contain the token of a private page."""
    data = {
        "method": method if method in ("GET", "HEAD", "POST") else "other",
        "route": route,
        "status": status,
        "milliseconds": round((time.perf_counter() - started) * 1000, 1),
    }
    logger.info("request", extra={"data": data})


class RequestLogMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else None
        log_request(request.method, route, response.status_code, started)
        return response


class PathLanguageMiddleware:
    """Activate the language of the path for the time of the request.

    Without a prefix for the default language, Django's ``LocaleMiddleware`` chooses by the path, too. But it
    adds ``Vary: Accept-Language``, and leaves the language active afterward.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = translation.get_language_from_path(request.path_info) or settings.LANGUAGE_CODE
        with translation.override(language, deactivate=True):
            return self.get_response(request)


class PrivateVaryMiddleware:
    """Remove ``Vary: Cookie`` from pages that only the reader's browser may store.

    A browser that gets its first cookie with a form that varies on cookies fetches a new form on "Back". Its
    idempotency key is another one, so sending it again would store a second request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        cache_control = response.headers.get("Cache-Control", "")
        if "private" in cache_control and "no-store" not in cache_control:
            others = [name for name in response.headers.get("Vary", "").split(", ") if name != "Cookie"]
            del response.headers["Vary"]
            if any(others):
                response.headers["Vary"] = ", ".join(others)
        return response


class SecurityHeadersMiddleware:
    """Set the content security policy and the permissions policy.

    To be replaced by Django 6's ``ContentSecurityPolicyMiddleware``, which has the same setting names.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = settings.SECURE_CSP_STAFF if is_staff_side(request) else settings.SECURE_CSP
        response.headers.setdefault(
            "Content-Security-Policy",
            "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items()),
        )
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response
