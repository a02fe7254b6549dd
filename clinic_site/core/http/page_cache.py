"""Content pages are made once for each change of what is live, and are the same bytes for everyone.

The key of a page holds the content version, read *before* the page is made.
A change that is committed while it is being made gives the next reader another key: a page that is older
than its key is never stored. Nothing is ever removed by hand.

``PageCache`` stands in front of Django (``clinic_site.wsgi``): a page is kept as it leaves the whole site,
with every header, compressed once in each encoding; here, in this process's memory, and in a folder that
all processes of this machine share. Another machine has a folder of its own: what is right is decided by
the database alone.

Only views marked with ``content_page`` are kept. They are asked by nobody: without cookies, language,
address of the page before, or any other part of the query, so that nothing of one reader reaches another.
"""

import gzip
import hashlib
import logging
import math
import re
import time
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
import django
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import caches
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, close_old_connections
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from clinic_site.core.http import content_version
from clinic_site.core.http.middleware import log_request

logger = logging.getLogger(__name__)

# A proxy, and a CDN before it, may each keep a page for 15 seconds and show it for 10 more while they ask
# for a new one; a browser asks every time, or within 10 seconds shows what it has. Even if no one of them
# tells the next how old its page is, a publication is everywhere within 25 + 25 + 10 = 60 seconds.
CACHE_CONTROL = "public, max-age=0, s-maxage=15, stale-while-revalidate=10"

# In the order in which we like them. Brotli's higher qualities cost 50 times as much and save 10%.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
    "": lambda body: body,
}

# What of a request a page may depend on: which site is asked, and whether the connection is encrypted.
KEPT_HEADERS = ("HTTP_HOST", "HTTP_X_FORWARDED_PROTO")
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")

View = Callable[..., HttpResponseBase]
Headers = list[tuple[str, str]]
Key = tuple[str, ...]

# About 50 KB each: 20 MB a process.
IN_MEMORY = 400


# Which pages are kept


class ContentPage(NamedTuple):
    numbered: bool
    unless: str


def content_page(*, numbered: bool = False, unless: str = "") -> Callable[[View], View]:
    """Mark a view whose page is the same for everyone, and changes only when what is live does.

    ``numbered``: it has pages, ``?page=2``. ``unless``: a request with this in its query is left alone.
    All else in a query is ignored.
    """

    def mark(view: View) -> View:
        view.content_page = ContentPage(numbered, unless)  # type: ignore[attr-defined]
        return view

    return mark


@lru_cache(maxsize=1024)
def _content_page_at(path: str) -> ResolverMatch | None:
    """The view of a path, if it is a content page; the addresses of a process never change."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if hasattr(match.func, "content_page") else None


# A page as it is kept


class Variant(NamedTuple):
    """One encoding of a page: its bytes, the headers that go with them, and those that go with a 304."""

    etag: str
    headers: Headers
    not_modified: Headers
    body: bytes


class KeptPage(NamedTuple):
    variants: dict[str, Variant]
    # Seconds since 1970, rounded up: of two pages made within one second, only the second has the new date.
    modified: int

    @classmethod
    def of(cls, headers: Headers, body: bytes) -> "KeptPage":
        ours = {"cache-control": CACHE_CONTROL, "vary": "Accept-Encoding", "content-length": "", "etag": ""}
        shared = [(name, value) for name, value in headers if name.lower() not in ours]
        shared += [("Vary", ours["vary"]), ("Cache-Control", ours["cache-control"])]
        variants = {name: _variant(shared, name, encode(body)) for name, encode in ENCODINGS.items()}
        return cls(variants, modified=math.ceil(time.time()))

    def answer(self, request: WSGIRequest, start_response: StartResponse) -> tuple[int, list[bytes]]:
        """Sends the page, or 304, as this reader's own headers ask for it; its status and its bytes."""
        variant = self.variants[_encoding(request)]
        # Nothing may be dated later than now: until the rounded second has come, the one before is told.
        dated = [("Last-Modified", _date(min(self.modified, int(time.time()))))]
        if self._is_unchanged(request, variant.etag):
            start_response("304 Not Modified", variant.not_modified + dated)
            return 304, []
        start_response("200 OK", variant.headers + dated)
        return 200, [variant.body] if request.method == "GET" else []

    def _is_unchanged(self, request: WSGIRequest, etag: str) -> bool:
        if not any(name in request.META for name in CONDITIONS):
            return False
        if request.environ.get("HTTP_IF_NONE_MATCH") == etag and "HTTP_IF_MATCH" not in request.environ:
            # What nearly every browser and proxy sends: no need to read it word by word.
            return True
        answer = get_conditional_response(request, etag=etag, last_modified=self.modified)
        return answer is not None and answer.status_code == 304


