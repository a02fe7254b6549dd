"""A client that calls the WSGI application directly, as the production server does."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from clinic_site.core.http.warm_pages import WarmPages
from clinic_site.core.http.wsgi_middleware import RequestNormalizer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Visitor:
    """Each has the empty page cache of a newly started process."""

    def __init__(self) -> None:
        self.application = RequestNormalizer(WarmPages(WSGIHandler()))

    def get(self, address: str, *, method: str = "GET", **headers: str) -> Answer:
        """``headers`` by their names, such as ``if_none_match``. No header is sent that is not named."""
        named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        environ = RequestFactory().generic(method, address, **({"HTTP_HOST": "127.0.0.1"} | named)).environ
        # As a server hands it over: bytes, each as one letter.
        environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")
        if "content_type" in headers:
            environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
        if "cookie" not in headers:
            environ.pop("HTTP_COOKIE", None)
        environ["wsgi.input"] = io.BytesIO()
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            told.append((status, headers))

        with open_connection():
            answer = self.application(environ, start_response)
            body = b"".join(answer)
            if hasattr(answer, "close"):
                answer.close()
        status, headers_told = told[-1]
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers_told}, body)


@contextmanager
def open_connection() -> Iterator[None]:
    """The connection holds the test's own transaction: no request may close it (as in Django's client)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
