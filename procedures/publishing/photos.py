"""Photographs: what staff upload is read as hostile, re-encoded, and only our own files are kept.

A photograph from a phone carries the place where it was taken. Nothing of the uploaded file reaches
the disk: its pixels are read by ``clinic_site.core.images``, scaled and written anew as WebP.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from PIL import Image

from clinic_site.core import images
from procedures.models import Photo
from procedures.publishing import generated_files

KIND = "photos"
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MAX_BYTES = 15 * 1024 * 1024
# 50 million pixels are 200 MB once decoded: more than any phone's photograph, less than the server's memory.
MAX_PIXELS = 50_000_000
MIN_WIDTH = 320
MIN_HEIGHT = 240
# WebP holds no more in either direction.
MAX_HEIGHT = 16_383
WIDTHS = (320, 480, 800, 1200, 1600)
# Of the 60 KB of a first view: what the page itself leaves to a photograph, whichever width a screen takes.
MOST_BYTES = 32 * 1024
# The finest that fits. Where none does, the width is not kept: a smaller one enlarged looks better.
QUALITIES = (75, 60, 45, 30)

_NAME = re.compile(r"[0-9a-f]{32}-\d{3,4}\.webp")


@dataclass(frozen=True)
class EncodedPhoto:
    """A photograph as it will be stored: the bytes of a WebP file for each width in pixels."""

    digest: str
    width: int
    height: int
    files: dict[int, bytes]

    def store(self) -> Photo:
        """Write the files, then the row that names them. Doing so twice gives the same photograph."""
        for width, data in self.files.items():
            generated_files.store(KIND, file_name(self.digest, width), data)
        photo, _created = Photo.objects.get_or_create(
            digest=self.digest,
            defaults={"width": self.width, "height": self.height, "widths": sorted(self.files)},
        )
        return photo


def photo_folder() -> Path:
    return generated_files.folder(KIND)


def file_name(digest: str, width: int) -> str:
    return f"{digest}-{width}.webp"


def encode(upload: UploadedFile) -> EncodedPhoto:
    """Read an uploaded photograph and encode it in every width that it is large enough for.

    Those that would be too many bytes are left out.
    Raises ``ValidationError`` with what to do instead, for whatever is not a whole photograph in one
    of ``FORMATS``. Nothing is written.
    """
    if (upload.size or 0) > MAX_BYTES:
        raise ValidationError(
            _("Choose a photograph of at most %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024}
        )
    picture = _open(upload)
    if picture.width < MIN_WIDTH or picture.height < MIN_HEIGHT:
        raise ValidationError(
            _("Choose a photograph at least %(width)d pixels wide and %(height)d pixels high.")
            % {"width": MIN_WIDTH, "height": MIN_HEIGHT}
        )
    largest = min(max(WIDTHS), picture.width)
    if picture.height * largest > MAX_HEIGHT * picture.width:
        raise ValidationError(_("Choose a photograph that is less tall and narrow."))
    files: dict[int, bytes] = {}
    for width in sorted({*(w for w in WIDTHS if w < largest), largest}):
        data = _webp(picture, width)
        # The smallest is kept whatever it weighs: only what is very tall weighs too much.
        if files and len(data) > MOST_BYTES:
            break
        files[width] = data
    largest = max(files)
    height = round(picture.height * largest / picture.width)
    digest = hashlib.sha256(files[largest]).hexdigest()[:32]
    return EncodedPhoto(digest=digest, width=largest, height=height, files=files)


def _open(upload: UploadedFile) -> Image.Image:
    """The decoded picture, upright. Its size is checked from its header, before a pixel is decoded."""
    try:
        return images.read(upload, images.opener(*FORMATS), MAX_PIXELS)
    except images.TooManyPixelsError:
        raise ValidationError(
            _("Choose a photograph of at most %(limit)d million pixels.") % {"limit": MAX_PIXELS // 1_000_000}
        ) from None
    except images.UnknownFormatError:
        raise ValidationError(_("Choose a photograph as a JPEG, PNG, WebP or AVIF file.")) from None
    except images.DamagedPictureError:
        raise ValidationError(_("This photograph is damaged. Save it again, or choose another.")) from None


def _webp(picture: Image.Image, width: int) -> bytes:
    """In the finest quality that is no more than ``MOST_BYTES``, or else in the coarsest."""
    height = max(1, round(picture.height * width / picture.width))
    copy = picture.resize((width, height), Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        data = images.encoded(copy, "WEBP", quality=quality, method=4)
        if len(data) <= MOST_BYTES:
            break
    return data


@require_safe
def serve(request: HttpRequest, name: str) -> FileResponse:
    return generated_files.serve(KIND, name, _NAME, "image/webp")
