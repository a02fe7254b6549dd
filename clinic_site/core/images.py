"""Pictures from strangers: read as hostile, and given back as nothing but their pixels.

A photograph from a phone carries the place where it was taken, and a file may be several things at
once. What comes out of here is upright, in sRGB and without any metadata; whoever keeps it encodes it
anew, so that nothing of the file that came reaches the disk.
"""

import io
import threading
from collections.abc import Callable
from typing import IO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

# A progressive JPEG is drawn in scans, about ten of them. Each costs a pass over all pixels, so that a
# small file with thousands of scans would keep the processor busy for hours.
MOST_SCANS = 100
_SCAN = b"\xff\xda"
# Rows of a picture that are worked on together.
_BAND = 256

# Decoding is what costs memory. One at a time in each process: the rest wait for some tenths of a second.
_one_at_a_time = threading.Lock()

Opener = Callable[[IO[bytes]], Image.Image]


class PictureError(Exception):
    """What came is not a picture that can be taken. Its three kinds say why."""


class UnknownFormatError(PictureError):
    """None of the formats asked for."""


class DamagedPictureError(PictureError):
    """One of the formats, but not whole."""


class TooManyPixelsError(PictureError):
    """More to decode than the server has memory for."""


def opener(*formats: str) -> Opener:
    """Opens one of Pillow's formats, such as "JPEG", and nothing else."""
    return lambda file: Image.open(file, formats=formats)


def read(
    file: IO[bytes], open_picture: Opener, max_pixels: int, *, longest: int | None = None
) -> Image.Image:
    """The picture in a file: upright, RGB, on white where it is see-through, without metadata.

    ``max_pixels`` is compared with what the header says, before a pixel is decoded. ``longest`` scales it
    down to so many pixels on its long side. Then a large JPEG is decoded at a fraction of its size,
    and only that fraction counts as pixels. Of an animation, the first picture.

    Raises a ``PictureError``, and nothing else, whatever the bytes are.
    """
    with _one_at_a_time:
        try:
            picture = open_picture(file)
            if longest and _is_read_row_by_row(picture, file):
                # A half, a quarter or an eighth of the size, and still no smaller than it will be kept.
                picture.draft("RGB", _size_within(picture, longest))
            if picture.width * picture.height > max_pixels:
                raise TooManyPixelsError
            if picture.format in ("JPEG", "MPO") and _whole(file).count(_SCAN) > MOST_SCANS:
                raise DamagedPictureError
            picture.load()
            return _pixels_alone(_upright_rgb(picture, longest))
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            raise UnknownFormatError from error
        except Image.DecompressionBombError as error:
            raise TooManyPixelsError from error
        except Exception as error:
            # A decoder fed with a stranger's bytes: whatever it raises means that it could not go on.
            raise DamagedPictureError from error


def scaled(picture: Image.Image, longest: int) -> Image.Image:
    """The picture with at most ``longest`` pixels on its long side; never larger than it was."""
    size = _size_within(picture, longest)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    """The picture as a file of our own making."""
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()


def _size_within(picture: Image.Image, longest: int) -> tuple[int, int]:
    share = min(1.0, longest / max(picture.size))
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))


def _is_read_row_by_row(picture: Image.Image, file: IO[bytes]) -> bool:
    """Whether it is a JPEG of a single scan. Of one with several, all is in memory before the first row.

    ``file`` stands where Pillow stopped reading: behind the header of the first scan.
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
        # 16 bits of gray: Pillow would cut off what is above 255, not scale it.
        picture = picture.point(lambda gray: gray / 256).convert("L")
    if picture.has_transparency_data:
        picture = _on_white(picture)
    elif picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    if longest:
        # Before anything else is done with it: every further copy is small.
        picture = scaled(picture, longest)
    picture = _turned(picture)
    return _in_srgb(picture.convert("RGB"), profile)


def _on_white(picture: Image.Image) -> Image.Image:
    """The picture without what is see-through. In bands: two more copies at full size are too many."""
    ground = Image.new("RGB", picture.size, "white")
    for top in range(0, picture.height, _BAND):
        bottom = min(top + _BAND, picture.height)
        band = picture.crop((0, top, picture.width, bottom)).convert("RGBA")
        ground.paste(band, (0, top), band)
    ground.info = picture.info  # says how the picture was held
    return ground


def _turned(picture: Image.Image) -> Image.Image:
    """The picture as it was held. Its metadata is a stranger's word, and may be broken in any way."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
        except Exception:
            # A broken or foreign profile costs a little color, not the photograph.
            return picture
    return picture


def _pixels_alone(picture: Image.Image) -> Image.Image:
    """The same pixels. Pillow writes some of what it read, such as a comment, into what it saves."""
    picture.info = {}
    return picture
