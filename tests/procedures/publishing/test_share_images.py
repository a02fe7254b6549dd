"""The image of a page for shared links."""

import io
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from bidi import get_display
from django.conf import settings as site_settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, features

from clinic_site.core.text import KASHIDA
from procedures.models import Publication
from procedures.models.pages import Drawing
from procedures.publishing import drafts, share_images
from procedures.publishing.documents import PageDocument
from procedures.publishing.share_images import CLINIC_TOP
from tests.factories import a_document, a_procedure, an_overview, published, translated
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
    for title in ("اعصاب کی 修复", "神经修复", "Nerve Repair 🩺", "Операция"):
        assert share_images.make(a_document(title=title)) == ""
    assert image_of(published(a_procedure("nerve-repair", title=title))) == ""
    assert stored(settings) == []
    assert "components/share" in read(client.get(PATH)).meta("og:image")[0]


@pytest.mark.django_db
def test_urdu_page_has_an_image_of_its_own(client: Client, settings: Any) -> None:
    english = published(a_procedure("nerve-repair"))
    urdu = translated(english, title="کٹی ہوئی نَرو جوڑنا", plain_name="نَرو کے سرے ملانا")
    assert image_of(urdu) and image_of(urdu) != image_of(english)
    for address, publication, locale in ((PATH, english, "en_US"), (f"/ur{PATH}", urdu, "ur_PK")):
        page = read(client.get(address))
        assert page.meta("og:image") == [f"{settings.SITE_URL}/media/share/{image_of(publication)}"]
        assert page.meta("og:locale") == [locale]
    assert page.meta("og:image:alt") == ["کٹی ہوئی نَرو جوڑنا: نَرو کے سرے ملانا"]


@pytest.mark.django_db
def test_urdu_title_without_raqm_uses_the_site_image(monkeypatch: pytest.MonkeyPatch) -> None:
    urdu = a_document(title="اعصاب کی مرمت", language="ur")
    assert share_images.make(urdu)
    monkeypatch.setattr(features, "check", lambda feature: feature != "raqm")
    assert share_images.make(urdu) == ""
    assert share_images.make(a_document(plain_name="اعصاب کی مرمت")), "the name is left out"


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


def test_urdu_is_drawn_between_lens_and_margin() -> None:
    """Nothing is cut off or runs into anything else, though some words are twice as high as others."""
    long = "ٹھٹھے کٹگھرے کے چیچڑے کھجوریں پیچھے، انگلیوں کے ٹکڑوں کی سلائی"
    for title, plain_name, clinic in (
        ("مائیکرو سرجری", "", ""),
        ("کٹی ہوئی نَرو جوڑنے کا آپریشن", "نَرو کے سرے خوردبین کے نیچے ملانا", "A Clinic"),
        (long[:65], f"{long} پیچیدہ مشقیں"[:80], "مائیکرو سرجری اور ہاتھ کی سرجری کا کلینک"),
        ("کھلکھلاہٹ " * 6, "پیچیدگیاں " * 8, "ے" * 80),
    ):
        data = share_images.draw(title, plain_name, "nerve", clinic)
        picture = Image.open(io.BytesIO(data)).convert("L")
        edges = ((580, 0, 584, 630), (1160, 0, 1200, 630), (600, 0, 1200, 20), (600, 618, 1200, 630))
        above_clinic = (600, CLINIC_TOP - 12, 1200, CLINIC_TOP - 2)
        for box in (*edges, above_clinic):
            low, high = picture.crop(box).getextrema()
            assert high - low <= 24, (title, box)
        assert picture.crop((592, 20, 1160, 618)).getextrema()[1] > 240, title


def test_titles_are_fitted() -> None:
    def fitted(title: str) -> Any:
        return share_images._fitted(title, share_images.TITLE_SIZES, 366, share_images.WHITE, is_bold=True)

    short = fitted("Nerve Repair")
    assert (short.lines, short.font.size) == (["Nerve Repair"], share_images.TITLE_SIZES[0])

    long = fitted("Reconstruction of the lower leg with free tissue and small vessels")
    assert 2 <= len(long.lines) <= 4

    word = fitted("W" * 65)
    assert all(word.font.getlength(line) <= share_images.TEXT_WIDTH for line in word.lines)
    assert "".join(word.lines) == "W" * 65

    urdu = fitted("خون کی باریک نالیاں جوڑنے کا آپریشن")
    assert len(urdu.lines) == 2 and urdu.height > 2 * 1.5 * urdu.font.size

    mixed = fitted("MRI کے بعد 10-0 ٹانکے")
    assert "10-0" in get_display(" ".join(mixed.lines), base_dir="R")


def test_fonts_have_every_drawable_character() -> None:
    for name, drawable in (
        ("NotoSerif-Bold.ttf", share_images._LATIN),
        ("NotoSans-Regular.ttf", share_images._LATIN),
        (share_images.NASTALIQ, share_images._URDU),
    ):
        font = share_images._font(name, 40)
        options = share_images._shaping(font)
        missing = bytes(font.getmask("\ue000", **options))  # what is drawn for a letter that is not there
        for code in range(0x206A):
            letter = chr(code)
            is_seen = unicodedata.category(letter) not in ("Cf", "Zs") and letter != KASHIDA
            if drawable.fullmatch(letter) and is_seen:
                assert bytes(font.getmask(letter, **options)) != missing, (name, hex(code))
    joined, apart = font.getlength("کٹ", **options), font.getlength("ک ٹ", **options)
    assert joined < apart - font.getlength(" ", **options)


def test_every_drawing_has_a_lens() -> None:
    folder = Path(share_images.__file__).parent / "share"

    for drawing in Drawing.values:
        assert (folder / f"{drawing}.webp").is_file(), "run scripts/draw-share-lenses"
        assert (site_settings.BASE_DIR / "static" / "procedures" / "lens" / f"{drawing}.svg").is_file()
