"""Files of pages: present, small, and cached for a year."""

import io
import re
from typing import Any

from django.test import Client
from PIL import Image

from tests.site.states import State
from tests.static_files import own_static_files

# WhatsApp leaves out larger pictures.
LARGEST_PICTURE = 300 * 1024
IN_STYLE_SHEETS = re.compile(r"url\(([^)]*)\)|@import\s+([^;]+)")


def files_of(states: list[State]) -> set[str]:
    return {
        address
        for state in states
        for element in state.page.all("link", "img", "source")
        for address in (element.get("href"), element.get("src"))
        if address.startswith("/static/")
    }


def test_static_files_are_compressed_and_cached_for_a_year(states: list[State], settings: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = False  # as in production
    client = Client(headers={"accept-encoding": "gzip, br"})
    found = files_of(states)
    assert len(found) > 8
    for address in found:
        response = client.get(address)
        assert response.status_code == 200, address
        max_age = re.search(r"max-age=(\d+)", response["Cache-Control"])
        assert max_age and int(max_age[1]) >= 31536000, address
        assert "immutable" in response["Cache-Control"], address
        if address.endswith((".css", ".svg")):
            small = len(response.getvalue()) < 400
            assert small or response.headers.get("Content-Encoding") in ("br", "gzip"), address


def test_share_image_suits_messengers(states: list[State], settings: Any) -> None:
    # Those that are drawn for a page were made on the walk through the site.
    settings.MEDIA_ROOT = settings.DATA_DIR / "media"
    pages = [state.page for state in states if state.is_content]
    for address, width, height in {
        (page.meta("og:image")[0], page.meta("og:image:width")[0], page.meta("og:image:height")[0])
        for page in pages
    }:
        response = Client().get(address.removeprefix(settings.SITE_URL))
        assert response.status_code == 200, address
        assert response["Content-Type"] in ("image/png", "image/jpeg"), address
        data = response.getvalue()
        assert len(data) <= LARGEST_PICTURE, address
        assert Image.open(io.BytesIO(data)).size == (int(width), int(height)) == (1200, 630), address


def test_style_sheets_fetch_nothing_from_other_hosts() -> None:
    for sheet in own_static_files(".css"):
        for found in IN_STYLE_SHEETS.finditer(sheet.read_text()):
            address = (found[1] or found[2]).strip("\"' ")
            assert not re.match(r"(https?:)?//", address), (sheet.name, address)


def test_drawings_contain_no_script_style_or_request() -> None:
    """The security policy would block them, and the files must be safe on their own, too."""
    for drawing in own_static_files(".svg"):
        text = drawing.read_text()
        for forbidden in ("<script", "javascript:", "<foreignObject", "<image", "@import"):
            assert forbidden not in text, (drawing.name, forbidden)
        assert not re.search(r"\son\w+=", text), drawing.name
        assert not re.search(r"""href=["'](?!#)""", text), drawing.name