_date = lru_cache(maxsize=256)(http_date)


def _encoding(request: WSGIRequest) -> str:
    # Not ``request.headers``: it makes a dictionary of all of them, each by its other name.
    return accepted_encoding(request.environ.get("HTTP_ACCEPT_ENCODING", ""))


def _variant(shared: Headers, encoding: str, body: bytes) -> Variant:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    own = [("ETag", etag), ("Content-Length", str(len(body)))]
    own += [("Content-Encoding", encoding)] if encoding else []
    not_modified = [(name, value) for name, value in shared if name.lower() != "content-type"]
    return Variant(etag, shared + own, [*not_modified, ("ETag", etag)], body)


@lru_cache(maxsize=256)
def accepted_encoding(header: str) -> str:
    """The name in ``ENCODINGS`` that a reader likes best, or we do where the reader does not care.

    One who refuses everything gets the page as it is (RFC 9110, 12.5.3).
    """
    weights: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weights[{"x-gzip": "gzip", "identity": ""}.get(name, name)] = _weight(parameters)
    others = weights.pop("*", 0.0)
    likes = {name: weights.get(name, others) for name in ENCODINGS}
    if "" not in weights and not others:
        # Not named: accepted, but after everything that is.
        likes[""] = 0.0001
    return max(likes, key=lambda name: likes[name]) if any(likes.values()) else ""


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"\s*[01](\.[0-9]{0,3})?\s*", value) else 0.0
    return 1.0


# The cache


class Asked(NamedTuple):
    """A content page, as far as what is asked makes a difference to it."""

    route: str
    scheme: str
    path: str
    query: str


