"""Content pages are made once, are the same for everyone, and change at once when what is live does."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile, OpeningHours
from clinic_site.core.http import page_cache
from procedures.models import Procedure
from procedures.publishing import services as publishing
from tests.factories import a_procedure, an_overview, published, published_procedures, staff
from tests.operations.concurrent_visitor import Answer, Visitor

CONTENT_PAGES = (
    "/",
    "/procedures/",
    "/procedures/nerve-repair/",
    "/surgeons/",
    "/clinic/",
    "/privacy/",
    "/accessibility/",
    "/about-our-information/",
    "/consultation/emergency/",
)
BROWSER = "gzip, deflate, br, zstd"
# Django and the server tell these anew with each answer.
OF_THE_MOMENT = ("last-modified",)


@pytest.fixture(autouse=True)
def own_cache(settings: Any, tmp_path: Path) -> Path:
    """An empty folder for each test; an empty memory comes with each visitor."""
    pages = settings.CACHES["pages"] | {"LOCATION": str(tmp_path / "pages")}
    settings.CACHES = settings.CACHES | {"pages": pages}
    return tmp_path / "pages"


@pytest.fixture
def visitor(sample_site: None) -> Visitor:
    return Visitor()


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the pages that were made, not answered from the cache."""
    made: list[str] = []
    make = page_cache._made_by

    def making(site: Any, environ: dict[str, Any]) -> page_cache.Made:
        made.append(environ["PATH_INFO"] + (environ["QUERY_STRING"] and "?" + environ["QUERY_STRING"]))
        return make(site, environ)

    monkeypatch.setattr(page_cache, "_made_by", making)
    return made


def lasting(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}


# Made once


def test_a_page_is_made_once_and_then_the_same_with_every_header(
    visitor: Visitor, renders: list[str]
) -> None:
    for address in CONTENT_PAGES:
        cold, warm, elsewhere = visitor.get(address), visitor.get(address), Visitor().get(address)

        assert cold.status == 200, address
        assert (lasting(cold), cold.body) == (lasting(warm), warm.body), address
        assert (lasting(cold), cold.body) == (lasting(elsewhere), elsewhere.body), address
    assert renders == [*CONTENT_PAGES]


def test_the_cache_adds_to_what_django_answers_and_takes_nothing_away(visitor: Visitor, client: Any) -> None:
    for address in CONTENT_PAGES:
        from_django = client.get(address, headers={"host": "127.0.0.1"})
        warm = [visitor.get(address) for _ in range(2)][1]

        told = {name.lower(): value for name, value in from_django.headers.items()}
        assert told.items() <= warm.headers.items(), address
        assert {"content-security-policy", "x-content-type-options", "x-frame-options"} <= {*warm.headers}
        assert from_django.content == warm.body


def test_no_content_page_knows_its_reader(visitor: Visitor) -> None:
    of_one = {
        "cookie": "sessionid=abc; csrftoken=def",
        "accept_language": "ur",
        "referer": "http://127.0.0.1/",
    }
    for address in CONTENT_PAGES:
        answer = Visitor().get(address, **of_one)
        caches["pages"].clear()

        assert "set-cookie" not in answer.headers, address
        assert answer.headers["vary"] == "Accept-Encoding", address
        assert answer.body == Visitor().get(address).body, address


@pytest.mark.parametrize("count", [3, 30])
def test_a_warm_page_takes_one_query_and_a_cold_one_three_whatever_the_content(db: None, count: int) -> None:
    published(an_overview())
    published_procedures(count)
    addresses = [a.replace("nerve-repair", "procedure-2") for a in CONTENT_PAGES]
    for address in (*addresses, "/procedures/?page=2") if count > 24 else addresses:
        visitor = Visitor()
        with CaptureQueriesContext(connection) as cold:
            assert visitor.get(address).status == 200, address
        with CaptureQueriesContext(connection) as warm:
            visitor.get(address)
        assert len(cold) <= 3, (address, "\n".join(query["sql"][:150] for query in cold))
        assert len(warm) == 1, address


