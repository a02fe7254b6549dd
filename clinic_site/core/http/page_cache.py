"""Public page cache: views marked with ``content_page`` are rendered once every few seconds.

Each process keeps answers in memory for ``PAGE_CACHE_SECONDS``, already compressed. Pages are rendered from
an anonymous request (no cookies, language, referrer or unknown query parameters), so an answer is the same
for every reader. A request with a valid staff session bypasses the cache.

The last good copy of each page is also written to ``PAGE_CACHE_DIR``, a folder shared by the processes of
one machine. It is served only when the database cannot be reached. docs/architecture.md has the rules.
"""

import gzip
import hashlib
import io
import json
import logging
import math
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import urlencode
from django.utils.module_loading import import_string

from clinic_site.core import atomic_files
from clinic_site.core.http import warm_pages

logger = logging.getLogger(__name__)

View = Callable[..., Any]
# Scheme, host, path and query.
Key = tuple[str, str, str, str]

KEPT_STATUSES = (200, 301, 404, 410)
SHARED_CACHE_SECONDS = 60
MAX_COPY_AGE_SECONDS = 24 * 60 * 60
# About 50 KB each.
MAX_PAGES_IN_MEMORY = 400

# In the order of our preference. Higher Brotli qualities cost 50 times as much and save 10%.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
    "": lambda body: body,
}
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")
# The request headers that a page may depend on.
KEPT_HEADERS = ("HTTP_HOST", "HTTP_X_FORWARDED_PROTO")


def content_page(*, parameters: tuple[str, ...] = ()) -> Callable[[View], View]:
    """Mark a view whose answer is the same for every reader.

    The view receives only the query ``parameters`` named here, and has to validate them.
    """

    def mark(view: View) -> View:
        view.content_page_parameters = parameters  # type: ignore[attr-defined]
        return view

    return mark


class CachedPage:
    """One answer, with each encoding compressed when first asked for."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes, made_at: float) -> None:
        self.status, self.headers, self.body, self.made_at = status, headers, body, made_at
        self.expires_at = made_at
        self._variants: dict[str, tuple[bytes, dict[str, str]]] = {}

    def expire_at(self, expires_at: float, shared_seconds: int) -> None:
        self.expires_at = expires_at
        # Browsers ask each time: one that kept a redirect would go in circles once the page has moved back.
        self.headers["Cache-Control"] = f"public, max-age=0, s-maxage={shared_seconds}"

    def response(self, request: HttpRequest) -> HttpResponse:
        encoding = accepted_encoding(request.headers.get("accept-encoding", ""))
        if encoding not in self._variants:
            self._variants[encoding] = self._variant(encoding)
        body, headers = self._variants[encoding]
        response = HttpResponse(body, status=self.status, headers=headers)
        if "ETag" in headers and any(name in request.META for name in CONDITIONS):
            return get_conditional_response(request, etag=headers["ETag"], response=response) or response
        return response

    def _variant(self, encoding: str) -> tuple[bytes, dict[str, str]]:
        body = ENCODINGS[encoding](self.body)
        headers = self.headers | {"Content-Length": str(len(body))}
        if self.status == 200:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if encoding:
            headers["Content-Encoding"] = encoding
        return body, headers

    def write(self, path: Path) -> None:
        """Save as the last answer of its address, unless another process saved a newer one."""
        newer = CachedPage.read(path)
        if newer and newer.made_at > self.made_at:
            return
        head = {"status": self.status, "headers": self.headers, "made_at": self.made_at}
        path.parent.mkdir(exist_ok=True)
        body = self.body if self.status == 200 else b""
        data = json.dumps(head | {"length": len(body)}).encode() + b"\n" + body
        atomic_files.write(path, data, mode=0o600, durable=False)

    @classmethod
    def read(cls, path: Path) -> "CachedPage | None":
        try:
            head, _newline, body = path.read_bytes().partition(b"\n")
            values = json.loads(head)
            is_whole = values.pop("length") == len(body)
            return cls(body=body, **values) if is_whole else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


class PageCacheMiddleware:
    """Answer marked views from memory. Comes after the https redirect, security headers and request log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._pages: dict[Key, CachedPage] = {}
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _content_page_at(request.path_info, settings.ROOT_URLCONF)
        if match is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        host = request.get_host()  # raises DisallowedHost before anything is answered
        if _has_staff_session(request):
            response = self.get_response(request)
            patch_cache_control(response, private=True, no_cache=True)
            return response
        request.resolver_match = match  # for the request log
        query = _known_query(request, match) if request.META.get("QUERY_STRING") else ""
        key = (request.scheme or "", host, request.path, query)
        page = self._pages.get(key)
        if page is None or time.time() >= page.expires_at:
            rendered = self._render(request, key)
            if isinstance(rendered, HttpResponse):
                return rendered
            page = rendered
        request.META |= {warm_pages.EXPIRES_AT: page.expires_at, warm_pages.ROUTE: match.route}
        return page.response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, OperationalError | InterfaceError):
            request.database_failed = True  # type: ignore[attr-defined]

    def _render(self, request: HttpRequest, key: Key) -> CachedPage | HttpResponse:
        made_at = time.time()
        anonymous = _anonymous(request, query=key[-1])
        response = self.get_response(anonymous)
        copy = settings.PAGE_CACHE_DIR / hashlib.sha256("\n".join(key).encode()).hexdigest()
        if getattr(anonymous, "database_failed", False):
            return self._last_good_copy(key, copy) or response
        if not _may_be_kept(response):
            return response
        headers = {name: value for name, value in response.items() if name != "Content-Length"}
        headers["Vary"] = "Accept-Encoding"
        page = CachedPage(response.status_code, headers, response.content, made_at)
        change = _next_change_at(made_at)
        # From memory an answer may be sent until the last moment: shared caches get what is left after that.
        shared = math.floor(change - made_at - settings.PAGE_CACHE_SECONDS)
        page.expire_at(
            min(made_at + settings.PAGE_CACHE_SECONDS, change), max(0, min(SHARED_CACHE_SECONDS, shared))
        )
        self._remember(key, page)
        if page.status == 200 or copy.exists():
            try:
                page.write(copy)
            except OSError:
                logger.warning("could not write a page to PAGE_CACHE_DIR", exc_info=True)
        return page

    def _last_good_copy(self, key: Key, path: Path) -> CachedPage | None:
        page, now = CachedPage.read(path), time.time()
        if page is None or page.status != 200 or now - page.made_at > MAX_COPY_AGE_SECONDS:
            return None
        logger.warning("the database cannot be reached: a page is served from its last good copy")
        page.expire_at(now + settings.PAGE_CACHE_SECONDS, shared_seconds=0)
        self._remember(key, page)
        return page

    def _remember(self, key: Key, page: CachedPage) -> None:
        with self._lock:
            former = self._pages.pop(key, None)
            if former and former.made_at > page.made_at:
                page = former  # a slower thread rendered an older answer
            elif len(self._pages) >= MAX_PAGES_IN_MEMORY:
                del self._pages[next(iter(self._pages))]
            self._pages[key] = page


