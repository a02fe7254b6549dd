"""Titles, descriptions and images shown by search engines and messengers."""

import io
from collections import Counter
from typing import Any

from django.conf import settings as site
from django.test import Client
from PIL import Image

from tests.site.states import State

# WhatsApp leaves out larger pictures.
LARGEST_PICTURE = 300 * 1024


def content(states: list[State]) -> list[State]:
    found = [state for state in states if state.is_content]
    assert len(found) >= 10
    return found


def test_descriptions_are_unique(states: list[State]) -> None:
    descriptions = Counter(state.page.meta("description")[0] for state in content(states))
    assert [text for text, times in descriptions.items() if times > 1] == []


def test_shared_title_and_description_match_the_page(states: list[State]) -> None:
    for state in content(states):
        page = state.page
        assert page.meta("og:url") == [site.SITE_URL + state.name]
        assert page.meta("og:title")[0] in page.title, state.name
        assert page.meta("twitter:card") == ["summary_large_image"], state.name


def test_share_image_suits_messengers(states: list[State], settings: Any) -> None:
    # Those that are drawn for a page were made on the walk through the site.
    settings.MEDIA_ROOT = settings.DATA_DIR / "media"
    client = Client()
    addresses = {
        (page.meta("og:image")[0], page.meta("og:image:width")[0], page.meta("og:image:height")[0])
        for page in (state.page for state in content(states))
    }
    for address, width, height in addresses:
        assert address.startswith(site.SITE_URL)
        response = client.get(address.removeprefix(site.SITE_URL))
        assert response.status_code == 200, address
        assert response["Content-Type"] in ("image/png", "image/jpeg"), address
        data = response.getvalue()
        assert len(data) <= LARGEST_PICTURE, address
        assert Image.open(io.BytesIO(data)).size == (int(width), int(height)) == (1200, 630), address


def test_titles_and_descriptions_have_the_right_length(states: list[State]) -> None:
    for state in content(states):
        name = state.page.title.split(" | ")[0]
        assert len(name) <= 65, (state.name, name)


def test_clinical_pages_have_structured_data_with_their_own_url(states: list[State]) -> None:
    for state in content(states):
        nodes = state.page.structured_data
        if state.name == "/" or state.name.startswith("/procedures/"):
            assert nodes, state.name
        for node in nodes:
            if node["@type"] == "BreadcrumbList":
                assert node["itemListElement"][-1]["item"] == site.SITE_URL + state.name
