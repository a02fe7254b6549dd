"""The image of a page for shared links."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from procedures.models import Publication
from procedures.models.pages import Drawing
from procedures.publishing import drafts, share_images
from procedures.publishing.documents import PageDocument
from tests.factories import a_document, a_procedure, an_overview, published
from tests.pages import read

PATH = "/procedures/nerve-repair/"


def stored(settings: Any) -> list[Path]:
    return sorted((Path(settings.MEDIA_ROOT) / "share").glob("*"))


def image_of(publication: Publication) -> str:
    return PageDocument.from_json(publication.document).share_picture


@pytest.mark.django_db
def test_published_page_offers_its_share_image(client: Client, settings: Any) -> None:
    published(an_overview(title="What microsurgery is"))
    published(a_procedure("nerve-repair", plain_name="reconnecting a damaged nerve"))
    for address, alt in (
        ("/", "What microsurgery is"),
        (PATH, "Nerve Repair: reconnecting a damaged nerve"),
    ):
        page = read(client.get(address))
        (url,) = page.meta("og:image")
        assert url.startswith(f"{settings.SITE_URL}/media/share/")
        assert page.meta("og:image:width") == ["1200"] and page.meta("og:image:height") == ["630"]
        assert page.meta("og:image:alt") == [alt]
    response = client.get(url.removeprefix(settings.SITE_URL))
    data = b"".join(response.streaming_content)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert len(data) < 250_000
    picture = Image.open(io.BytesIO(data))
    assert (picture.size, picture.format) == ((1200, 630), "JPEG")


@pytest.mark.django_db
def test_share_image_changes_with_its_content_only(client: Client, settings: Any) -> None:
    page = a_procedure("nerve-repair")
    first, again = published(page), published(page)
    document, draft = PageDocument.from_json(first.document), drafts.read_draft(page, "en")
    assert document.share_picture and not draft.share_picture
    assert document.unsigned() == draft
    page.title = "Nerve Repair and Transfer"
    page.save()
    assert image_of(first) == image_of(again) != image_of(published(page))
    assert len(stored(settings)) == 2
    # Old versions keep theirs.
    assert client.get(reverse("share_picture", args=[image_of(first)])).status_code == 200


@pytest.mark.django_db
def test_title_in_another_script_uses_the_site_image(client: Client, settings: Any) -> None:
    for title in ("اعصاب کی مرمت", "神经修复", "Nerve Repair 🩺", "Операция"):
        assert share_images.make(a_document(title=title)) == ""
    assert image_of(published(a_procedure("nerve-repair", title=title))) == ""
    assert stored(settings) == []
    assert "components/share" in read(client.get(PATH)).meta("og:image")[0]


@pytest.mark.django_db
def test_failing_share_image_does_not_stop_publication(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = a_procedure("nerve-repair")
    for error in (OSError("disk full"), MemoryError(), ValueError("broken font")):

        def fail(*args: Any, error: Exception = error) -> bytes:
            raise error

        monkeypatch.setattr(share_images, "draw", fail)
        assert image_of(published(page)) == ""
    assert client.get(PATH).status_code == 200


@pytest.mark.django_db
def test_share_image_is_written_before_the_publication(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    there: list[list[str]] = []
    create = Publication.objects.create

    def look_first(**fields: Any) -> Publication:
        there.append([path.name for path in stored(settings)])
        return create(**fields)

    monkeypatch.setattr(Publication.objects, "create", look_first)
    publication = published(a_procedure("nerve-repair"))
    assert there == [[image_of(publication)]]


@pytest.mark.django_db
def test_other_files_are_not_served(client: Client) -> None:
    for name in ("x.jpg", "../clinic.sqlite3", "0" * 32 + ".png", "0" * 32 + ".jpg"):
        assert client.get(f"/media/share/{name}").status_code == 404


# The drawing


@hypothesis_settings(max_examples=12)
@given(
    title=st.from_regex(r"[A-Za-zÀ-ž ’-]{1,65}", fullmatch=True),
    plain_name=st.text(max_size=80),
    clinic=st.text(max_size=80),
)
def test_any_title_is_drawn_within_the_image(title: str, plain_name: str, clinic: str) -> None:
    data = share_images.draw(title, plain_name, "nerve", clinic)

    assert len(data) < 250_000
    # Nothing is written over the edge on the left, nor above and below.
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for box in ((0, 0, 70, 630), (0, 0, 560, 20), (0, 612, 560, 630)):
        extremes = picture.crop(box).getextrema()
        assert all(high - low <= 24 for low, high in extremes), box


def test_titles_are_fitted() -> None:
    short = share_images._fitted("Nerve Repair")
    assert (short.lines, short.font.size) == (["Nerve Repair"], share_images.TITLE_SIZES[0])

    long = share_images._fitted("Reconstruction of the lower leg with free tissue and small vessels")
    assert 2 <= len(long.lines) <= 4

    word = share_images._fitted("W" * 65)
    assert all(word.font.getlength(line) <= share_images.TEXT_WIDTH for line in word.lines)
    assert "".join(word.lines) == "W" * 65


def test_fonts_have_every_drawable_character() -> None:
    for name in ("NotoSerif-Bold", "NotoSans-Regular"):
        font = share_images._font(name, 40)
        assert isinstance(font, ImageFont.FreeTypeFont)
        box = bytes(font.getmask("\ue000"))  # what is drawn for a letter that is not there
        for code in range(0x17F + 1):
            letter = chr(code)
            if share_images._DRAWABLE.fullmatch(letter) and letter.strip() and code != 0xAD:
                assert bytes(font.getmask(letter)) != box, hex(code)


def test_every_drawing_has_a_lens() -> None:
    folder = Path(share_images.__file__).parent / "share"

    for drawing in Drawing.values:
        assert (folder / f"{drawing}.webp").is_file(), "run scripts/draw-share-lenses"
        assert (site_settings.BASE_DIR / "static" / "procedures" / "lens" / f"{drawing}.svg").is_file()
