"""The budgets of every page: what a cheap phone on a slow line has to fetch."""

import gzip
from functools import cache
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image
from whitenoise.compress import Compressor

from clinic_site.core.http.page_cache import compress_fully
from procedures.models import Publication
from procedures.publishing import photos
from tests.factories import published
from tests.pages import Page, read
from tests.procedures.publishing.photos import encoded, upload
from tests.site.states import State

HTML_AND_CSS = 14 * 1024
FIRST_VIEW = 60 * 1024


@cache
def static_file(address: str) -> bytes:
    """As WhiteNoise sends it: collecting for tests compresses less."""
    path = settings.STATIC_ROOT / urlsplit(address).path.removeprefix(settings.STATIC_URL)
    data = path.read_bytes()
    return Compressor.compress_brotli(data) if path.suffix in (".css", ".svg") else data


def style_sheets(page: Page) -> list[str]:
    """Those that the screen waits for: one for print alone is fetched after everything else."""
    return [link["href"] for link in page.all("link", rel="stylesheet") if link.get("media") != "print"]


def html_and_css(page: Page, content: bytes) -> int:
    """As it is sent: a page with a form is never cached, and is in gzip."""
    has_form = page.main.all("form")
    html = gzip.compress(content, 6) if has_form else compress_fully(content)
    return len(html) + sum(len(static_file(sheet)) for sheet in style_sheets(page))


def first_view(page: Page, content: bytes) -> int:
    """Everything a browser fetches for it, but for a photograph."""
    weight = html_and_css(page, content)
    for image in page.all("img"):
        if image.get("loading") == "lazy":
            continue
        weight += len(static_file(image["src"]))
    icons = [link["href"] for link in page.all("link", rel="icon")]
    return weight + sum(len(static_file(address)) for address in icons)


def test_every_page_is_small(states: list[State], urdu_states: list[State]) -> None:
    for state in states + urdu_states:
        assert style_sheets(state.page), state.name
        size, all_sizes = html_and_css(state.page, state.content), first_view(state.page, state.content)
        assert (size <= HTML_AND_CSS, all_sizes <= FIRST_VIEW) == (True, True), (state.name, size, all_sizes)


@pytest.mark.django_db
def test_first_view_is_small_with_largest_photo(sample_site: None) -> None:
    """It stands near the top, and a browser fetches it at once although it may be lazy.

    Which width a screen takes is the browser's choice: none of those it is offered may be too much.
    """
    noise = Image.effect_noise((1600, 1067), 60).convert("RGB")
    photo = photos.encode(upload(encoded(noise))).store()
    for publication in Publication.objects.live_for("en").exclude(page__kind="emergency"):
        page = publication.page
        page.photo, page.photo_alt = photo, "A microscope"
        page.save()
        published(page)
        response = Client().get(publication.get_absolute_url())
        (image,) = read(response).main.all("img", class_="photo")
        offered = [entry.split()[0] for entry in image["srcset"].split(", ")]
        heaviest = max(len(Client().get(address).getvalue()) for address in offered)
        weight = first_view(read(response), response.content) + heaviest
        assert weight <= FIRST_VIEW, (publication, weight)
