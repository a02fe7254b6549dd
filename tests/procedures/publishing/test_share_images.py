"""A link that is shared shows the page's own picture: its title in the site's look."""

import io
from pathlib import Path
from typing import Any

import msgspec
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

GENERIC = "img/share"


def stored(settings: Any) -> list[Path]:
    return sorted((Path(settings.MEDIA_ROOT) / "share").glob("*"))


def of(publication: Publication) -> str:
    return PageDocument.from_json(publication.document).share_picture


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/procedures/nerve-repair/"])
def test_each_published_page_names_its_picture(client: Client, settings: Any, address: str) -> None:
    published(an_overview(title="What microsurgery is"))
    published(a_procedure("nerve-repair", plain_name="reconnecting a damaged nerve"))

    page = read(client.get(address))

    (picture,) = page.meta("og:image")
    assert picture.startswith(f"{settings.SITE_URL}/media/share/")
    assert page.meta("og:image:width") == ["1200"] and page.meta("og:image:height") == ["630"]
    (alt,) = page.meta("og:image:alt")
    assert alt == ("What microsurgery is" if address == "/" else "Nerve Repair: reconnecting a damaged nerve")


@pytest.mark.django_db
def test_the_picture_is_what_link_previews_ask_for(client: Client, settings: Any) -> None:
    name = of(published(a_procedure("nerve-repair")))

    response = client.get(reverse("procedures:share_picture", args=[name]))

    data = b"".join(response.streaming_content)
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert len(data) < 250_000
    picture = Image.open(io.BytesIO(data))
    assert (picture.size, picture.format) == ((1200, 630), "JPEG")


@pytest.mark.django_db
def test_the_name_changes_when_the_picture_does_and_only_then(settings: Any) -> None:
    page = a_procedure("nerve-repair")
    first, again = of(published(page)), of(published(page))
    page.title = "Nerve Repair and Transfer"
    page.save()

    assert first == again != of(published(page))
    assert len(stored(settings)) == 2


@pytest.mark.django_db
def test_an_old_version_keeps_the_picture_it_was_published_with(client: Client) -> None:
    page = a_procedure("nerve-repair")
    first = published(page)
    page.title = "Another title"
    page.save()
    published(page)

    assert client.get(reverse("procedures:share_picture", args=[of(first)])).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["اعصاب کی مرمت", "神经修复", "Nerve Repair 🩺", "Операция"])
def test_a_title_in_letters_the_fonts_lack_is_shared_with_the_sites_own_picture(
    client: Client, settings: Any, title: str
) -> None:
    publication = published(a_procedure("nerve-repair", title=title))

    assert of(publication) == "" and stored(settings) == []
    assert GENERIC in read(client.get("/procedures/nerve-repair/")).meta("og:image")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OSError("disk full"), MemoryError(), ValueError("broken font")])
def test_a_picture_that_fails_keeps_no_page_from_being_published(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*args: Any) -> bytes:
        raise error

    monkeypatch.setattr(share_images, "draw", fail)

    publication = published(a_procedure("nerve-repair"))

    assert of(publication) == ""
    assert client.get("/procedures/nerve-repair/").status_code == 200


@pytest.mark.django_db
def test_the_file_is_there_before_the_row_that_names_it(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    there: list[bool] = []
    create = Publication.objects.create

    def look_first(**fields: Any) -> Publication:
        name = PageDocument.from_json(fields["document"]).share_picture
        there.append((Path(settings.MEDIA_ROOT) / "share" / name).is_file())
        return create(**fields)

    monkeypatch.setattr(Publication.objects, "create", look_first)
    published(a_procedure("nerve-repair"))

    assert there == [True]


@pytest.mark.django_db
def test_a_draft_has_none_and_a_picture_is_no_change_of_content() -> None:
    page = a_procedure("nerve-repair")
    document = PageDocument.from_json(published(page).document)
    draft = drafts.read(page, "en")

    assert document.share_picture and not draft.share_picture
    assert document.unsigned() == draft


def test_documents_stored_before_there_were_pictures_still_render() -> None:
    data = msgspec.json.decode(a_document().to_json())
    del data["share_picture"]

    assert PageDocument.from_json(msgspec.json.encode(data).decode()) == a_document()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x.jpg", "../clinic.sqlite3", "0" * 32 + ".png", "0" * 32 + ".jpg"])
def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert client.get(f"/media/share/{name}").status_code == 404


# The drawing


@hypothesis_settings(max_examples=25)
@given(
    title=st.from_regex(r"[A-Za-zÀ-ž ’-]{1,65}", fullmatch=True),
    plain_name=st.text(max_size=80),
    clinic=st.text(max_size=80),
)
def test_any_title_is_drawn_within_the_picture(title: str, plain_name: str, clinic: str) -> None:
    data = share_images.draw(title, plain_name, "nerve", clinic)

    assert len(data) < 250_000
    # Nothing is written over the edge on the left, nor above and below.
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for box in ((0, 0, 70, 630), (0, 0, 560, 20), (0, 612, 560, 630)):
        extremes = picture.crop(box).getextrema()
        assert all(high - low <= 24 for low, high in extremes), box


def test_a_long_title_wraps_and_a_long_word_is_broken() -> None:
    long = share_images._fitted("Reconstruction of the lower leg with free tissue and small vessels")
    assert 2 <= len(long.lines) <= 4

    word = share_images._fitted("W" * 65)
    assert all(word.font.getlength(line) <= share_images.TEXT_WIDTH for line in word.lines)
    assert "".join(word.lines) == "W" * 65


def test_a_short_title_is_large_and_whole() -> None:
    block = share_images._fitted("Nerve Repair")

    assert (block.lines, block.font.size) == (["Nerve Repair"], share_images.TITLE_SIZES[0])


def test_the_fonts_hold_every_letter_that_is_taken_to_be_drawable() -> None:
    for name in ("NotoSerif-Bold", "NotoSans-Regular"):
        font = share_images._font(name, 40)
        assert isinstance(font, ImageFont.FreeTypeFont)
        box = bytes(font.getmask("\ue000"))  # what is drawn for a letter that is not there
        for code in range(0x17F + 1):
            letter = chr(code)
            if share_images._DRAWABLE.fullmatch(letter) and letter.strip() and code != 0xAD:
                assert bytes(font.getmask(letter)) != box, hex(code)


def test_every_drawing_has_its_lens() -> None:
    folder = Path(share_images.__file__).parent / "share"

    for drawing in Drawing.values:
        assert (folder / f"{drawing}.webp").is_file(), "run scripts/draw-share-lenses"
        assert (site_settings.BASE_DIR / "static" / "img" / "lens" / f"{drawing}.svg").is_file()
