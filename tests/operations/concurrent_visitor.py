"""A reader of the whole site, page cache included: what the production server calls, called directly."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from clinic_site.core.http.page_cache import PageCache
from clinic_site.core.http.wsgi_middleware import FrontDoor
from clinic_site.wsgi import site


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Visitor:
    """Each has a page cache as a newly started process has it."""

    def __init__(self) -> None:
        self.cache = PageCache(site)
        self.application = FrontDoor(self.cache)

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
        with mock.patch("clinic_site.core.http.page_cache.close_old_connections"):
            yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
