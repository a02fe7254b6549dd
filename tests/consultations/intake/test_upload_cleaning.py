"""Uploads are treated as hostile: photographs are encoded again, reports stored unchanged or refused."""

import io
import random
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from clinic_site.core.untrusted import images
from consultations.intake.upload_cleaning import CleanFile, clean_upload
from consultations.intake.upload_limits import MAX_FILE_BYTES
from tests.consultations.intake.upload_samples import (
    EXE,
    PDF,
    heic,
    jpeg_of_many_scans,
    place_and_orientation,
    protected_pdf,
)
from tests.procedures.publishing import photos
from tests.procedures.publishing.photos import encoded, picture, png_that_claims

SOMETHING_ELSE = (
    "Choose a photo in JPEG, PNG, WebP or HEIC, or a report in PDF. We can’t open this type of file"
)
DAMAGED = "Save the photo again, or choose another. This one is damaged"
NOT_WHOLE = "Save the report again, or choose another. This one is not whole"
TOO_LARGE = "Send a smaller copy of this photo, such as a screenshot of it. It’s too large for us to open"
TOO_SMALL = "Choose a larger photo. This one is too small to see anything"

ignore_bombs = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def cleaned(data: bytes, name: str = "wound.jpg", content_type: str = "image/jpeg") -> CleanFile:
    """Return the stored version of a file, after checking it for anything but the picture."""
    kept = clean_upload(SimpleUploadedFile(name, data, content_type))
    if kept.kind == "image":
        for stored in (kept.content, kept.thumbnail):
            assert_nothing_but_a_picture(stored)
        assert opened(kept).size == (kept.width, kept.height)
    return kept


def opened(kept: CleanFile) -> Image.Image:
    image = Image.open(io.BytesIO(kept.content))
    image.load()
    return image


def assert_nothing_but_a_picture(jpeg: bytes) -> None:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert jpeg.endswith(b"\xff\xd9")


