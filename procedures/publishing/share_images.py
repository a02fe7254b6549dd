"""The image that messaging apps show for a shared link: the page's title in the site's design.

It is drawn when the page is published, and its name is frozen into the publication. Pages without one use the
site's image.
"""

import hashlib
import io
import logging
import re
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from clinic_site.clinic.models import ClinicProfile
from procedures.publishing.documents import PageDocument
from procedures.publishing.generated_files import GeneratedFiles

logger = logging.getLogger(__name__)

FILES = GeneratedFiles("share", re.compile(r"[0-9a-f]{32}\.jpg"), "image/jpeg")

WIDTH, HEIGHT = 1200, 630
QUALITY = 88

SHEET_DEEP, WHITE, PALE = "#083b42", "#ffffff", "#d9e8e8"
MARGIN = 84
# The width between the margin and the lens.
TEXT_WIDTH = 520
LENS_AT = (620, 45)
TITLE_SIZES = (76, 68, 60, 52, 44, 38)
MAX_TITLE_LINES = 4

_HERE = Path(__file__).parent
# A word with the space or hyphen after it.
_PIECE = re.compile(r"[^ -]*[ -]?")
# The characters of the fonts beside this file: Latin with all European accents, and punctuation.
_DRAWABLE = re.compile(
    "[\u0020-\u007e\u00a0-\u017f\u2010-\u2015\u2018-\u201e\u2022\u2026\u2032\u2033\u20ac\u2212]*"
)

Font = ImageFont.FreeTypeFont


def make(document: PageDocument) -> str:
    """Draw and store the image of a page. Return its file name, or "" without one.

    Titles with characters that the fonts lack have none. A failure is logged and does not stop publication.
    """
    if not _DRAWABLE.fullmatch(document.title):
        return ""
    try:
        clinic = ClinicProfile.current()
        data = draw(document.title, document.plain_name, document.drawing, clinic.name if clinic else "")
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.jpg"
        FILES.store(name, data)
    except Exception:
        logger.exception("no picture could be made for a page's shared links")
        return ""
    return name


def draw(title: str, plain_name: str, drawing: str, clinic_name: str) -> bytes:
    """Return a JPEG of 1200 by 630 pixels, the size that WhatsApp and Facebook recommend."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), SHEET_DEEP)
    lens = _lens(drawing)
    picture.paste(lens, LENS_AT, lens)
    pen = ImageDraw.Draw(picture)
    blocks = [_fitted(title)]
    if plain_name and _DRAWABLE.fullmatch(plain_name):
        blocks.append(_wrapped(plain_name, _font("NotoSans-Regular", 32), PALE))
    top = (HEIGHT - sum(block.height for block in blocks) - 28 * (len(blocks) - 1)) // 2
    for block in blocks:
        block.draw(pen, top)
        top += block.height + 28
    if clinic_name and _DRAWABLE.fullmatch(clinic_name):
        _wrapped(clinic_name, _font("NotoSans-Regular", 26), PALE).draw(pen, HEIGHT - 78)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return output.getvalue()


class _Block:
    """Lines of text in one font."""

    def __init__(self, lines: list[str], font: Font, color: str) -> None:
        self.lines, self.font, self.color = lines, font, color
        self.line_height = round(font.size * 1.2)

    @property
    def height(self) -> int:
        return self.line_height * len(self.lines)

    def draw(self, pen: ImageDraw.ImageDraw, top: int) -> None:
        for number, line in enumerate(self.lines):
            pen.text((MARGIN, top + number * self.line_height), line, font=self.font, fill=self.color)


def _fitted(title: str) -> _Block:
    """The title in the largest size that fits."""
    for size in TITLE_SIZES:
        font = _font("NotoSerif-Bold", size)
        block = _wrapped(title, font, WHITE)
        breaks_no_word = all(font.getlength(piece.rstrip()) <= TEXT_WIDTH for piece in _PIECE.findall(title))
        if breaks_no_word and len(block.lines) <= MAX_TITLE_LINES:
            break
    return block


def _wrapped(text: str, font: Font, color: str) -> _Block:
    """Wrap the text at spaces and after hyphens, and inside a word only if it is wider than a line."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and font.getlength((lines[-1] + piece).rstrip()) > TEXT_WIDTH:
            lines.append("")
        for character in piece:
            if lines[-1] and font.getlength((lines[-1] + character).rstrip()) > TEXT_WIDTH:
                lines.append("")
            lines[-1] += character
    return _Block([line.strip() for line in lines], font, color)


@cache
def _font(name: str, size: int) -> Font:
    # The basic layout engine is in every build of Pillow, and no complex script is drawn.
    return ImageFont.truetype(_HERE / "fonts" / f"{name}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _lens(drawing: str) -> Image.Image:
    """The drawing of a page, or the empty field, as made by ``scripts/draw-share-lenses``."""
    path = _HERE / "share" / f"{drawing}.webp"
    return Image.open(path if path.is_file() else _HERE / "share" / "field.webp").convert("RGBA")
