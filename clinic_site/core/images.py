"""Decoding of untrusted image files.

The result is upright, in sRGB and without metadata such as the place where a photograph was taken. Callers
encode it again, so that nothing of the original file reaches the disk.
"""

import contextlib
import io
import threading
from collections.abc import Callable
from typing import IO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

# A progressive JPEG has about ten scans, each a pass over all pixels. A small file with thousands of scans
# would keep the processor busy for hours.
MAX_SCANS = 100
_SCAN = b"\xff\xda"
# Rows that are processed together.
_BAND_ROWS = 256

# Decoding needs much memory: one at a time in each process, the others wait some tenths of a second.
_one_at_a_time = threading.Lock()

Opener = Callable[[IO[bytes]], Image.Image]


class PictureError(Exception):
    """The file is not an acceptable image. The subclasses say why."""


class UnknownFormatError(PictureError):
    """Not one of the accepted formats."""


class DamagedPictureError(PictureError):
    """An accepted format, but damaged."""


class TooManyPixelsError(PictureError):
    """More pixels than the server has memory for."""


def opener(*formats: str) -> Opener:
    """Return a function that opens only these Pillow formats, such as "JPEG"."""
    return lambda file: Image.open(file, formats=formats)


def read(
    file: IO[bytes], open_picture: Opener, max_pixels: int, *, longest: int | None = None
) -> Image.Image:
    """Decode a file: upright, RGB, transparent areas on white, without metadata; only the first frame.

    ``max_pixels`` is compared with the header before any pixel is decoded. ``longest`` scales the image down
    to that many pixels on its long side; a large JPEG is then decoded at a fraction of its size, and only
    that fraction counts as pixels. Raises nothing but ``PictureError``.
    """
    with _one_at_a_time:
        try:
            picture = open_picture(file)
            if longest and _is_read_row_by_row(picture, file):
                # A half, a quarter or an eighth of the size, and still no smaller than it will be kept.
                picture.draft("RGB", _size_within(picture, longest))
            if picture.width * picture.height > max_pixels:
                raise TooManyPixelsError
            if picture.format in ("JPEG", "MPO") and _whole(file).count(_SCAN) > MAX_SCANS:
                raise DamagedPictureError
            picture.load()
            return _upright_rgb(picture, longest)
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            raise UnknownFormatError from error
        except Image.DecompressionBombError as error:
            raise TooManyPixelsError from error
        except Exception as error:
            # Decoders raise all kinds of errors on damaged data.
            raise DamagedPictureError from error


def scaled(picture: Image.Image, longest: int) -> Image.Image:
    """Scale down to at most ``longest`` pixels on the long side."""
    size = _size_within(picture, longest)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()


def _size_within(picture: Image.Image, longest: int) -> tuple[int, int]:
    share = min(1.0, longest / max(picture.size))
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))


def _is_read_row_by_row(picture: Image.Image, file: IO[bytes]) -> bool:
    """Return whether this is a JPEG of one scan; one with several is decoded into memory as a whole.

    ``file`` is at the end of the first scan's header, where Pillow stopped reading.
    """
    is_simple = picture.format == "JPEG" and not picture.info.get("progressive")
    return is_simple and _SCAN not in _whole(file)[file.tell() :]


def _whole(file: IO[bytes]) -> bytes:
    place = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(place)
    return data


def _upright_rgb(picture: Image.Image, longest: int | None) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        # 16-bit gray: Pillow would clip values above 255 instead of scaling them.
        picture = picture.point(lambda gray: gray / 256).convert("L")
    if picture.has_transparency_data:
        picture = _on_white(picture)
    elif picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    if longest:
        # Scale first, so that all further copies are small.
        picture = scaled(picture, longest)
    with contextlib.suppress(Exception):  # the orientation may be damaged
        picture = ImageOps.exif_transpose(picture)
    picture = picture.convert("RGB")
    if profile:
        # A damaged profile costs a little color, not the photograph.
        with contextlib.suppress(Exception):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
    # Pillow would write some of the metadata into the file it saves.
    picture.info = {}
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Put transparent areas on white. In bands, to avoid two more copies at full size."""
    ground = Image.new("RGB", picture.size, "white")
    for top in range(0, picture.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, picture.height)
        band = picture.crop((0, top, picture.width, bottom)).convert("RGBA")
        ground.paste(band, (0, top), band)
    ground.info = picture.info  # has the orientation
    return ground
