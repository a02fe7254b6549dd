"""Rules for every public page in every state."""

import itertools
import re
from collections import Counter

import pytest
from django.conf import settings

from tests.pages import Page
from tests.site.states import State
from tests.static_files import own_static_files

EXPECTED = {
    "mistake, too many": 429,
    "404": 404,
    "404 of a procedure": 404,
    "410": 410,
    "403, form not from here": 403,
    "403, form without its cookie": 403,
    "request, unknown token": 404,
    "requests cannot be taken": 503,
    "400.html": 400,
    "403.html": 403,
    "500.html": 500,
    "503.html": 503,
    "503.html, reading": 503,
}
# Rendered without a request: nothing but the page itself can be asked.
WITHOUT_REQUEST = {"400.html", "403.html", "500.html", "503.html", "503.html, reading"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": settings.PERMISSIONS_POLICY,
}


def each(states: list[State], what: str) -> list[tuple[str, Page]]:
    assert len(states) > 25, f"{what}: the walk through the site found too little"
    return [(state.name, state.page) for state in states]


def test_status_codes(states: list[State]) -> None:
    assert {state.name: state.status for state in states} == {
        state.name: EXPECTED.get(state.name, 200) for state in states
    }
    assert EXPECTED.keys() <= {state.name for state in states}


def test_headings_and_titles(states: list[State]) -> None:
    for name, page in each(states, "headings"):
        assert all(text for _level, text in page.headings), name
        levels = [level for level, _text in page.headings]
        main = [level for level, text in page.headings if text in page.main.text]
        assert levels.count(1) == 1, name
        assert main[0] == 1 or "error" in page.title.lower(), name
        steps = itertools.pairwise(main)
        assert all(deeper - level <= 1 for level, deeper in steps), (name, main)
        assert page.title, name
    titles = Counter(state.page.title for state in states if state.is_content)
    assert [title for title, times in titles.items() if times > 1] == []


def test_title_of_page_with_errors_begins_with_error(states: list[State]) -> None:
    found = {state.name for state in states if state.page.title.startswith("Error: ")}
    assert found == {
        "request, nothing answered",
        "403, form without its cookie",
        "request, everything wrong",
        "mistake, everything wrong",
        "mistake, too many",
    }


def test_content_pages_are_found_and_shared(states: list[State]) -> None:
    content = [state for state in states if state.is_content]
    assert len(content) >= 10
    for state in content:
        page = state.page
        (description,) = page.meta("description")
        (canonical,) = (link["href"] for link in page.all("link", rel="canonical"))
        assert 20 <= len(description) <= 160, (state.name, description)
        assert len(page.title.split(" | ")[0]) <= 65, (state.name, page.title)
        assert canonical == settings.SITE_URL + state.name
        assert page.meta("og:description") == [description], state.name
        for name in ("og:title", "og:url", "og:image", "og:image:alt"):
            assert len(page.meta(name)) == 1 and page.meta(name)[0], (state.name, name)
        assert page.meta("og:title")[0] in page.title, state.name
        assert page.meta("og:url") == [settings.SITE_URL + state.name]
        assert page.meta("og:image")[0].startswith(settings.SITE_URL), state.name
        assert page.meta("twitter:card") == ["summary_large_image"], state.name
        assert page.meta("robots") == ["noindex"], f"{state.name} is a sample"
        assert not state.sets_cookies, state.name
        assert "Cookie" not in state.headers.get("Vary", ""), state.name
        assert page.structured_data == [], f"{state.name} is a sample"
    descriptions = Counter(state.page.meta("description")[0] for state in content)
    assert [text for text, times in descriptions.items() if times > 1] == []


def test_only_content_pages_are_indexed(states: list[State]) -> None:
    for state in states:
        if state.status != 200 or state.name.startswith("request"):
            assert any("noindex" in robots for robots in state.page.meta("robots")), state.name


def test_security_headers(states: list[State]) -> None:
    for state in states:
        if state.name in WITHOUT_REQUEST:
            continue
        policy = state.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, state.name
        assert "script-src" not in policy, state.name
        assert {name: state.headers.get(name) for name in HEADERS} == HEADERS, state.name
        assert state.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), state.name


def test_no_script_and_no_inline_style(states: list[State]) -> None:
    for name, page in each(states, "scripts"):
        scripts = [script for script in page.all("script") if script.get("type") != "application/ld+json"]
        assert scripts == [], name
        assert page.all("style") == [], name
        inline = [
            (element.tag, attribute)
            for element in page.all()
            for attribute in element.attributes
            if attribute == "style" or attribute.startswith("on")
        ]
        assert inline == [], name
        assert "javascript:" not in page.source, name


def test_nothing_is_fetched_from_other_hosts(states: list[State]) -> None:
    for name, page in each(states, "origins"):
        fetched = [
            element.get("src") or element.get("srcset") or element["href"]
            for element in page.all("img", "iframe", "source", "link")
        ]
        for address in fetched:
            assert address.startswith(("/", settings.SITE_URL)), (name, address)


def test_ids_are_unique_and_references_resolve(states: list[State]) -> None:
    for name, page in each(states, "ids"):
        ids = [element["id"] for element in page.all() if element.get("id")]
        assert [found for found, times in Counter(ids).items() if times > 1] == [], name
        wanted = [
            reference
            for element in page.all()
            for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for", "popovertarget")
            for reference in element.get(attribute).split()
        ]
        wanted += [
            link["href"][1:]
            for link in page.all("a")
            if link.get("href").startswith("#") and link["href"] != "#"
        ]
        assert set(wanted) - set(ids) == set(), name


def test_language_images_and_fields_are_labelled(states: list[State]) -> None:
    for name, page in each(states, "labels"):
        root = page.one("html")
        assert (root["lang"], root.get("dir", "ltr")) == ("en", "ltr"), name
        for image in page.all("img"):
            assert image.get("width").isdecimal() and image.get("height").isdecimal(), (name, image["src"])
            assert "alt" in image.attributes, (name, image.attributes)
        labelled = {label["for"] for label in page.all("label") if label.get("for")}
        for control in page.all("input", "textarea", "select"):
            if control.get("type") not in ("hidden", "submit"):
                assert control["id"] in labelled, (name, control.attributes)


def test_emergency_number_and_sample_notice_are_on_every_page(states: list[State]) -> None:
    for name, page in each(states, "1122"):
        assert page.all("a", href="tel:1122"), name
        assert name in WITHOUT_REQUEST or "sample site" in page.text, name


def test_internal_links_work(states: list[State], client: pytest.FixtureRequest) -> None:
    known = {state.name for state in states if state.name.startswith("/")}
    for name, page in each(states, "links"):
        for link in page.all("a"):
            address = link.get("href").split("#")[0].split("?")[0]
            is_left_out = name in ("410", "requests cannot be taken") or link.get("class") == "language"
            if address.startswith("/") and not is_left_out:
                assert address in known | {"/consultation/", "/r/", "/report-a-mistake/"}, (name, address)


def test_style_sheet_uses_logical_properties() -> None:
    """Urdu is written from right to left, and has the same style sheets."""
    physical = re.compile(
        r"(?<![-\w])(?:(?:margin|padding|border)-(?:left|right)|left|right)\s*:"
        r"|(?:float|text-align|clear):\s*(?:left|right)"
    )
    for sheet in own_static_files(".css"):
        found = [line for line in sheet.read_text().splitlines() if physical.search(line)]
        assert found == [], (sheet.name, found)
