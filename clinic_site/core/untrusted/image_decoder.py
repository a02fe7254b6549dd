"""Decodes one untrusted picture, in the child process that ``images.read`` starts.

Output: a line with the number of pixels that were decoded, and with the width and height of the picture; then
the picture in RGB: upright, in sRGB, transparent areas on white, only the first frame, without metadata such
as the place where it was taken. The status says what was wrong; then only the number of pixels follows.
"""

import io
import re
from collections.abc import Callable
from enum import IntEnum

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from clinic_site.core.untrusted import isolated

MILLION = 1_000_000
# What the memory of a slot is enough for, measured: WebP needs 16 bytes for each pixel, PNG with transparency
# 10, HEIC and JPEG of several scans 7. A phone of "50 megapixels" makes 8192 by 6144.
MAX_PIXELS = {"JPEG": 52 * MILLION, "HEIC": 52 * MILLION, "PNG": 36 * MILLION, "WEBP": 26 * MILLION}
MAX_PIXELS_OF_OTHERS = 26 * MILLION
MAX_PIXELS_OF_SMALL_SLOT = 13 * MILLION
# A progressive JPEG has about ten scans, each a pass over all pixels. A small file with thousands of scans
# would keep the processor busy for hours.
MAX_SCANS = 100
USUAL_SCANS = 10
# Rows that are processed together.
BAND_ROWS = 256

# A marker that ends the data of a scan, or begins a segment: all but FF 00 (a byte of data) and FF D0 to D7.
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_SCAN, _END, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)


class Status(IntEnum):
    """How it ended; other values are a crash of the decoder."""

    DECODED = 0
    UNKNOWN_FORMAT = 10
    DAMAGED = 11
    TOO_MANY_PIXELS = 12
    NEEDS_LARGE_SLOT = 13


class RefusedError(Exception):
    """``pixels``: how many were decoded, at most, before the picture was refused."""

    def __init__(self, status: Status, pixels: int = 0) -> None:
        self.status = status
        self.pixels = pixels


def decode(
    data: bytes, formats: list[str], longest: int, *, is_large_slot: bool = True
) -> tuple[Image.Image, int]:
    """Decode a picture, at most ``longest`` pixels on its long side; return it with the pixels decoded.

    The pixels are counted in the header before any is decoded. A JPEG of one scan is decoded at a half, a
    quarter or an eighth of its size, and only that fraction counts. One of many scans counts again for each
    ``USUAL_SCANS``. Raises ``RefusedError``.
    """
    decoded = 0
    try:
        picture, scans = _opened(data, formats)
        if scans == 1 and not picture.info.get("progressive"):
            picture.draft("RGB", size_within(picture.size, longest))
        pixels = picture.width * picture.height
        if pixels > MAX_PIXELS.get(picture.format or "", MAX_PIXELS_OF_OTHERS):
            raise RefusedError(Status.TOO_MANY_PIXELS)
        if pixels > MAX_PIXELS_OF_SMALL_SLOT and not is_large_slot:
            raise RefusedError(Status.NEEDS_LARGE_SLOT)
        if scans > MAX_SCANS:
            raise RefusedError(Status.DAMAGED)
        decoded = pixels * max(1, scans // USUAL_SCANS)
        picture.load()
        return _upright_rgb(picture, longest), decoded
    except RefusedError:
        raise
    except MemoryError as error:
        raise RefusedError(Status.TOO_MANY_PIXELS, decoded) from error
    except UnidentifiedImageError as error:
        raise RefusedError(Status.UNKNOWN_FORMAT) from error
    except Image.DecompressionBombError as error:
        raise RefusedError(Status.TOO_MANY_PIXELS) from error
    except Exception as error:
        # Decoders raise all kinds of errors on damaged data.
        raise RefusedError(Status.DAMAGED, decoded) from error


def size_within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the size scaled down to at most ``longest`` pixels on the long side."""
    share = min(1.0, longest / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _opened(data: bytes, formats: list[str]) -> tuple[Image.Image, int]:
    """Open the picture without decoding it; return it with the number of scans, 0 if it is not a JPEG."""
    if data.startswith(b"\xff\xd8\xff") and "JPEG" in formats:
        end, scans = jpeg_end(data)
        # The bytes behind the picture are not the picture: a video, another picture, padding.
        return JpegImageFile(io.BytesIO(data[:end])), scans
    if data[4:8] == b"ftyp" and "HEIC" in formats:
        # Not registered with Pillow, so that nothing else opens HEIC. Imported only where it is needed.
        from pillow_heif import HeifImageFile

        picture: Image.Image = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
        picture.format = "HEIC"
        return picture, 0
    return Image.open(io.BytesIO(data), formats=[each for each in formats if each not in ("JPEG", "HEIC")]), 0


def jpeg_end(data: bytes) -> tuple[int, int]:
    """Follow the segments of a JPEG; return where it ends, and its number of scans."""
    place, scans = 2, 0
    while marker := _MARKER.search(data, place):
        code, place = marker[1][0], marker.end()
        if code == _END:
            return place, scans
        if code not in _WITHOUT_LENGTH:
            scans += code == _SCAN
            place += max(2, int.from_bytes(data[place : place + 2], "big"))
    return len(data), scans


def _upright_rgb(picture: Image.Image, longest: int) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        # 16-bit gray: Pillow would clip values above 255 instead of scaling them.
        picture = picture.point(lambda gray: gray / 256).convert("L")
    if picture.has_transparency_data:
        picture = _on_white(picture)
    elif picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    # Scaled first, so that all further copies are small.
    size = size_within(picture.size, longest)
    if size != picture.size:
        info = picture.info
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        picture.info = info  # has the orientation
    picture = _if_undamaged(ImageOps.exif_transpose, picture).convert("RGB")
    return _if_undamaged(lambda found: _in_srgb(found, profile), picture) if profile else picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Put transparent areas on white. In bands, to avoid two more copies at full size."""
    ground = Image.new("RGB", picture.size, "white")
    for top in range(0, picture.height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, picture.height)
        band = picture.crop((0, top, picture.width, bottom)).convert("RGBA")
        ground.paste(band, (0, top), band)
    ground.info = picture.info  # has the orientation
    return ground


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
    return picture


def _if_undamaged(change: Callable[[Image.Image], Image.Image], picture: Image.Image) -> Image.Image:
    """Return the changed picture, or the same one where the metadata is damaged."""
    try:
        return change(picture)
    except Exception:
        return picture


def work(arguments: list[str], data: bytes, memory: int) -> tuple[int, bytes]:
    """Decode ``data`` for ``images.read``: the formats, and the longest side."""
    formats, longest = arguments
    try:
        is_large_slot = memory >= max(isolated.SLOT_MEMORY)
        picture, decoded = decode(data, formats.split(","), int(longest), is_large_slot=is_large_slot)
    except RefusedError as refused:
        return refused.status, b"%d\n" % refused.pixels
    return Status.DECODED, b"%d %d %d\n" % (decoded, *picture.size) + picture.tobytes()
