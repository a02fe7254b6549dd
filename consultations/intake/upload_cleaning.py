"""Validate one uploaded file, treated as hostile, and return what may be stored of it.

Its bytes decide what it is, never its name or the type that the browser claims. A photograph is encoded
again, which removes the place where it was taken and anything hidden behind the picture. A report is stored
unchanged, because encoding a PDF again would lose content; it is not parsed beyond checking that it is one
file and not two, and it is only ever served as a download.
"""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from clinic_site.core.untrusted import images, isolated
from clinic_site.core.untrusted.image_decoder import MILLION
from consultations.intake import pdf_lock
from consultations.intake.upload_limits import MAX_FILE_BYTES, MEGABYTE, PIXELS_PER_NETWORK

# Enough detail to judge a wound, in about half a megabyte.
MAX_SIDE_PIXELS = 2400
THUMBNAIL_SIDE_PIXELS = 320
# Anything smaller is an icon or a tracking pixel.
MIN_SIDE_PIXELS = 50
# JPEG opens everywhere. 4:4:4 keeps the color of each pixel: redness matters for the diagnosis.
# Not "optimize": with that, Pillow fails on noise.
QUALITY = {"quality": 85, "subsampling": "4:4:4"}
THUMBNAIL_QUALITY = {"quality": 75}

# Some scanners put a byte order mark or an empty line before "%PDF-". Nothing else is allowed there, although
# readers search the whole first kilobyte: that is where files hide that are two things at once.
PDF_MAY_BEGIN_WITH = b"\xef\xbb\xbf \t\r\n"
# Only white space and padding (old systems pad with Ctrl-Z) may follow the end.
PDF_MAY_END_WITH = b" \t\r\n\f\0\x1a"
# The least that a reader needs: an object, a table of the objects, and the table's position. The position is
# not checked: scanners get it wrong, and readers find the table without it.
PDF_HAS = (
    re.compile(rb"\d\s+\d+\s+obj\b"),
    re.compile(rb"(?<!start)xref\b|/XRef\b"),
    re.compile(rb"startxref\s+\d"),
)

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}

Kind = Literal["image", "pdf", "locked"]  # as ``Attachment.Kind``


@dataclass(frozen=True)
class CleanFile:
    """The content to store of one file. ``width`` and ``height`` in pixels; 0 for a PDF."""

    kind: Kind
    content: bytes = field(repr=False)
    thumbnail: bytes = field(default=b"", repr=False)  # a JPEG; b"" of a PDF
    width: int = 0
    height: int = 0
    name: str = ""  # as the patient's phone called it, in one line of at most 60 characters

    @property
    def extension(self) -> str:
        return "jpg" if self.kind == "image" else "pdf"

    @property
    def content_type(self) -> str:
        return "image/jpeg" if self.kind == "image" else "application/pdf"

    @property
    def size(self) -> int:
        """Bytes on the disk, thumbnail included."""
        return len(self.content) + len(self.thumbnail)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def clean_upload(upload: UploadedFile, network: str = "") -> CleanFile:
    """Return the content of an uploaded file that may be stored. Nothing of it is written.

    ``network``: the ``network_address`` that the work of decoding counts for. Raises ``ValidationError``,
    with an instruction, unless it is a whole photograph or report.
    """
    if (upload.size or 0) > MAX_FILE_BYTES:
        raise ValidationError(
            _("Choose a file of at most %(limit)d MB. This one is larger"),
            code="too_large",
            params={"limit": MAX_FILE_BYTES // MEGABYTE},
        )
    if not upload.size:
        raise ValidationError(_("Choose the file again. This one is empty"), code="empty")
    upload.seek(0)
    data = upload.read(MAX_FILE_BYTES + 1)
    if data.lstrip(PDF_MAY_BEGIN_WITH).startswith(b"%PDF-"):
        return _report(data)
    picture_format = _picture_format(data)
    if not picture_format:
        raise _something_else()
    return _photograph(upload, picture_format, network)


def _report(data: bytes) -> CleanFile:
    # Archives are recognized by their end, so a PDF can hide one.
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise _something_else()
    if not data.rstrip(PDF_MAY_END_WITH).endswith(b"%%EOF"):
        raise ValidationError(_("Save the report again, or choose another. This one is not whole"), "damaged")
    if not all(part.search(data) for part in PDF_HAS):
        raise _something_else()
    is_locked = b"/Encrypt" in data and _is_locked(data)
    return CleanFile(kind="locked" if is_locked else "pdf", content=data)


def _is_locked(data: bytes) -> bool:
    """Return whether the report opens only with a password; False if that could not be checked."""
    try:
        status, output = isolated.run("consultations.intake.pdf_lock", [], data)
    except (isolated.BusyError, isolated.KilledError):
        return False
    output.close()
    return status == pdf_lock.Status.LOCKED


def _picture_format(data: bytes) -> str:
    """Return the format that ``data`` begins with; "" if it is not a photograph."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "HEIC"
    return ""


def _photograph(upload: UploadedFile, picture_format: str, network: str) -> CleanFile:
    if network and not PIXELS_PER_NETWORK.allow(network):
        raise ValidationError(
            _("Add it in an hour. We’ve opened as many photos from your network as we can for now"),
            code="network",
        )

    def count(pixels: int) -> None:
        # Only the decoder knows how many there are. At most two photographs at once pass the limit.
        if network and pixels >= MILLION:
            PIXELS_PER_NETWORK.charge(network, pixels // MILLION)

    try:
        picture = images.read(upload, picture_format, longest=MAX_SIDE_PIXELS, count=count)
    except isolated.BusyError:
        raise ValidationError(
            _("Try again in a few minutes, or add it later. We can’t open photos at the moment"),
            code="busy",
        ) from None
    except images.TooManyPixelsError:
        raise ValidationError(
            _("Send a smaller copy of this photo, such as a screenshot of it. It’s too large for us to open"),
            code="too_many_pixels",
        ) from None
    except images.UnknownFormatError:
        raise _something_else() from None
    except images.DamagedPictureError:
        raise ValidationError(
            _("Save the photo again, or choose another. This one is damaged"), code="damaged"
        ) from None
    if min(picture.size) < MIN_SIDE_PIXELS:
        raise ValidationError(
            _("Choose a larger photo. This one is too small to see anything"), code="too_small"
        )
    return CleanFile(
        kind="image",
        content=images.encoded(picture, "JPEG", **QUALITY),
        thumbnail=images.encoded(images.scaled(picture, THUMBNAIL_SIDE_PIXELS), "JPEG", **THUMBNAIL_QUALITY),
        width=picture.width,
        height=picture.height,
    )


def _something_else() -> ValidationError:
    return ValidationError(
        _("Choose a photo in JPEG, PNG, WebP or HEIC, or a report in PDF. We can’t open this type of file"),
        code="something_else",
    )
