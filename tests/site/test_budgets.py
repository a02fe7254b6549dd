"""The budgets of every page: what a cheap phone on a slow line has to fetch."""

import gzip
from urllib.parse import urlsplit

from django.conf import settings

from tests.pages import Page
from tests.site.states import State

HTML_AND_CSS = 14 * 1024
FIRST_VIEW = 60 * 1024


def compressed(data: bytes) -> int:
    return len(gzip.compress(data, 6))


def static_file(address: str) -> bytes:
    path = settings.STATIC_ROOT / urlsplit(address).path.removeprefix(settings.STATIC_URL)
    return path.read_bytes()


def style_sheets(page: Page) -> list[str]:
    """Those that the screen waits for: one for print alone is fetched after everything else."""
    return [link["href"] for link in page.all("link", rel="stylesheet") if link.get("media") != "print"]


def test_html_and_css_of_every_page_come_in_one_round_trip(states: list[State]) -> None:
    sizes = {}
    for state in states:
        sheets = sum(compressed(static_file(address)) for address in style_sheets(state.page))
        assert sheets or state.name == "500.html", state.name
        sizes[state.name] = compressed(state.content) + sheets
    assert {name: size for name, size in sizes.items() if size > HTML_AND_CSS} == {}


def test_the_first_view_of_every_page_is_small(states: list[State]) -> None:
    for state in states:
        page = state.page
        weight = compressed(state.content)
        weight += sum(compressed(static_file(address)) for address in style_sheets(page))
        for image in page.all("img"):
            if image.get("loading") == "lazy":
                continue
            data = static_file(image["src"])
            weight += compressed(data) if image["src"].endswith(".svg") else len(data)
        icons = [link["href"] for link in page.all("link", rel="icon")]
        weight += sum(len(static_file(address)) for address in icons)
        assert weight <= FIRST_VIEW, (state.name, weight)
