"""What every request and every answer has."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestLogMiddleware:
    """Logs each request by its route, never by its path: a path may hold the token of a private page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else None
        log_request(request, route, response.status_code, began)
        return response


def log_request(request: HttpRequest, route: str | None, status: int, began: float) -> None:
    """The line of one request; ``began`` is what ``time.perf_counter`` said."""
    logger.info(
        "request",
        extra={
            "data": {
                "method": request.method if request.method in ("GET", "HEAD", "POST") else "other",
                "route": route,
                "status": status,
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            }
        },
    )


class OwnCopyMiddleware:
    """What a reader's own browser alone may keep does not depend on the cookie.

    A browser that gets its first cookie with a form, and reads there that the form varies with cookies, asks
    for another form when "back" leads to it. That one has another key: sent again, it is another request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kept = response.headers.get("Cache-Control", "")
        if "private" in kept and "no-store" not in kept:
            others = [name for name in response.headers.get("Vary", "").split(", ") if name != "Cookie"]
            del response.headers["Vary"]
            if any(others):
                response.headers["Vary"] = ", ".join(others)
        return response


class SecurityHeadersMiddleware:
    """The content security policy and the permissions policy.

    Django 6 has ``ContentSecurityPolicyMiddleware`` under the same setting names; this one goes then.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_staff_side = request.path_info.startswith("/staff/")
        policy = settings.SECURE_CSP_STAFF if is_staff_side else settings.SECURE_CSP
        response.headers.setdefault(
            "Content-Security-Policy",
            "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items()),
        )
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response