@lru_cache(maxsize=1024)
def _content_page_at(path: str, urlconf: str) -> ResolverMatch | None:
    # Addresses with a language prefix are found only while that language is active.
    with translation.override(translation.get_language_from_path(path) or settings.LANGUAGE_CODE):
        try:
            match = resolve(path, urlconf)
        except Resolver404:
            return None
    return match if hasattr(match.func, "content_page_parameters") else None


def _has_staff_session(request: HttpRequest) -> bool:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME) if "cookie" in request.headers else None
    if not key:
        return False
    try:
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return bool(getattr(get_user(request), "is_staff", False))
    except DatabaseError:
        return False


def _known_query(request: HttpRequest, match: ResolverMatch) -> str:
    names = match.func.content_page_parameters  # type: ignore[attr-defined]
    return urlencode({name: request.GET[name] for name in names if name in request.GET})


def _anonymous(request: HttpRequest, query: str) -> WSGIRequest:
    """The same page requested without anything that distinguishes one reader from another."""
    environ = {
        name: value
        for name, value in request.META.items()
        if name in KEPT_HEADERS or not name.startswith(("HTTP_", "REMOTE_", "CONTENT_"))
    }
    return WSGIRequest(
        environ
        | {
            "REQUEST_METHOD": "GET",
            "QUERY_STRING": query,
            "PATH_INFO": request.path_info.encode().decode("latin-1"),
            "wsgi.input": io.BytesIO(),
        }
    )


def _may_be_kept(response: HttpResponse) -> bool:
    if response.status_code not in KEPT_STATUSES or response.streaming:
        return False
    is_personal = (
        response.cookies
        or "cookie" in response.get("Vary", "").lower()
        or re.search(r"private|no-store", response.get("Cache-Control", ""))
    )
    if is_personal:
        logger.error("a view marked as a content page answered for one reader only")
    return not is_personal


def _next_change_at(now: float) -> float:
    """When pages change next without anybody editing them: local midnight, or a scheduled publication."""
    tomorrow = timezone.localdate(datetime.fromtimestamp(now, timezone.get_current_timezone())) + timedelta(1)
    moments = [timezone.make_aware(datetime.combine(tomorrow, datetime.min.time()))]
    moments += filter(None, (import_string(path)() for path in settings.PAGE_CHANGE_TIMES))
    return min(moments).timestamp()


@lru_cache(maxsize=256)
def accepted_encoding(header: str) -> str:
    """The name in ``ENCODINGS`` that suits an Accept-Encoding header best; ours decides between equals.

    A reader who refuses everything gets the page as it is (RFC 9110, 12.5.3).
    """
    weights: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weights[{"x-gzip": "gzip", "identity": ""}.get(name, name)] = _weight(parameters)
    others = weights.pop("*", 0.0)
    preferences = {name: weights.get(name, others) for name in ENCODINGS}
    if "" not in weights and not others:
        preferences[""] = 0.0001  # not named: accepted, but after everything that is
    return max(preferences, key=lambda name: preferences[name])


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"\s*[01](\.[0-9]{0,3})?\s*", value) else 0.0
    return 1.0
