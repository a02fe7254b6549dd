"""Uploaded photographs are untrusted; only re-encoded pictures are stored.

Animations and data behind a picture: tests/consultations/intake/test_upload_cleaning.py, by the same decoder.
"""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from clinic_site.core.untrusted import images
from procedures.models import Photo
from procedures.publishing import photos
from tests.procedures.publishing import photos as samples
from tests.procedures.publishing.photos import encoded, picture, upload

NO_PHOTOGRAPH = "Choose a photograph as a JPEG, PNG, WebP or AVIF file."
DAMAGED = "This photograph is damaged. Save it again, or choose another."
TOO_SMALL = "Choose a photograph at least 320 pixels wide and 240 pixels high."


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def encode(data: bytes, **options: str) -> dict[int, Image.Image]:
    """Return the stored pictures by their width, after checking that each is nothing but a picture."""
    photo = photos.encode(upload(data, **options))
    for width, stored in photo.files.items():
        image = opened(stored)
        assert image.format == "WEBP"
        assert image.size[0] == width
        assert_nothing_but_a_picture(stored)
    assert photo.width == max(photo.files)
    assert opened(photo.files[photo.width]).size == (photo.width, photo.height)
    return {width: opened(stored) for width, stored in photo.files.items()}


def assert_nothing_but_a_picture(webp: bytes) -> None:
    assert webp[:4] == b"RIFF"
    assert int.from_bytes(webp[4:8], "little") + 8 == len(webp), "bytes behind the picture"
    chunks, at = [], 12
    while at < len(webp):
        size = int.from_bytes(webp[at + 4 : at + 8], "little")
        chunks.append(webp[at : at + 4])
        at += 8 + size + size % 2
    assert chunks == [b"VP8 "], "EXIF, XMP, a color profile or an animation was kept"
    image = opened(webp)
    assert not image.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)


def is_red(color: Any) -> bool:
    return color[0] > 180 and color[1] < 80 and color[2] < 80


def is_blue(color: Any) -> bool:
    return color[2] > 180 and color[0] < 80 and color[1] < 80


def test_encode_turns_a_phone_photograph_upright_and_drops_its_metadata() -> None:
    data = samples.from_a_phone(orientation=6)
    assert b"GPSLatitude" in data
    assert samples.MAKER.encode() in data
    stored = encode(data)
    # Taken at 640 by 480 and to be turned a quarter to the right: the left edge is on top.
    assert set(stored) == {320, 480}
    assert stored[480].size == (480, 640)
    assert is_red(stored[480].getpixel((240, 100)))
    assert is_blue(stored[480].getpixel((240, 540)))
    for orientation in range(1, 9):
        size = (480, 640) if orientation > 4 else (640, 480)
        assert encode(samples.from_a_phone(orientation))[size[0]].size == size


def test_encode_keeps_the_colors_of_every_mode_and_format() -> None:
    for format, modes in (
        ("JPEG", ("RGB", "L", "CMYK")),
        ("PNG", ("RGB", "RGBA", "P", "1", "LA")),
        ("WEBP", ("RGB", "RGBA")),
        ("AVIF", ("RGB",)),
    ):
        for mode in modes:
            every = encode(encoded(picture(mode), format))
            # Dithered black and white has as many bytes as noise: only a smaller width is kept.
            stored = every[max(every)]
            if mode in ("RGB", "CMYK", "RGBA", "P"):
                assert stored.getpixel((100, 240))[0] > 150 > stored.getpixel((100, 240))[2]
                assert stored.getpixel((540, 240))[2] > 150 > stored.getpixel((540, 240))[0]
    gray = Image.new("I;16", (400, 300), 32768)
    red, green, blue = encode(encoded(gray, "PNG"))[400].getpixel((200, 150))
    assert red == green == blue
    assert 100 < red < 156, "half gray became black or white"


def test_encode_makes_transparency_white() -> None:
    clear = Image.new("RGBA", (400, 300), (255, 0, 0, 0))
    assert min(encode(encoded(clear, "PNG"))[400].getpixel((200, 150))) > 250
    palette = picture("P", (400, 300))
    stored = encode(encoded(palette, "PNG", transparency=palette.getpixel((10, 10))))[400]
    assert min(stored.getpixel((50, 150))) > 250
    assert is_blue(stored.getpixel((350, 150)))


def test_encode_ignores_the_claimed_name_and_type_and_writes_nothing(settings: Any) -> None:
    data = encoded(picture())
    honest = photos.encode(upload(data))
    lying = photos.encode(upload(data, name="../../etc/passwd.php", content_type="text/html"))
    assert lying == honest
    assert not Path(settings.MEDIA_ROOT).exists()


def test_encode_makes_the_widths_that_the_photograph_is_large_enough_for() -> None:
    for width, widths in (
        (320, [320]),
        (480, [320, 480]),
        (481, [320, 480, 481]),
        (800, [320, 480, 800]),
        (1000, [320, 480, 800, 1000]),
        (1600, [320, 480, 800, 1200, 1600]),
        (3000, [320, 480, 800, 1200, 1600]),
    ):
        photo = photos.encode(upload(encoded(picture(size=(width, 240)))))
        assert sorted(photo.files) == widths
        assert photo.width == widths[-1]


