"""Sample files, harmless and hostile, as bytes."""

import io

import pillow_heif
from PIL import Image
from pypdf import PdfWriter

from tests.procedures.publishing.photos import encoded, picture

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
EXE = b"MZ\x90\0" + b"\0" * 2000


def heic(image: Image.Image | None = None, **options: object) -> bytes:
    """A photograph as an iPhone makes it."""
    output = io.BytesIO()
    # With the least effort: encoding is slow.
    options |= {"quality": 60, "enc_params": {"preset": "ultrafast"}}
    pillow_heif.from_pillow(image or picture()).save(output, **options)
    return output.getvalue()


def place_and_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A Phone Maker"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (31.0, 31.0, 13.44)
    return exif


def jpeg_of_many_scans(scans: int) -> bytes:
    """A small progressive JPEG that has its last scan over and over: each is a pass over all pixels."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def protected_pdf(password: str = "") -> bytes:
    """A report that is protected against changes, and opens only with a password if one is given."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt(password, "owner", algorithm="AES-256")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()