def looks_red_then_blue(image: Image.Image) -> bool:
    red = image.getpixel((image.width // 5, image.height // 2))
    blue = image.getpixel((image.width * 4 // 5, image.height // 2))
    return red[0] > 180 > 80 > red[2] and blue[2] > 180 > 80 > blue[0]  # type: ignore[index]


def looks_red_above_blue(image: Image.Image) -> bool:
    return looks_red_then_blue(image.transpose(Image.Transpose.ROTATE_90))


def refusal(data: bytes) -> str:
    with pytest.raises(ValidationError) as refused:
        clean_upload(SimpleUploadedFile("wound.jpg", data, "image/jpeg"))
    (sentence,) = refused.value.messages
    return sentence


FORMATS = {
    "JPEG": encoded(picture()),
    "progressive JPEG": encoded(picture(), progressive=True),
    "CMYK JPEG": encoded(picture("CMYK")),
    "JPEG of two pictures": encoded(picture(), "MPO", save_all=True, append_images=[picture("L")]),
    "PNG": encoded(picture(), "PNG"),
    "PNG with transparency": encoded(picture("RGBA"), "PNG"),
    "PNG of few colors": encoded(picture("P"), "PNG"),
    "WebP": encoded(picture(), "WEBP", quality=90),
    "HEIC": heic(),
}


def test_photograph_of_each_kind_is_kept_as_a_jpeg_with_a_thumbnail() -> None:
    for format in FORMATS:
        kept = cleaned(FORMATS[format])
        assert (kept.kind, kept.width, kept.height) == ("image", 640, 480)
        assert (kept.extension, kept.content_type) == ("jpg", "image/jpeg")
        assert looks_red_then_blue(opened(kept))
        thumbnail = Image.open(io.BytesIO(kept.thumbnail))
        assert thumbnail.size == (320, 240)
        assert looks_red_then_blue(thumbnail)
        assert kept.size == len(kept.content) + len(kept.thumbnail)


def test_metadata_is_removed_and_orientation_applied() -> None:
    exif = place_and_orientation(6)
    for data in (
        photos.from_a_phone(orientation=6),
        encoded(picture(), "PNG", exif=exif),
        encoded(picture(), "WEBP", exif=exif),
        heic(exif=exif.tobytes()),
    ):
        assert b"A Phone Maker" in data
        kept = cleaned(data)
        assert (kept.width, kept.height) == (480, 640)
        assert looks_red_above_blue(opened(kept))
        for word in (b"GPS", b"Ayesha", b"Phone", b"Exif"):
            assert word not in kept.content + kept.thumbnail


def test_transparency_becomes_white() -> None:
    clear = Image.new("RGBA", (400, 600), (255, 0, 0, 0))
    kept = cleaned(encoded(clear, "PNG", exif=place_and_orientation(8)))
    assert (kept.width, kept.height) == (600, 400)
    assert min(opened(kept).getpixel((300, 380))) > 250  # type: ignore[type-var]


def test_color_profile_is_applied_unless_broken() -> None:
    """A profile whose red and blue are exchanged: what looks blue in it is stored as red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    kept = cleaned(encoded(picture(), icc_profile=bytes(profile)))
    assert looks_red_then_blue(opened(kept).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert looks_red_then_blue(opened(cleaned(encoded(picture(), icc_profile=b"nonsense" * 40))))


def test_large_photograph_is_scaled_to_2400_pixels() -> None:
    for format, size, kept_size in (
        ("JPEG", (4000, 3000), (2400, 1800)),
        ("PNG", (1200, 3200), (900, 2400)),
        ("JPEG", (2400, 50), (2400, 50)),
    ):
        kept = cleaned(encoded(picture(size=size), format))
        assert (kept.width, kept.height) == kept_size
        assert looks_red_then_blue(opened(kept)), size


@ignore_bombs
def test_a_jpeg_of_108_megapixels_is_decoded_at_a_fraction_and_taken() -> None:
    kept = cleaned(encoded(Image.new("L", (12_000, 9_000), 200), quality=10))
    assert (kept.width, kept.height) == (2400, 1800)


def test_scaled_decoding_keeps_detail() -> None:
    """Stripes of 8 pixels at 4800: 4 of them at 2400, each still black or white in its middle."""
    stripes = Image.new("L", (4800, 800), 0)
    for at in range(0, 4800, 16):
        stripes.paste(255, (at, 0, at + 8, 800))
    row = [opened(cleaned(encoded(stripes, quality=95))).convert("L").getpixel((x, 200)) for x in (602, 606)]
    assert row[0] > 200 and row[1] < 55  # type: ignore[operator]


def test_noise_is_encoded() -> None:
    noise = Image.frombytes("RGB", (2400, 1200), random.Random(1).randbytes(2400 * 1200 * 3))
    assert cleaned(encoded(noise, "PNG", compress_level=1)).width == 2400


def test_first_frame_of_an_animation_is_kept() -> None:
    red = opened(cleaned(photos.animation())).getpixel((200, 150))
    assert red[0] > 180 > 80 > red[2]  # type: ignore[index]


def test_data_behind_photograph_is_removed() -> None:
    assert b"PK\x05\x06" not in cleaned(photos.with_a_zip_behind()).content
    assert b"<script" not in cleaned(encoded(picture()) + photos.HTML).content


def test_bytes_behind_a_photograph_change_nothing() -> None:
    """A motion photo has a video there; other phones write padding, or another picture."""
    behind = (
        b"\0" * 100,
        random.Random(3).randbytes(5_000),
        jpeg_of_many_scans(500),
        png_that_claims(9_000, 9_000),
    )
    for what, data in FORMATS.items():
        for tail in behind:
            assert cleaned(data + tail) == cleaned(data), what
    assert refusal(jpeg_of_many_scans(1_000) + FORMATS["JPEG"]) == DAMAGED


def test_a_report_is_kept_byte_for_byte() -> None:
    kept = cleaned(PDF)
    assert (kept.kind, kept.content, kept.thumbnail) == ("pdf", PDF, b"")
    assert (kept.extension, kept.content_type, kept.width, kept.height) == ("pdf", "application/pdf", 0, 0)


def test_a_report_may_begin_with_an_empty_line_or_a_byte_order_mark() -> None:
    for before in [b"\n", b"\r\n ", b"\xef\xbb\xbf"]:
        assert cleaned(before + PDF).kind == "pdf"


WITH_XREF_STREAM = (
    b"%PDF-1.5\r%\xe2\xe3\xcf\xd3\r\n7 0 obj\r<</Type/XRef/W[1 2 1]/Root 1 0 R>>stream\r\n\0\r\nendstream\r"
    b"endobj\rstartxref\r\n16\r\n%%EOF"
)


@pytest.mark.parametrize("report", [PDF, WITH_XREF_STREAM, PDF + PDF[9:], PDF.replace(b"\n", b"\r")])
@pytest.mark.parametrize("after", [b"", b"\r\n", b" \n\n", b"\0" * 1_000_000, b"\n\x1a\x1a"])
def test_a_report_is_taken_with_a_table_of_either_kind_and_white_space_behind(
    report: bytes, after: bytes
) -> None:
    assert cleaned(report.rstrip() + after).content == report.rstrip() + after


def test_report_that_opens_only_with_a_password_is_locked() -> None:
    assert cleaned(protected_pdf("1234")).kind == "locked"
    for opens in (protected_pdf(), PDF, PDF.replace(b"/Catalog", b"/Catalog /Encrypt 9 0 R")):
        kept = cleaned(opens)
        assert (kept.kind, kept.content, kept.extension) == ("pdf", opens, "pdf")


def test_the_name_and_the_type_that_a_browser_claims_do_not_matter() -> None:
    for name, content_type in [("a.exe", "text/html"), ("../../x.pdf", ""), ("", "a/b")]:
        assert cleaned(FORMATS["PNG"], name or "x", content_type) == cleaned(FORMATS["PNG"])
        assert cleaned(PDF, name or "x", content_type).kind == "pdf"


def archive() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as zipped:
        zipped.writestr("report.pdf", PDF)
    return output.getvalue()


def refused_files() -> dict[str, tuple[bytes, str]]:
    """Return each with its sentence. Making them takes a second."""
    noise = Image.effect_noise((640, 480), 50)
    return {
        "nothing": (b"", "Choose the file again. This one is empty"),
        "a byte": (b"\xff", SOMETHING_ELSE),
        "SVG": (photos.SVG, SOMETHING_ELSE),
        "HTML": (photos.HTML, SOMETHING_ELSE),
        "a program": (EXE, SOMETHING_ELSE),
        "an archive": (archive(), SOMETHING_ELSE),
        "GIF": (encoded(picture(), "GIF"), SOMETHING_ELSE),
        "TIFF": (encoded(picture(), "TIFF"), SOMETHING_ELSE),
        "AVIF": (encoded(picture(), "AVIF"), SOMETHING_ELSE),
        "HTML that is a PDF too": (photos.HTML[:900] + PDF, SOMETHING_ELSE),
        "an archive that is a PDF too": (archive() + PDF, SOMETHING_ELSE),
        "a GIF that is a PDF too": (b"GIF89a" + PDF, SOMETHING_ELSE),
        "half a JPEG": (encoded(noise)[:20_000], DAMAGED),
        "half a PNG": (encoded(noise, "PNG")[:20_000], DAMAGED),
        "half a WebP": (encoded(noise, "WEBP")[:5_000], DAMAGED),
        "half a HEIC": (heic(noise.convert("RGB"))[:20_000], DAMAGED),
        "the beginning of a JPEG": (b"\xff\xd8\xff" + b"\0" * 40, DAMAGED),
        "the beginning of a HEIC": (b"\0\0\0\x1cftypheic" + b"\0" * 40, DAMAGED),
        "half a report": (PDF[:-8], NOT_WHOLE),
        "a report with a program behind": (PDF + EXE[:900], NOT_WHOLE),
        "a report with a page behind": (PDF + b"<!doctype html>\n", NOT_WHOLE),
        "a report that is an archive too": (PDF + archive(), SOMETHING_ELSE),
        "a report with an archive before its end": (PDF + archive() + b"\n%%EOF\n", SOMETHING_ELSE),
        "HTML that is called a PDF": (b"%PDF-1.4\n" + photos.HTML + b"\n%%EOF", SOMETHING_ELSE),
        "an empty PDF": (b"%PDF-\n%%EOF", SOMETHING_ELSE),
        "a PDF without a table": (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF", SOMETHING_ELSE),
        "a pixel": (encoded(picture(size=(2, 1)), "PNG"), TOO_SMALL),
        "a thread": (encoded(picture(size=(30_000, 2)), "PNG"), TOO_SMALL),
        "a PNG of 54 megapixels": (png_that_claims(9_000, 6_000), TOO_LARGE),
        "a progressive JPEG of 54 megapixels": (
            encoded(Image.new("L", (9_000, 6_000)), progressive=True),
            TOO_LARGE,
        ),
        "a bomb": (png_that_claims(20_000, 20_000), TOO_LARGE),
        "a JPEG of 1,000 scans": (jpeg_of_many_scans(1_000), DAMAGED),
    }


@ignore_bombs
def test_refused_files_have_one_sentence() -> None:
    for what, (data, sentence) in refused_files().items():
        assert refusal(data) == sentence, what


@ignore_bombs
def test_decoded_pixels_are_counted_also_of_a_refused_picture() -> None:
    for data, format, pixels in (
        (FORMATS["PNG"], "PNG", 640 * 480),
        (encoded(picture(size=(6_400, 4_800))), "JPEG", 800 * 600),  # at an eighth of its size
        (jpeg_of_many_scans(34), "JPEG", 4 * 640 * 480),
        (encoded(picture(), "PNG")[:-200], "PNG", 640 * 480),
        (png_that_claims(20_000, 20_000), "PNG", 0),
        (b"nothing", "PNG", 0),
    ):
        counted: list[int] = []
        with suppress(images.PictureError):
            images.read(io.BytesIO(data), format, longest=600, count=counted.append)
        assert counted == [pixels], (format, pixels)


class UnreadUpload(SimpleUploadedFile):
    def read(self, *args: Any) -> bytes:
        pytest.fail("It was read.")


def test_10_megabytes_are_taken_and_one_byte_more_is_refused_unread() -> None:
    whole = PDF[:-7] + b"%" * (MAX_FILE_BYTES - len(PDF)) + PDF[-7:]
    assert len(whole) == MAX_FILE_BYTES
    assert cleaned(whole).kind == "pdf"
    with pytest.raises(ValidationError, match=r"at most 10 MB\. This one is larger"):
        clean_upload(UnreadUpload("report.pdf", whole + b"\n", "application/pdf"))


def test_a_heic_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(heic(picture(size=(1200, 900))))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = (100).to_bytes(4, "big") * 2
    assert refusal(bytes(data)) == DAMAGED


def test_heic_opener_is_not_registered() -> None:
    clean_upload(SimpleUploadedFile("a.heic", heic()))
    assert "HEIF" not in Image.OPEN


SEEDS = [
    photos.from_a_phone(),
    FORMATS["progressive JPEG"],
    FORMATS["PNG"],
    FORMATS["WebP"],
    heic(),
    PDF,
]


@hypothesis_settings(max_examples=100)
@pytest.mark.filterwarnings("ignore")
@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    st.floats(0.05, 1),
)
def test_broken_file_never_fails(seed: bytes, changes: list[tuple[float, int, bool]], kept: float) -> None:
    broken = bytearray(seed[: max(1, int(len(seed) * kept))])
    for place, byte, in_the_header in changes:
        broken[int(min(len(broken), 500 if in_the_header else len(broken)) * place)] = byte
    taken_or_refused(bytes(broken))


BEGINNINGS = [
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"\0\0\0\x18ftypmif1",
    b"%PDF-",
]


@hypothesis_settings(max_examples=100)
@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=400))
def test_random_bytes_never_fail(beginning: bytes, rest: bytes) -> None:
    taken_or_refused(beginning + rest)


def taken_or_refused(data: bytes) -> Any:
    try:
        return cleaned(data)
    except ValidationError as refused:
        (sentence,) = refused.messages
        assert sentence
        return None