def test_encode_keeps_every_file_within_its_maximum() -> None:
    """Noise is the worst case."""
    for size in ((1600, 1200), (900, 1200), (500, 400)):
        photo = photos.encode(upload(encoded(Image.effect_noise(size, 60).convert("RGB"))))
        assert photo.files
        assert all(len(data) <= photos.MAX_FILE_BYTES for data in photo.files.values())
        assert photo.width == max(photo.files) <= size[0]
        assert abs(photo.height / photo.width - size[1] / size[0]) < 0.01


def test_encode_uses_the_best_quality_that_fits() -> None:
    few = encoded(picture(size=(800, 600)))
    pixels = images.read(io.BytesIO(few), "JPEG", longest=800)
    best = images.encoded(pixels, "WEBP", quality=photos.QUALITIES[0], method=4)
    assert photos.encode(upload(few)).files[800] == best


def test_encode_takes_or_refuses_very_tall_and_wide_pictures() -> None:
    """WebP has no side above 16,383 pixels."""
    for size in ((320, 16_384), (330, 30_000), (100_000, 240)):
        try:
            encode(encoded(Image.new("L", size), "PNG"))
        except ValidationError as refused:
            assert refused.messages


ON_ITS_SIDE = Image.Exif()
ON_ITS_SIDE[0x0112] = 6

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NO_PHOTOGRAPH),
    "a byte": (b"\xff", NO_PHOTOGRAPH),
    "SVG": (samples.SVG, NO_PHOTOGRAPH),
    "HTML named .jpg": (samples.HTML, NO_PHOTOGRAPH),
    "GIF": (encoded(picture(), "GIF"), NO_PHOTOGRAPH),
    "TIFF": (encoded(picture(), "TIFF"), NO_PHOTOGRAPH),
    "BMP": (encoded(picture(), "BMP"), NO_PHOTOGRAPH),
    "PDF": (encoded(picture(), "PDF"), NO_PHOTOGRAPH),
    "ICO": (encoded(picture(size=(64, 64)), "ICO"), NO_PHOTOGRAPH),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 800 600\n", NO_PHOTOGRAPH),
    "half a JPEG": (encoded(picture())[:2000], DAMAGED),
    "half a PNG": (encoded(Image.effect_noise((640, 480), 50), "PNG")[:20_000], DAMAGED),
    "half a WebP": (encoded(Image.effect_noise((640, 480), 50), "WEBP")[:5_000], DAMAGED),
    "too narrow": (encoded(picture(size=(319, 400))), TOO_SMALL),
    "too low": (encoded(picture(size=(400, 239))), TOO_SMALL),
    "too narrow when upright": (encoded(picture(size=(640, 200)), exif=ON_ITS_SIDE), TOO_SMALL),
    "a line": (encoded(Image.new("L", (40_000, 1)), "PNG"), TOO_SMALL),
    "one pixel": (encoded(picture(size=(1, 1)), "PNG"), TOO_SMALL),
    "a bomb of 60 million pixels": (
        samples.png_that_claims(10_000, 6_000),
        "Choose a smaller copy of this photograph. It is too large to open.",
    ),
}


def test_encode_refuses_other_files_and_says_what_to_do() -> None:
    for what, (data, sentence) in REFUSED.items():
        with pytest.raises(ValidationError) as refused:
            photos.encode(upload(data))
        assert refused.value.messages == [sentence], what


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_encode_refuses_large_files_by_their_header_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for side in (9_500, 20_000, 2**31 - 1):
        with pytest.raises(ValidationError):
            photos.encode(upload(samples.png_that_claims(side, side)))
    monkeypatch.setattr(photos, "_open", lambda upload: pytest.fail("It was read."))
    with pytest.raises(ValidationError, match="at most 15 MB"):
        photos.encode(upload(b"\xff\xd8" + b"\0" * photos.MAX_BYTES))


SEEDS = [
    samples.from_a_phone(),
    encoded(picture(), "PNG"),
    samples.animation(),
    encoded(picture(size=(330, 330)), "AVIF"),
]


@hypothesis_settings(max_examples=100)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning", "ignore::UserWarning")
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0.05, 1),
)
def test_encode_takes_or_refuses_damaged_files(
    seed: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    broken = bytearray(seed[: int(len(seed) * kept)])
    for place, byte in changes:
        # Most of the trouble is in the headers.
        broken[int(min(len(broken), 500) * place)] = byte
    try:
        photo = photos.encode(upload(bytes(broken)))
    except ValidationError:
        return
    for stored in photo.files.values():
        assert_nothing_but_a_picture(stored)


@pytest.mark.django_db
def test_store_writes_each_width_and_one_row(settings: Any) -> None:
    encoded_photo = photos.encode(upload(encoded(picture(size=(900, 600)))))
    photo = encoded_photo.store()
    assert encoded_photo.store() == photo
    assert Photo.objects.get() == photo
    assert (photo.width, photo.height, photo.widths) == (900, 600, [320, 480, 800, 900])
    files = sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())
    assert files == sorted(f"{photo.digest}-{width}.webp" for width in (320, 480, 800, 900))
    assert all(re.fullmatch(r"[0-9a-f]{32}-\d{3,4}\.webp", name) for name in files)
    other = photos.encode(upload(encoded(Image.new("RGB", (400, 300), "red")))).store()
    assert other.digest != photo.digest