class PageCache:
    """The site as a WSGI application, with its content pages answered from the cache."""

    def __init__(self, site: WSGIApplication) -> None:
        self.site = site
        self.release = release()
        self.pages = Pages()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        # A copy: Django writes the path into it as text, and would take that for bytes the second time.
        request = WSGIRequest(environ.copy())
        asked = _asked(request)
        key = self._key(asked) if asked else None
        if asked is None or key is None:
            return self.site(environ, start_response)
        page = self.pages.read(key)
        if page is None:
            return self._make(key, asked, environ, request, start_response)
        status, body = page.answer(request, start_response)
        log_request(request, asked.route, status, began)
        return body

    def _key(self, asked: Asked) -> Key | None:
        """All that a page depends on; None while that cannot be told. Its language is in its path."""
        # As Django does before each of its own requests: a connection that is broken or too old goes.
        close_old_connections()
        now = timezone.now()
        try:
            stamp = content_version.stamp(now)
        except (DatabaseError, LookupError):
            logger.warning("no stamp of what is live", exc_info=True)
            return None
        today = timezone.localtime(now).date().isoformat()
        return (stamp, today, self.release, asked.scheme, asked.path, asked.query)

    def _make(
        self,
        key: Key,
        asked: Asked,
        environ: WSGIEnvironment,
        request: WSGIRequest,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        made = _made_by(self.site, _of_nobody(environ, asked.query))
        if _may_be_kept(made):
            page = KeptPage.of(made.headers, made.body)
            self.pages.write(key, page)
            return page.answer(request, start_response)[1]
        made = made.asked_again().compressed(_encoding(request))
        start_response(made.status, made.headers)
        return [made.body] if request.method == "GET" else []


def _asked(request: WSGIRequest) -> Asked | None:
    """What is asked, if it is a content page that may be answered from the cache."""
    match = _content_page_at(request.path_info)
    if (
        match is None
        or request.method not in ("GET", "HEAD")
        or settings.DEBUG
        or request.META["SCRIPT_NAME"]
    ):
        # In DEBUG, who changes a template wants to see it.
        return None
    try:
        # A host that is not ours gets no page, kept or not: Django tells it so.
        request.get_host()
        query = ""
        if request.META.get("QUERY_STRING"):
            marks: ContentPage = match.func.content_page  # type: ignore[attr-defined]
            if marks.unless and marks.unless in request.GET:
                return None
            query = _query(request, marks)
    except SuspiciousOperation:
        return None
    return Asked(match.route, request.scheme or "", request.path_info, query)


def _query(request: WSGIRequest, marks: ContentPage) -> str:
    """The part of a query that makes another page; "" for the first page, and for nonsense."""
    number = request.GET.get("page", "") if marks.numbered else ""
    return f"page={number}" if PAGE_NUMBER.fullmatch(number) and number != "1" else ""


def _of_nobody(environ: WSGIEnvironment, query: str) -> WSGIEnvironment:
    """The same page, asked for without anything that tells one reader from another."""
    shared = {
        name: value for name, value in environ.items() if not name.startswith("HTTP_") or name in KEPT_HEADERS
    }
    return shared | {"REQUEST_METHOD": "GET", "QUERY_STRING": query}


class Made(NamedTuple):
    """What Django answered."""

    status: str
    headers: Headers
    body: bytes

    def asked_again(self) -> "Made":
        """A page that has moved or gone may come back: nobody takes this for the answer next time.

        A browser that kept a move would go in circles once the page has moved back.
        """
        names = {name.lower() for name, _value in self.headers}
        if self.status[:3] not in ("301", "404", "410") or "cache-control" in names or "set-cookie" in names:
            return self
        return self._replace(headers=[*self.headers, ("Cache-Control", "no-cache")])

    def compressed(self, encoding: str) -> "Made":
        """For what is not kept, such as the page that says that a page is gone."""
        if (
            not encoding
            or len(self.body) < 200
            or any(n.lower() == "content-encoding" for n, _ in self.headers)
        ):
            return self
        body = ENCODINGS[encoding](self.body)
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        headers += [("Content-Encoding", encoding), ("Content-Length", str(len(body)))]
        return Made(self.status, headers, body)


def _made_by(site: WSGIApplication, environ: WSGIEnvironment) -> Made:
    told: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], Any]:
        told.append((status, headers))
        return lambda data: None

    answer = site(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return Made(*told[-1], body)


def _may_be_kept(made: Made) -> bool:
    if made.status != "200 OK":
        return False
    headers = {name.lower(): value.lower() for name, value in made.headers}
    is_for_one_reader = "set-cookie" in headers or headers.get("vary", "accept-encoding") != "accept-encoding"
    if is_for_one_reader or re.search(r"private|no-store|no-cache", headers.get("cache-control", "")):
        logger.error("a view that is marked as a content page made a page for one reader")
        return False
    return "content-encoding" not in headers


class Pages:
    """The pages that are kept: the newest in this process's memory, the others in the folder of all.

    Django's own memory cache would copy a page for each reader; these are never changed.
    """

    def __init__(self) -> None:
        self._newest: dict[Key, KeptPage] = {}

    def read(self, key: Key) -> KeptPage | None:
        page = self._newest.get(key)
        if page is None:
            try:
                page = caches["pages"].get(_name(key))
            except Exception:
                # A page can always be made anew: nothing that ails a cache may cost a reader the page.
                logger.warning("the page cache could not be read", exc_info=True)
            if not isinstance(page, KeptPage):
                return None
            self._remember(key, page)
        return page

    def write(self, key: Key, page: KeptPage) -> None:
        self._remember(key, page)
        try:
            caches["pages"].set(_name(key), page)
        except Exception:
            # A full disk, a folder that is gone: the page is sent all the same.
            logger.warning("the page cache could not be written", exc_info=True)

    def _remember(self, key: Key, page: KeptPage) -> None:
        if len(self._newest) >= IN_MEMORY:
            # Most are of what was live before. A new dictionary: another thread may be reading the old one.
            self._newest = {}
        self._newest[key] = page


def _name(key: Key) -> str:
    return hashlib.blake2b("\n".join(key).encode(), digest_size=20).hexdigest()


# The release


def release() -> str:
    """Another text for another release: other code, templates, translations, static files or settings."""
    names = [name for name in dir(settings) if name.startswith(("SECURE_", "SITE_", "STATIC_"))]
    names += ["PERMISSIONS_POLICY", "X_FRAME_OPTIONS", "TIME_ZONE", "LANGUAGE_CODE"]
    values = [_code(), getattr(staticfiles_storage, "manifest_hash", ""), django.__version__]
    values += [repr(getattr(settings, name)) for name in names]
    return hashlib.sha256("\n".join(map(str, values)).encode()).hexdigest()


@cache
def _code() -> str:
    """Of the files' content, not of their dates, which an upload may keep. Some milliseconds, once."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for folder in ("clinic_site", "procedures", "consultations", "templates", "locale"):
        for path in sorted((settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".txt", ".mo"):
                digest.update(_name_and_content(path))
    return digest.hexdigest()


def _name_and_content(path: Path) -> bytes:
    content = path.read_bytes()
    return f"{path} {len(content)}\n".encode() + content
