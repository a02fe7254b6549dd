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
import logging
import math
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import import_module
from typing import Any

import brotli
from django.conf import settings
from django.contrib.auth import get_user
from django.core.cache.backends.filebased import FileBasedCache
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import urlencode
from django.utils.module_loading import import_string

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
MAX_COPIES = 1000

# In the order of our preference.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
    "": lambda body: body,
}


@lru_cache(maxsize=128)
def compress_fully(body: bytes) -> bytes:
    """Save 14% of a page more, for 50 ms: a page that is rendered again is most often the same as before."""
    compressed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT)
    return compressed


# A weight of zero (RFC 9110, 12.4.2).
REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*$")
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


# A twentieth of a compressed page. No content page has text whose line starts matter (``core.markdown``).
_INDENTATION = re.compile(rb"\n\s+")


class CachedPage:
    """One answer, compressed for each encoding when first asked for."""

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
        is_page = encoding == "br" and self.status == 200  # anybody can ask for any number of missing pages
        body = (compress_fully if is_page else ENCODINGS[encoding])(self.body)
        headers = self.headers | {"Content-Length": str(len(body))}
        if self.status == 200:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if encoding:
            headers["Content-Encoding"] = encoding
        return body, headers


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
        names = match.func.content_page_parameters  # type: ignore[attr-defined]
        query = urlencode({name: request.GET[name] for name in names if name in request.GET})
        key = (request.scheme or "", host, request.path, query)
        page = self._pages.get(key)
        if page is None or time.time() >= page.expires_at:
            rendered = self._render(request, key)
            if isinstance(rendered, HttpResponse):
                return rendered
            page = rendered
        request.META |= {warm_pages.EXPIRES_AT: page.expires_at, warm_pages.ROUTE: match.route}
        return page.response(request)

    def _render(self, request: HttpRequest, key: Key) -> CachedPage | HttpResponse:
        made_at = time.time()
        anonymous = _anonymous(request, query=key[-1])
        response = self.get_response(anonymous)
        if response.status_code == 503:
            return self._last_good_copy(key) or response
        if not _may_be_kept(response):
            return response
        headers = {name: value for name, value in response.items() if name != "Content-Length"}
        headers["Vary"] = "Accept-Encoding"
        body = _INDENTATION.sub(b"\n", response.content)
        page = CachedPage(response.status_code, headers, body, made_at)
        try:
            change = _next_change_at(made_at)
        except DatabaseError:
            return response
        # From memory an answer may be sent until the last moment: shared caches get what is left after that.
        shared = math.floor(change - made_at - settings.PAGE_CACHE_SECONDS)
        page.expire_at(
            min(made_at + settings.PAGE_CACHE_SECONDS, change), max(0, min(SHARED_CACHE_SECONDS, shared))
        )
        self._remember(key, page)
        save_copy(key, page)
        return page

    def _last_good_copy(self, key: Key) -> CachedPage | None:
        page = read_copy(key)
        if page is None or page.status != 200:
            return None
        logger.warning("the database or the disk fails: a page is served from its last good copy")
        page.expire_at(time.time() + settings.PAGE_CACHE_SECONDS, shared_seconds=0)
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


def read_copy(key: Key) -> CachedPage | None:
    """Return the last answer of an address, if one was saved in the last day and can be read."""
    try:
        values = _copies().get(_file_key(key))
        return CachedPage(*values) if values else None
    except Exception:
        logger.warning("could not read a page from PAGE_CACHE_DIR", exc_info=True)
        return None


def save_copy(key: Key, page: CachedPage) -> None:
    """Save as the last answer of its address, unless another process saved a newer one.

    Other answers than 200 are saved, without their body, only in place of a copy that they make obsolete.
    """
    former, is_page = read_copy(key), page.status == 200
    if former and former.made_at > page.made_at:
        return
    try:
        copies, name = _copies(), _file_key(key)
        if not is_page:
            # Before anything is written: on a full disk, too, a withdrawn page must go.
            copies.delete(name)
        if is_page or former:
            copies.set(name, (page.status, page.headers, page.body if is_page else b"", page.made_at))
    except OSError:
        logger.warning("could not write a page to PAGE_CACHE_DIR", exc_info=True)


def delete_copies() -> None:
    """Delete the last good copies on this machine. Pages in memory expire within seconds."""
    _copies().clear()


def _copies() -> FileBasedCache:
    options = {"TIMEOUT": MAX_COPY_AGE_SECONDS, "OPTIONS": {"MAX_ENTRIES": MAX_COPIES}}
    return FileBasedCache(str(settings.PAGE_CACHE_DIR), options)


def _file_key(key: Key) -> str:
    return hashlib.sha256("\n".join(key).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _content_page_at(path: str, urlconf: str) -> ResolverMatch | None:
    try:
        match = resolve(path, urlconf)
    except Resolver404:
        return None
    return match if hasattr(match.func, "content_page_parameters") else None


def _has_staff_session(request: HttpRequest) -> bool:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    try:
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return bool(getattr(get_user(request), "is_staff", False))
    except DatabaseError:
        return False


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


def accepted_encoding(header: str) -> str:
    """Return the first of our ``ENCODINGS`` that an Accept-Encoding header names and does not refuse."""
    accepted = [item for item in header.lower().split(",") if not REFUSED.search(item)]
    names = [item.partition(";")[0].strip().removeprefix("x-") for item in accepted]
    return next((name for name in ENCODINGS if name in names), "")
