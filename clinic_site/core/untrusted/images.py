"""Pictures from untrusted files: decoded in a child process, and encoded again by the caller.

Only the pixels of the original file reach the disk.
"""

import io
from collections.abc import Callable
from typing import IO

from PIL import Image

from clinic_site.core.untrusted import isolated
from clinic_site.core.untrusted.image_decoder import MILLION, Status, size_within

# The most that a decoder can have read before it ran out of time or crashed: 20 million pixels a second
# (WebP).
PIXELS_IF_UNKNOWN = isolated.MAX_CPU_SECONDS * 20 * MILLION


class PictureError(Exception):
    """The file is not an acceptable image. The subclasses say why."""


class UnknownFormatError(PictureError):
    """Not one of the accepted formats."""


class DamagedPictureError(PictureError):
    """An accepted format, but damaged."""


class TooManyPixelsError(PictureError):
    """More pixels, or more work, than the server has memory and time for."""


ERRORS: dict[int, type[PictureError]] = {
    Status.UNKNOWN_FORMAT: UnknownFormatError,
    Status.TOO_MANY_PIXELS: TooManyPixelsError,
}


def read(
    file: IO[bytes],
    *formats: str,
    longest: int,
    count: Callable[[int], object] = lambda pixels: None,
) -> Image.Image:
    """Decode a file of one of Pillow's ``formats``, or "HEIC"; at most ``longest`` pixels on its long side.

    It is upright, in RGB, without metadata. Raises ``PictureError``, and ``isolated.BusyError`` when too
    many files are being decoded. First ``count`` is called with the number of pixels that were decoded,
    also of a picture that is refused.
    """
    file.seek(0)
    arguments = [",".join(formats), str(longest)]
    try:
        status, output = isolated.run("clinic_site.core.untrusted.image_decoder", arguments, file.read())
    except isolated.KilledError:
        count(PIXELS_IF_UNKNOWN)
        raise TooManyPixelsError from None
    except isolated.TooSlowError:
        count(PIXELS_IF_UNKNOWN)
        raise
    with output:
        numbers = [int(number) for number in output.readline(40).split()]
        count(numbers[0] if numbers else PIXELS_IF_UNKNOWN)
        if status == Status.NEEDS_LARGE_SLOT:
            raise isolated.BusyError
        if status != Status.DECODED:
            raise ERRORS.get(status, DamagedPictureError)
        _decoded, width, height = numbers
        return Image.frombytes("RGB", (width, height), output.read())


def scaled(picture: Image.Image, longest: int) -> Image.Image:
    """Scale down to at most ``longest`` pixels on the long side."""
    size = size_within(picture.size, longest)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()
