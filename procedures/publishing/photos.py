"""Encoding uploaded photographs.

Uploads are untrusted, and photographs from phones contain the place where they were taken. The uploaded file
is never stored: its pixels are read by ``clinic_site.core.untrusted.images``, scaled, and encoded as WebP.
"""

import hashlib
import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image

from clinic_site.core.untrusted import images, isolated
from procedures.models import Photo
from procedures.publishing.generated_files import GeneratedFiles

FILES = GeneratedFiles("photos", re.compile(r"[0-9a-f]{32}-\d{3,4}\.webp"), "image/webp")

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MAX_BYTES = 15 * 1024 * 1024
# More than the largest width needs, also of a tall photograph.
MAX_SIDE_PIXELS = 4000
MIN_WIDTH = 320
MIN_HEIGHT = 240
# The limit of WebP in either direction.
MAX_HEIGHT = 16_383
WIDTHS = (320, 480, 800, 1200, 1600)
# The budget for a first view is 60 KB; this is what the page leaves for a photograph.
MAX_FILE_BYTES = 32 * 1024
# The best one that fits is used. If none does, the width is left out: enlarging a smaller one looks better.
QUALITIES = (75, 60, 45, 30)


@dataclass(frozen=True)
class EncodedPhoto:
    """A photograph ready to be stored, with the bytes of a WebP file for each width in pixels."""

    digest: str
    width: int
    height: int
    files: dict[int, bytes]

    def store(self) -> Photo:
        """Write the files, then the row that refers to them. Idempotent."""
        for width, data in self.files.items():
            FILES.store(f"{self.digest}-{width}.webp", data)
        photo, _created = Photo.objects.get_or_create(
            digest=self.digest,
            defaults={"width": self.width, "height": self.height, "widths": sorted(self.files)},
        )
        return photo


def encode(upload: UploadedFile) -> EncodedPhoto:
    """Encode an uploaded photograph in every width that it is large enough for and that stays small enough.

    Raises ``ValidationError``, saying what to do instead, unless it is a complete photograph in one of
    ``FORMATS``. Writes nothing.
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
        # The smallest width is always kept; only very tall photographs are too large in it.
        if files and len(data) > MAX_FILE_BYTES:
            break
        files[width] = data
    largest = max(files)
    height = round(picture.height * largest / picture.width)
    digest = hashlib.sha256(files[largest]).hexdigest()[:32]
    return EncodedPhoto(digest=digest, width=largest, height=height, files=files)


def _open(upload: UploadedFile) -> Image.Image:
    """Decode the picture, upright. Its size is checked in the header, before any pixel is decoded."""
    advice = {
        isolated.BusyError: _("Choose the photograph again in a minute. The server is busy."),
        images.TooManyPixelsError: _("Choose a smaller copy of this photograph. It is too large to open."),
        images.UnknownFormatError: _("Choose a photograph as a JPEG, PNG, WebP or AVIF file."),
        images.DamagedPictureError: _("This photograph is damaged. Save it again, or choose another."),
    }
    try:
        return images.read(upload, *FORMATS, longest=MAX_SIDE_PIXELS)
    except tuple(advice) as error:
        raise ValidationError(advice[type(error)]) from None


def _webp(picture: Image.Image, width: int) -> bytes:
    """Encode in the best quality that fits into ``MAX_FILE_BYTES``, or else in the lowest."""
    height = max(1, round(picture.height * width / picture.width))
    copy = picture.resize((width, height), Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        data = images.encoded(copy, "WEBP", quality=quality, method=4)
        if len(data) <= MAX_FILE_BYTES:
            break
    return data
