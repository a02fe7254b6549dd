"""Files of photographs from phones, scanners and attackers."""

import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms

MAKER = "A Phone Maker"


def upload(data: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


def encoded(picture: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()


def picture(mode: str = "RGB", size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Red on the left, blue on the right, to detect turning and mirroring."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def from_a_phone(orientation: int = 6) -> bytes:
    """A JPEG on its side, with EXIF and XMP metadata that contain the place and the maker."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = MAKER
    exif[0x013B] = "Ayesha Khan"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (31.0, 31.0, 13.44)
    gps[3], gps[4] = "E", (74.0, 21.0, 31.32)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><GPSLatitude>31,31.224N</GPSLatitude></x:xmpmeta>'
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(picture(), exif=exif, xmp=xmp, comment=b"patient: Ayesha", icc_profile=profile, quality=95)


def with_a_zip_behind() -> bytes:
    """A file that is both a JPEG and a ZIP archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("run.sh", "rm -rf /")
    return encoded(picture()) + archive.getvalue()


def animation() -> bytes:
    frames = [Image.new("RGB", (400, 300), color) for color in ("red", "green", "blue")]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)


def png_that_claims(width: int, height: int) -> bytes:
    """A small PNG whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>Hello</title><script>alert(document.cookie)</script>" + b" " * 4000