def test_forms_and_staff_pages_are_never_kept(visitor: Visitor, renders: list[str]) -> None:
    for address in (
        "/consultation/",
        "/consultation/request/",
        "/staff/",
        "/procedures/nerve-repair/?on=2026-01-01",
    ):
        for _ in range(2):
            answer = visitor.get(address)
            assert "public" not in answer.headers.get("cache-control", ""), address
    assert renders == []


def test_a_view_that_made_a_page_for_one_reader_is_not_kept(
    visitor: Visitor, renders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for header in (("Set-Cookie", "a=b"), ("Vary", "Cookie"), ("Cache-Control", "private")):
        made = page_cache.Made("200 OK", [header], b"For you")
        assert not page_cache._may_be_kept(made)
    assert page_cache._may_be_kept(page_cache.Made("200 OK", [("Vary", "Accept-Encoding")], b"For all"))


# Changed at once


def test_a_publication_is_there_with_the_next_request_in_every_process(visitor: Visitor) -> None:
    other = Visitor()
    page = Procedure.objects.get(slug="nerve-repair")
    before = visitor.get("/procedures/nerve-repair/")
    assert other.get("/procedures/nerve-repair/").body == before.body

    Procedure.objects.filter(pk=page.pk).update(summary="Changed in the working copy.")
    assert visitor.get("/procedures/nerve-repair/").headers["etag"] == before.headers["etag"]

    publishing.publish_sample(page, language="en")
    for reader in (visitor, other):
        after = reader.get("/procedures/nerve-repair/")
        assert "Changed in the working copy." in after.text
        assert after.headers["etag"] != before.headers["etag"]


def test_a_withdrawn_page_is_gone_at_once_and_compressed_all_the_same(visitor: Visitor) -> None:
    visitor.get("/procedures/nerve-repair/")
    publishing.withdraw(Procedure.objects.get(slug="nerve-repair"), language="en")

    gone = visitor.get("/procedures/nerve-repair/", accept_encoding=BROWSER)
    assert gone.status == 410
    assert b"<h1" in brotli.decompress(gone.body)
    assert "public" not in gone.headers.get("cache-control", "")
    assert "nerve-repair" not in visitor.get("/procedures/").text


def test_a_scheduled_page_comes_at_its_time_though_nothing_is_written_then(
    db: None, renders: list[str]
) -> None:
    published(an_overview())
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        published(a_procedure(), live_from=now + timedelta(hours=1))
        visitor = Visitor()
        assert visitor.get("/procedures/lymph-vessel-repair/").status == 404
        assert "lymph-vessel-repair" not in visitor.get("/procedures/").text
    with time_machine.travel(now + timedelta(minutes=59), tick=False):
        assert "lymph-vessel-repair" not in visitor.get("/procedures/").text
    with time_machine.travel(now + timedelta(hours=1), tick=False):
        assert "lymph-vessel-repair" in visitor.get("/procedures/").text


def test_a_page_is_made_anew_each_day_of_the_clinic(visitor: Visitor, renders: list[str]) -> None:
    OpeningHours.objects.all().delete()
    # 19:30 UTC on Monday is half past midnight on Tuesday in Lahore.
    for moment in ("2027-03-01T18:30Z", "2027-03-01T18:59Z", "2027-03-01T19:30Z"):
        with time_machine.travel(moment, tick=False):
            visitor.get("/clinic/")
    assert renders == ["/clinic/"] * 2


def test_a_new_release_shows_nothing_of_the_old(visitor: Visitor, renders: list[str]) -> None:
    visitor.get("/")
    later = Visitor()
    later.cache.release = "another"
    later.get("/")
    assert renders == ["/", "/"]


# What a query changes


IGNORED = [
    ("/?utm_source=mail", "/"),
    ("/?page=2", "/"),
    ("/procedures/?fbclid=1", "/procedures/"),
    ("/procedures/?page=1", "/procedures/"),
    ("/procedures/?page=abc", "/procedures/"),
    ("/procedures/?page=99999", "/procedures/"),
    ("/procedures/?page=02", "/procedures/"),
    ("/procedures/?page=2&x=y", "/procedures/?page=2"),
]


def test_a_query_that_makes_no_page_of_its_own_is_ignored(db: None, renders: list[str]) -> None:
    published(an_overview())
    published_procedures(25)
    visitor = Visitor()
    for address, made in IGNORED:
        plain = visitor.get(made)
        asked = visitor.get(address)
        assert (asked.status, asked.body) == (200, plain.body), address
    assert renders == [*dict.fromkeys(made for _address, made in IGNORED)]


def test_a_page_of_the_list_that_is_not_there_is_not_kept(visitor: Visitor, renders: list[str]) -> None:
    assert [visitor.get("/procedures/?page=7").status for _ in range(2)] == [404, 404]
    assert renders == ["/procedures/?page=7"] * 2


def test_another_host_gets_no_page_though_it_is_kept(visitor: Visitor) -> None:
    visitor.get("/")
    assert visitor.get("/", host="elsewhere.example").status == 400


def test_an_insecure_request_is_sent_to_the_secure_site_though_the_page_is_kept(
    visitor: Visitor, settings: Any
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert visitor.get("/", x_forwarded_proto="https").status == 200
    settings.SECURE_SSL_REDIRECT = True
    from clinic_site.wsgi import get_wsgi_application

    visitor.cache.site = get_wsgi_application()
    assert visitor.get("/").status == 301
    assert visitor.get("/", x_forwarded_proto="https").status == 200


# What the reader has already


def test_a_reader_who_has_the_page_gets_304_and_no_page(visitor: Visitor, renders: list[str]) -> None:
    first = visitor.get("/", accept_encoding=BROWSER)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for asked in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = visitor.get("/", accept_encoding=BROWSER, if_none_match=asked)
        assert (again.status, again.body) == (304, b""), asked
        assert "content-type" not in again.headers
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers[name] == first.headers[name]
    assert visitor.get("/", accept_encoding=BROWSER, if_none_match='"other"').status == 200
    assert renders == ["/"]


def test_a_new_reader_may_be_told_304_by_the_process_that_makes_the_page(visitor: Visitor) -> None:
    etag = visitor.get("/").headers["etag"]
    ClinicProfile.objects.update(complaints="Not shown on the overview.")
    assert visitor.get("/", if_none_match=etag).status == 304


def test_the_tag_of_one_encoding_is_not_that_of_another(visitor: Visitor) -> None:
    tags = {visitor.get("/", accept_encoding=name).headers["etag"] for name in ("br", "gzip", "identity")}
    assert len(tags) == 3


def test_a_date_tells_two_pages_apart_even_within_one_second(visitor: Visitor) -> None:
    start = timezone.now().replace(microsecond=0) + timedelta(seconds=5)
    with time_machine.travel(start + timedelta(milliseconds=100), tick=False):
        dated = visitor.get("/clinic/").headers["last-modified"]
        ClinicProfile.objects.update(city="Multan")
        visitor.get("/clinic/")
    with time_machine.travel(start + timedelta(seconds=30), tick=False):
        again = visitor.get("/clinic/", if_modified_since=dated)
        assert (again.status, "Multan" in again.text) == (200, True)
        assert visitor.get("/clinic/", if_modified_since=again.headers["last-modified"]).status == 304
        # The tag says more than the date.
        both = visitor.get(
            "/clinic/", if_modified_since=again.headers["last-modified"], if_none_match='"other"'
        )
        assert both.status == 200


def test_head_is_get_without_the_page(visitor: Visitor) -> None:
    for _ in range(2):
        head, get = visitor.get("/", method="HEAD"), visitor.get("/")
        assert (head.status, lasting(head), head.body) == (200, lasting(get), b"")
    assert visitor.get("/", method="POST").status in (403, 405)


def test_what_others_may_keep_is_a_minute_old_at_most(visitor: Visitor) -> None:
    told = dict(
        part.strip().partition("=")[::2] for part in visitor.get("/").headers["cache-control"].split(",")
    )
    at_a_proxy = int(told["s-maxage"]) + int(told["stale-while-revalidate"])
    at_a_browser = int(told["max-age"]) + int(told["stale-while-revalidate"])
    # A CDN, a proxy behind it that does not tell how old the page is, and a browser.
    assert 2 * at_a_proxy + at_a_browser <= 60
    assert "public" in told


# Encodings


def test_a_move_and_a_gap_are_asked_for_each_time(visitor: Visitor) -> None:
    """A browser that kept a move for an hour would go in circles once the page has moved back."""
    page = Procedure.objects.get(slug="nerve-repair")
    for slug in ("nerves", "nerve-repair"):
        Procedure.objects.filter(pk=page.pk).update(slug=slug)
        published(Procedure.objects.get(pk=page.pk))
    moved = visitor.get("/procedures/nerves/")
    assert (moved.status, moved.headers["location"]) == (301, "/procedures/nerve-repair/")
    publishing.withdraw(page, language="en")
    gone, missing = visitor.get("/procedures/nerve-repair/"), visitor.get("/procedures/no-such-page/")
    assert (gone.status, missing.status) == (410, 404)
    assert {answer.headers["cache-control"] for answer in (moved, gone, missing)} == {"no-cache"}


@pytest.mark.parametrize(
    "address",
    ["/%D9%86/", "/%D9%86", "/procedures/%D9%86/", "/staff/%D9%86/", "/%ff/", "/%00/", "/%F0%9F%A4%9A/"],
)
def test_a_path_in_any_letters_is_answered(visitor: Visitor, address: str) -> None:
    assert visitor.get(address).status in (301, 302, 404)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", ""),
        (BROWSER, "br"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0, br;q=0.000", ""),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("br;q=0, *", "gzip"),
        ("identity;q=0", ""),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip ; q=0.5 , br; q=0", "gzip"),
        ("gzip;q=much", ""),
        ("deflate, zstd", ""),
        (",,;q=1", ""),
    ],
)
def test_a_page_is_sent_in_the_encoding_the_reader_likes_best(header: str, encoding: str) -> None:
    assert page_cache.accepted_encoding(header) == encoding


def test_each_encoding_holds_the_same_page(visitor: Visitor) -> None:
    plain = visitor.get("/")
    compressed = visitor.get("/", accept_encoding="gzip")
    better = visitor.get("/", accept_encoding=BROWSER)
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(compressed.body) == brotli.decompress(better.body) == plain.body
    for answer in (plain, compressed, better):
        assert int(answer.headers["content-length"]) == len(answer.body)
    assert len(better.body) < len(compressed.body) < 14 * 1024


# What ails a cache costs no reader the page


def test_a_damaged_entry_is_made_anew(visitor: Visitor, own_cache: Path, renders: list[str]) -> None:
    visitor.get("/")
    for content in (b"", b"\x80", b"nonsense" * 100):
        for entry in own_cache.glob("*.djcache"):
            entry.write_bytes(content)
        assert Visitor().get("/").status == 200
    assert len(renders) == 4


def test_a_folder_that_cannot_be_written_costs_no_page(
    visitor: Visitor, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_cache.write_text("A file where the folder should be.")
    assert visitor.get("/").status == 200

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    own_cache.unlink()
    assert visitor.get("/clinic/").status == 200


def test_without_a_stamp_pages_are_made_and_not_kept(visitor: Visitor, renders: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_contentversion")
    assert [visitor.get("/").status for _ in range(2)] == [200, 200]
    assert renders == []
    assert visitor.get("/").headers.get("cache-control") is None


def test_a_signed_in_member_of_staff_reads_what_patients_read(visitor: Visitor, client: Any) -> None:
    client.force_login(staff("Editor"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    assert visitor.get("/", cookie=cookie).body == Visitor().get("/").body
