"""Static files of pages: present, small, and cached for a year."""

import re
from pathlib import Path

from django.conf import settings
from django.test import Client

from tests.site.states import State

IN_STYLE_SHEETS = re.compile(r"url\(([^)]*)\)|@import\s+([^;]+)")


def files_of(states: list[State]) -> set[str]:
    return {
        address
        for state in states
        for element in state.page.all("link", "img", "source")
        for address in (element.get("href"), element.get("src"))
        if address.startswith("/static/")
    }


def test_static_files_are_cached_for_a_year(states: list[State]) -> None:
    client = Client()
    found = files_of(states)
    assert len(found) > 8
    for address in found:
        response = client.get(address)
        assert response.status_code == 200, address
        assert re.search(r"max-age=(\d+)", response["Cache-Control"])[1] >= "31536000", address  # type: ignore[index]
        assert "immutable" in response["Cache-Control"], address


def test_text_files_are_compressed(states: list[State]) -> None:
    client = Client(headers={"accept-encoding": "gzip, br"})
    for address in files_of(states):
        if address.endswith((".css", ".svg")):
            response = client.get(address)
            small = len(response.getvalue()) < 400
            assert small or response.headers.get("Content-Encoding") in ("br", "gzip"), address


def test_style_sheets_fetch_nothing_from_other_hosts() -> None:
    for sheet in Path(settings.STATIC_ROOT, "css").glob("*.css"):
        for found in IN_STYLE_SHEETS.finditer(sheet.read_text()):
            address = (found[1] or found[2]).strip("\"' ")
            assert not re.match(r"(https?:)?//", address), (sheet.name, address)


def test_drawings_contain_no_script_style_or_request() -> None:
    """The security policy would block them, and the files must be safe on their own, too."""
    for drawing in Path(settings.BASE_DIR, "static", "img").rglob("*.svg"):
        text = drawing.read_text()
        for forbidden in ("<script", "javascript:", "<foreignObject", "<image", "@import"):
            assert forbidden not in text, (drawing.name, forbidden)
        assert not re.search(r"\son\w+=", text), drawing.name
        assert not re.search(r"""href=["'](?!#)""", text), drawing.name
