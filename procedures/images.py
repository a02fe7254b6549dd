"""Photographs: what staff upload is read as hostile, re-encoded, and only our own files are kept.

A photograph from a phone carries the place where it was taken. Nothing of the uploaded file reaches
the disk: its pixels are turned upright, brought to sRGB, scaled and written anew as WebP.
"""

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from procedures import media
from procedures.models import Photo

KIND = "photos"
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MAX_BYTES = 15 * 1024 * 1024
# 50 million pixels are 200 MB once decoded: more than any phone's photograph, less than the server's memory.
MAX_PIXELS = 50_000_000
MIN_WIDTH = 320
# WebP holds no more in either direction.
MAX_HEIGHT = 16_383
WIDTHS = (480, 800, 1200, 1600)
QUALITY = 75

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
            media.store(KIND, file_name(self.digest, width), data)
        photo, _created = Photo.objects.get_or_create(
            digest=self.digest,
            defaults={"width": self.width, "height": self.height, "widths": sorted(self.files)},
        )
        return photo


def photo_folder() -> Path:
    return media.folder(KIND)


def file_name(digest: str, width: int) -> str:
    return f"{digest}-{width}.webp"


def encode(upload: UploadedFile) -> EncodedPhoto:
    """Read an uploaded photograph and encode it in every width it is large enough for.

    Raises ``ValidationError`` with what to do instead, for whatever is not a whole photograph in one
    of ``FORMATS``. Nothing is written.
    """
    if (upload.size or 0) > MAX_BYTES:
        raise ValidationError(
            _("Choose a photograph of at most %(limit)d MB.") % {"limit": MAX_BYTES // 1024 // 1024}
        )
    picture = _upright_rgb(_open(upload))
    if picture.width < MIN_WIDTH:
        raise ValidationError(_("Choose a photograph at least %(limit)d pixels wide.") % {"limit": MIN_WIDTH})
    largest = min(max(WIDTHS), picture.width)
    if picture.height * largest > MAX_HEIGHT * picture.width:
        raise ValidationError(_("Choose a photograph that is less tall and narrow."))
    files = {width: _webp(picture, width) for width in sorted({*(w for w in WIDTHS if w < largest), largest})}
    height = round(picture.height * largest / picture.width)
    digest = hashlib.sha256(files[largest]).hexdigest()[:32]
    return EncodedPhoto(digest=digest, width=largest, height=height, files=files)


def _open(upload: UploadedFile) -> Image.Image:
    """The decoded picture. Its size is checked from its header, before a pixel is decoded."""
    try:
        picture = Image.open(upload, formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            raise ValidationError(
                _("Choose a photograph of at most %(limit)d million pixels.")
                % {"limit": MAX_PIXELS // 1_000_000}
            )
        picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise ValidationError(_("Choose a photograph as a JPEG, PNG, WebP or AVIF file.")) from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, RuntimeError):
        raise ValidationError(_("This photograph is damaged. Save it again, or choose another.")) from None
    return picture


def _upright_rgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    picture = _turned(picture)
    if picture.mode.startswith("I"):
        # 16 bits of gray: Pillow would cut off what is above 255, not scale it.
        picture = picture.point(lambda gray: gray / 256).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    picture = picture.convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken or foreign profile costs a little color, not the photograph.
            pass
    return picture


def _turned(picture: Image.Image) -> Image.Image:
    """The picture as it was held. Its metadata is a stranger's word, and may be broken in any way."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def _webp(picture: Image.Image, width: int) -> bytes:
    height = max(1, round(picture.height * width / picture.width))
    # A new image has none of the old one's metadata.
    copy = Image.new("RGB", (width, height))
    copy.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    output = io.BytesIO()
    copy.save(output, "WEBP", quality=QUALITY, method=4)
    return output.getvalue()


@require_safe
def serve(request: HttpRequest, name: str) -> FileResponse:
    return media.serve(KIND, name, _NAME, "image/webp")
