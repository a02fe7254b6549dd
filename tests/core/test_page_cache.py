"""The public page cache: what is kept, for how long, for whom, and what happens without a database."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http import page_cache
from procedures.models import Emergency, Procedure
from procedures.public import views
from procedures.publishing import publishing
from tests.conftest import load_sample_content, shared_world
from tests.core.content_pages import CONTENT_PAGES
from tests.factories import a_procedure, published, published_procedures, staff
from tests.operations.concurrent_visitor import Visitor

BROWSER = "gzip, deflate, br, zstd"
MAX_QUERIES = 8


@pytest.fixture(autouse=True)
def cache_dir(settings: Any, tmp_path: Path, own_page_cache: None) -> Path:
    settings.PAGE_CACHE_SECONDS = 5
    settings.PAGE_CACHE_DIR = tmp_path / "pages"
    return tmp_path / "pages"


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel("2027-03-01T09:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The sample content, published an hour before each test begins."""
    with shared_world(django_db_blocker):
        with django_db_blocker.unblock(), time_machine.travel("2027-03-01T08:00Z"):
            load_sample_content()
        yield


@pytest.fixture
def visitor(world: None, clock: Any, db: None) -> Visitor:
    return Visitor()


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the pages that were rendered, not answered from the cache."""
    rendered: list[str] = []
    anonymous = page_cache._anonymous

    def recorded(request: Any, query: str) -> Any:
        rendered.append(request.path + (query and f"?{query}"))
        return anonymous(request, query)

    monkeypatch.setattr(page_cache, "_anonymous", recorded)
    return rendered


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> Any:
    def break_it() -> None:
        def fail(*args: Any, **which: Any) -> None:
            raise OperationalError("could not connect to server")

        for name in ("live_document", "live_page"):
            monkeypatch.setattr(views.selectors, name, fail)

    return break_it


def staff_cookie(client: Client) -> str:
    client.force_login(staff("Editor"))
    return f"sessionid={client.cookies['sessionid'].value}"


# What is kept


def test_page_is_rendered_once_in_five_seconds_and_is_the_same_for_every_reader(
    visitor: Visitor, clock: Any, renders: list[str]
) -> None:
    reader = {"cookie": "sessionid=abc; csrftoken=def", "accept_language": "ur", "referer": "http://x.pk/"}
    for address in CONTENT_PAGES:
        first, second = visitor.get(address, **reader), visitor.get(address)
        assert first.status == 200, address
        assert (first.headers, first.body) == (second.headers, second.body), address
        assert {"content-security-policy", "x-content-type-options", "x-frame-options"} <= {*first.headers}
        assert first.headers["cache-control"] == "public, max-age=0, s-maxage=60"
        assert first.headers["vary"] == "Accept-Encoding", address
        assert "set-cookie" not in first.headers, address
    assert renders == [*CONTENT_PAGES]
    clock.shift(5)
    visitor.get("/")
    assert renders == [*CONTENT_PAGES, "/"]


def test_cold_page_stays_in_query_budget_and_warm_page_needs_none(world: None, clock: Any, db: None) -> None:
    published_procedures(30)
    for address in (*CONTENT_PAGES, "/procedures/?page=2"):
        visitor = Visitor()
        with CaptureQueriesContext(connection) as cold:
            assert visitor.get(address).status == 200, address
        with CaptureQueriesContext(connection) as warm:
            visitor.get(address)
        assert len(cold) <= MAX_QUERIES, (address, len(cold))
        assert len(warm) == 0, address


def test_forms_and_staff_pages_are_never_kept(visitor: Visitor, renders: list[str]) -> None:
    for address in (
        "/consultation/",
        "/staff/",
        "/staff/past-pages/nerve-repair/?on=2026-01-01",
    ):
        for _ in range(2):
            assert "public" not in visitor.get(address).headers.get("cache-control", ""), address
    assert renders == []


def test_answer_for_one_reader_is_not_kept() -> None:
    assert page_cache._may_be_kept(HttpResponse("For all", headers={"Vary": "Accept-Encoding"}))
    for headers in ({"Vary": "Cookie"}, {"Cache-Control": "private"}, {"Cache-Control": "no-store"}):
        assert not page_cache._may_be_kept(HttpResponse("For you", headers=headers))
    with_cookie = HttpResponse("For you")
    with_cookie.set_cookie("a", "b")
    assert not page_cache._may_be_kept(with_cookie)
    assert not page_cache._may_be_kept(HttpResponse(status=500))


def test_staff_session_bypasses_cache(visitor: Visitor, renders: list[str], client: Client) -> None:
    visitor.get("/clinic/")
    ClinicProfile.objects.update(city="Multan")
    cookie = staff_cookie(client)
    page = visitor.get("/clinic/", cookie=cookie)
    assert "Multan" in page.text
    assert page.headers["cache-control"] == "private, no-cache"
    # Neither another cookie nor an ended session does.
    client.logout()
    for other in (cookie, "sessionid=nonsense", "csrftoken=x"):
        assert "Multan" not in visitor.get("/clinic/", cookie=other).text
    assert renders == ["/clinic/"]


# How long


def test_change_shows_after_five_seconds(visitor: Visitor, clock: Any) -> None:
    page = Procedure.objects.get(slug="nerve-repair")
    before = visitor.get("/procedures/nerve-repair/")
    Procedure.objects.filter(pk=page.pk).update(summary="Changed in the draft.")
    publishing.publish_sample(page, language="en")
    assert visitor.get("/procedures/nerve-repair/").body == before.body
    clock.shift(5)
    after = visitor.get("/procedures/nerve-repair/")
    assert "Changed in the draft." in after.text
    assert after.headers["etag"] != before.headers["etag"]


def test_moved_gone_and_missing_replace_the_page(visitor: Visitor, clock: Any, renders: list[str]) -> None:
    page = Procedure.objects.get(slug="nerve-repair")
    visitor.get("/procedures/nerve-repair/")
    Procedure.objects.filter(pk=page.pk).update(slug="nerves")
    published(Procedure.objects.get(pk=page.pk))
    clock.shift(5)
    moved = [visitor.get("/procedures/nerve-repair/") for _ in range(2)]
    assert [(m.status, m.headers["location"]) for m in moved] == [(301, "/procedures/nerves/")] * 2
    publishing.withdraw(page, language="en")
    gone = [visitor.get("/procedures/nerves/", accept_encoding=BROWSER) for _ in range(2)]
    assert [answer.status for answer in gone] == [410, 410]
    assert b"<h1" in brotli.decompress(gone[1].body)
    missing = [visitor.get("/procedures/no-such-page/") for _ in range(2)]
    assert [answer.status for answer in missing] == [404, 404]
    for answer in (*moved, *gone, *missing):
        assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=60"
        assert "etag" not in answer.headers
    assert renders == [
        "/procedures/nerve-repair/",
        "/procedures/nerve-repair/",
        "/procedures/nerves/",
        "/procedures/no-such-page/",
    ]


def test_expiry_never_passes_scheduled_publication(world: None, clock: Any, db: None) -> None:
    start = timezone.now()
    published(a_procedure(), live_from=start + timedelta(seconds=62))
    visitor = Visitor()
    expected = ((0, False, 57), (59, False, 0), (61, False, 0), (62, True, 60))
    for seconds, is_listed, shared in expected:
        clock.move_to(start + timedelta(seconds=seconds))
        page = visitor.get("/procedures/")
        assert ("lymph-vessel-repair" in page.text) == is_listed, seconds
        assert page.headers["cache-control"].endswith(f"s-maxage={shared}"), seconds


def test_expiry_never_passes_local_midnight(visitor: Visitor, clock: Any, renders: list[str]) -> None:
    # 19:00 UTC is midnight in Lahore.
    for moment in ("2027-03-01T18:59:57Z", "2027-03-01T18:59:59Z", "2027-03-01T19:00:00Z"):
        clock.move_to(moment)
        visitor.get("/clinic/")
    assert renders == ["/clinic/"] * 2


def test_memory_keeps_newer_answers_and_a_limited_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MAX_PAGES_IN_MEMORY", 2)
    cache = page_cache.PageCacheMiddleware(lambda request: HttpResponse())
    for path, made_at in (("/a/", 2.0), ("/b/", 2.0), ("/c/", 2.0), ("/c/", 1.0)):
        cache._remember(("http", "127.0.0.1", path, ""), page_cache.CachedPage(200, {}, b"", made_at))
    assert {key[2]: page.made_at for key, page in cache._pages.items()} == {"/b/": 2.0, "/c/": 2.0}


# What a request may change


def test_unknown_query_parameters_are_dropped(visitor: Visitor, renders: list[str]) -> None:
    published_procedures(25)
    for address, rendered, status in (
        ("/?utm_source=mail", "/", 200),
        ("/?page=2", "/", 200),
        ("/?on=2026-01-01", "/", 200),
        ("/procedures/?fbclid=1", "/procedures/", 200),
        ("/procedures/?page=2&x=y", "/procedures/?page=2", 200),
        ("/procedures/?page=abc", "/procedures/?page=abc", 404),
        ("/procedures/?page=0", "/procedures/?page=0", 404),
        ("/procedures/?page=7", "/procedures/?page=7", 404),
    ):
        plain, asked = visitor.get(rendered), visitor.get(address)
        assert (asked.status, asked.body) == (status, plain.body), address
    assert len(renders) == len(set(renders)) == 6


def test_unknown_host_and_insecure_request_get_no_cached_page(settings: Any, visitor: Visitor) -> None:
    visitor.get("/")
    assert visitor.get("/", host="elsewhere.example").status == 400
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    secure = Visitor()
    for scheme, status in (({"x_forwarded_proto": "https"}, 200), ({}, 301)) * 2:
        assert secure.get("/", **scheme).status == status


def test_reader_who_has_the_page_gets_304(visitor: Visitor, renders: list[str]) -> None:
    first = visitor.get("/", accept_encoding=BROWSER)
    etag = first.headers["etag"]
    for asked in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = visitor.get("/", accept_encoding=BROWSER, if_none_match=asked)
        assert (again.status, again.body) == (304, b""), asked
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers[name] == first.headers[name]
    assert visitor.get("/", accept_encoding=BROWSER, if_none_match='"other"').status == 200
    assert renders == ["/"]


def test_head_shares_the_entry_of_get(visitor: Visitor, renders: list[str]) -> None:
    head, get = visitor.get("/", method="HEAD"), visitor.get("/")
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")
    assert visitor.get("/", method="POST").status in (403, 405)
    assert renders == ["/"]
    for address in ("/consultation/", "/no-such-page/", "/robots.txt"):
        get, head = visitor.get(address), visitor.get(address, method="HEAD")
        assert (head.status, head.body, head.headers["content-type"]) == (
            get.status,
            b"",
            get.headers["content-type"],
        )


def test_warm_page_is_repeated_without_django(
    visitor: Visitor, clock: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = visitor.get("/", accept_encoding=BROWSER).headers["etag"]
    warm = {"accept_encoding": BROWSER}
    requests = (warm, warm | {"if_none_match": etag}, warm | {"cookie": "csrftoken=x"}, {})
    first = [visitor.get("/", **headers) for headers in requests]
    assert [answer.status for answer in first] == [200, 304, 200, 200]

    def fail(*args: Any) -> None:
        raise AssertionError("Django was asked")

    monkeypatch.setattr(WSGIHandler, "__call__", fail)
    caplog.clear()
    assert [visitor.get("/", **headers) for headers in requests] == first
    lines = [record.data for record in caplog.records]  # type: ignore[attr-defined]
    assert [(line["route"], line["status"]) for line in lines] == [("", s.status) for s in first]
    for headers in ({"cookie": "sessionid=x"}, {"if_match": etag}, {"host": "other.example"}):
        with pytest.raises(AssertionError, match="Django was asked"):
            visitor.get("/", **warm | headers)
    clock.shift(5)
    with pytest.raises(AssertionError, match="Django was asked"):
        visitor.get("/", **warm)


# Encodings


def test_encoding_follows_the_accept_encoding_header() -> None:
    for header, encoding in (
        ("", ""),
        (BROWSER, "br"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0, br;q=0.000", ""),
        ("br;q=0.5, gzip;q=0.9", "br"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip ; q=0.5 , br; q=0", "gzip"),
        ("deflate, zstd, *", ""),
        (",,;q=1", ""),
    ):
        assert page_cache.accepted_encoding(header) == encoding, header


def test_page_that_stays_the_same_is_compressed_once(visitor: Visitor, clock: Any) -> None:
    page_cache.compress_fully.cache_clear()
    first = visitor.get("/", accept_encoding=BROWSER)
    clock.shift(6)
    assert visitor.get("/", accept_encoding=BROWSER).body == first.body
    visitor.get("/none/", accept_encoding=BROWSER)
    assert page_cache.compress_fully.cache_info()[:2] == (1, 1)  # used again, and made


def test_each_encoding_holds_the_same_page(visitor: Visitor) -> None:
    plain, zipped, best = (visitor.get("/", accept_encoding=name) for name in ("identity", "gzip", BROWSER))
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(zipped.body) == brotli.decompress(best.body) == plain.body
    assert len({answer.headers["etag"] for answer in (plain, zipped, best)}) == 3
    for answer in (plain, zipped, best):
        assert int(answer.headers["content-length"]) == len(answer.body)
    assert len(best.body) < len(zipped.body) < 14 * 1024


# The last good copy

NERVES = "/procedures/nerve-repair/"


def test_last_good_copy_is_served_without_database(
    visitor: Visitor, clock: Any, broken_database: Any
) -> None:
    good = visitor.get(NERVES)
    broken_database()
    clock.shift(timedelta(hours=23))
    for process in (visitor, Visitor()):
        answer = process.get(NERVES)
        assert (answer.status, answer.body) == (200, good.body)
        assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=0"
    clock.shift(timedelta(hours=2))
    assert visitor.get(NERVES).status == 503


def test_last_good_copies_never_show_a_former_emergency_text(
    visitor: Visitor, clock: Any, broken_database: Any, django_capture_on_commit_callbacks: Any
) -> None:
    for path in (NERVES, "/emergency/"):
        visitor.get(path)
    with django_capture_on_commit_callbacks(execute=True):
        published(Emergency.objects.get())
    clock.shift(5)
    current = visitor.get("/emergency/")
    broken_database()
    clock.shift(5)
    assert Visitor().get("/emergency/").body == current.body
    assert Visitor().get(NERVES).status == 503


def test_withdrawn_page_never_comes_back(visitor: Visitor, clock: Any, broken_database: Any) -> None:
    visitor.get(NERVES)
    clock.shift(5)
    publishing.withdraw(Procedure.objects.get(slug="nerve-repair"), language="en")
    clock.shift(5)
    assert Visitor().get(NERVES).status == 410
    broken_database()
    clock.shift(5)
    assert [process.get(NERVES).status for process in (visitor, Visitor())] == [503, 503]


def test_withdrawn_page_goes_though_nothing_can_be_written(
    visitor: Visitor, clock: Any, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    visitor.get(NERVES)
    assert len([*cache_dir.iterdir()]) == 1
    publishing.withdraw(Procedure.objects.get(slug="nerve-repair"), language="en")
    monkeypatch.setattr(page_cache.FileBasedCache, "_write_content", full)
    clock.shift(5)
    assert Visitor().get(NERVES).status == 410
    assert [*cache_dir.iterdir()] == []


def test_unreadable_copy_of_a_withdrawn_page_is_deleted(cache_dir: Path) -> None:
    key = ("http", "127.0.0.1", "/", "")
    page_cache.save_copy(key, page_cache.CachedPage(200, {}, b"body", 1.0))
    (copy,) = cache_dir.iterdir()
    copy.write_bytes(copy.read_bytes()[:-1])
    assert page_cache.read_copy(key) is None
    page_cache.save_copy(key, page_cache.CachedPage(410, {}, b"", 2.0))
    assert not copy.exists()


def test_older_answer_does_not_overwrite_a_newer_copy() -> None:
    key = ("http", "127.0.0.1", "/", "")
    for status, made_at in ((200, 2.0), (410, 3.0), (200, 1.0)):
        page_cache.save_copy(key, page_cache.CachedPage(status, {}, b"body", made_at))
    found = page_cache.read_copy(key)
    assert found and (found.status, found.body) == (410, b"")


def test_unreadable_or_unwritable_copies_cost_no_page(
    visitor: Visitor, cache_dir: Path, broken_database: Any
) -> None:
    visitor.get(NERVES)
    (copy,) = cache_dir.iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    whole = copy.read_bytes()
    for content in (b"", b"\x80", whole[:-1], whole[:20]):
        copy.write_bytes(content)
        assert Visitor().get(NERVES).status == 200
    for path in cache_dir.iterdir():
        path.unlink()
    cache_dir.rmdir()
    cache_dir.write_text("a file where the folder should be")
    assert Visitor().get(NERVES).status == 200
    broken_database()
    assert Visitor().get(NERVES).status == 503
