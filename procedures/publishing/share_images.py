"""The image that messaging apps show for a shared link: the page's title in the site's design.

It is drawn when the page is published, and its name is frozen into the publication. Pages without one use the
site's image. An Urdu title is drawn by libraqm, which joins its letters and orders its words (ADR 53).
"""

import hashlib
import io
import logging
import math
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, features

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.text import numbers_isolated
from procedures.publishing.documents import PageDocument
from procedures.publishing.generated_files import GeneratedFiles

logger = logging.getLogger(__name__)

FILES = GeneratedFiles("share", re.compile(r"[0-9a-f]{32}\.jpg"), "image/jpeg")

WIDTH, HEIGHT = 1200, 630
QUALITY = 88

SHEET_DEEP, WHITE, PALE = "#083b42", "#ffffff", "#d9e8e8"
# Between the lens and the text, which in Urdu is on the right.
MARGIN, TEXT_WIDTH, GAP = 84, 520, 28
LENS_SIZE, LENS_AT = 540, (620, 45)
# In pixels, the largest first.
TITLE_SIZES, PLAIN_NAME_SIZES, CLINIC_SIZES = (76, 68, 60, 52, 44, 38, 32), (32, 28, 24), (26, 21, 16)
MAX_LINES = 4
# The clinic's name is at the bottom, and above it, in the middle, are title and plain name.
CLINIC_TOP, CLINIC_HEIGHT = HEIGHT - 78, 62
TEXT_HEIGHT = 2 * (CLINIC_TOP - 16) - HEIGHT
MAX_PLAIN_NAME_HEIGHT = 130

NASTALIQ = "NotoNastaliqUrdu-Bold.woff2"
_HERE = Path(__file__).parent
# A word with the space or hyphen after it. A number between direction marks is one word.
_PIECE = re.compile(r"(?:\u2066[^\u2069]*\u2069|[^ -])*[ -]?")
# The characters of the fonts beside this file. Noto Serif and Noto Sans: Latin with all European accents, and
# punctuation.
_LATIN = re.compile(
    "[\u0020-\u007e\u00a0-\u017f\u2010-\u2015\u2018-\u201e\u2022\u2026\u2032\u2033\u20ac\u2212]*"
)
# Noto Nastaliq Urdu: Urdu and Arabic, with the letters of Noto Serif from A to Z.
_URDU = re.compile(
    "[\u0020-\u007e\u00a0\u00ab\u00b0\u00bb\u060c\u061b\u061f\u0621-\u063a\u0640-\u0655\u0660-\u066c\u0670\u0679\u067e"
    "\u0686\u0688\u0691\u0698\u06a9\u06af\u06ba\u06be\u06c0-\u06c3\u06cc\u06d2-\u06d5\u06f0-\u06f9\u200c-\u200f"
    "\u2010\u2011\u2013\u2014\u2018-\u201d\u2022\u2026\u2066-\u2069]*"
)

Font = ImageFont.FreeTypeFont


def make(document: PageDocument) -> str:
    """Draw and store the image of a page. Return its file name, or "" without one.

    Titles that cannot be drawn have none. A failure is logged and does not stop publication.
    """
    if not _can_draw(document.title):
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
    lens, (lens_left, lens_top) = _lens(drawing), LENS_AT
    is_rtl = _is_urdu(title)
    picture.paste(lens, (WIDTH - LENS_SIZE - lens_left if is_rtl else lens_left, lens_top), lens)
    blocks = []
    if plain_name and _can_draw(plain_name):
        blocks.append(_fitted(plain_name, PLAIN_NAME_SIZES, MAX_PLAIN_NAME_HEIGHT, PALE))
    room = TEXT_HEIGHT - sum(block.height + GAP for block in blocks)
    blocks.insert(0, _fitted(title, TITLE_SIZES, room, WHITE, is_bold=True))
    pen = ImageDraw.Draw(picture)
    top = (HEIGHT - sum(block.height for block in blocks) - GAP * (len(blocks) - 1)) // 2
    for block in blocks:
        block.draw(pen, top, is_rtl=is_rtl)
        top += block.height + GAP
    if clinic_name and _can_draw(clinic_name):
        block = _fitted(clinic_name, CLINIC_SIZES, CLINIC_HEIGHT, PALE)
        if block.height <= CLINIC_HEIGHT:
            block.draw(pen, CLINIC_TOP, is_rtl=is_rtl)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return output.getvalue()


def _is_urdu(text: str) -> bool:
    return not _LATIN.fullmatch(text)


def _can_draw(text: str) -> bool:
    return bool(_LATIN.fullmatch(text) or (_URDU.fullmatch(text) and features.check("raqm")))


class _Block:
    """Lines of text in one font."""

    def __init__(self, lines: list[str], name: str, size: int, color: str) -> None:
        self.lines, self.font, self.color = lines, _font(name, size), color
        self.rise, self.line_height = self.font.getmetrics()[0], round(size * 1.2)
        if name == NASTALIQ:
            # Its words run from high to low, and how far depends on their letters.
            rises, falls = zip(*(_measured(name, line)[1:] for line in lines), strict=True)
            self.rise = math.ceil(max(rises) * size)
            self.line_height = self.rise + math.ceil((max(falls) + 0.1) * size)

    @property
    def height(self) -> int:
        return self.line_height * len(self.lines)

    def draw(self, pen: ImageDraw.ImageDraw, top: int, *, is_rtl: bool) -> None:
        x, anchor = (WIDTH - MARGIN, "rs") if is_rtl else (MARGIN, "ls")
        options = _shaping(self.font)
        for number, line in enumerate(self.lines):
            baseline = top + self.rise + number * self.line_height
            pen.text((x, baseline), line, self.color, self.font, anchor=anchor, **options)


def _fitted(text: str, sizes: tuple[int, ...], room: int, color: str, *, is_bold: bool = False) -> _Block:
    """The text in the largest size that fits, or the smallest."""
    name = "NotoSerif-Bold.ttf" if is_bold else "NotoSans-Regular.ttf"
    if _is_urdu(text):
        name, text = NASTALIQ, numbers_isolated(text)
    for size in sizes:
        lines, breaks_word = _wrapped(text, name, TEXT_WIDTH / size)
        block = _Block(lines, name, size, color)
        if not breaks_word and len(lines) <= MAX_LINES and block.height <= room:
            break
    return block


def _wrapped(text: str, name: str, width: float) -> tuple[list[str], bool]:
    """Wrap the text at spaces and after hyphens, and inside a word only if it is wider than a line.

    Also return whether one is. The width is in units of the font's size.
    """
    space = _measured(name, " ")[0]
    lines, used, breaks_word = [""], 0.0, False
    for piece in _PIECE.findall(text):
        is_too_wide = _measured(name, piece.rstrip())[0] > width
        breaks_word |= is_too_wide
        for part in piece if is_too_wide else (piece,):
            part_width = _measured(name, part.rstrip())[0]
            if lines[-1] and used + part_width > width:
                lines.append("")
                used = 0
            lines[-1] += part
            used += part_width + space * part.endswith(" ")
    return [line.strip() for line in lines], breaks_word


@lru_cache(maxsize=1000)
def _measured(name: str, text: str) -> tuple[float, float, float]:
    """Return the length of a text, and how far it rises above its baseline and falls below it.

    In units of the font's size. Kept, because it takes 10 ms to shape a text in Nastaliq.
    """
    font = _font(name, 100)
    _left, top, _right, bottom = font.getbbox(text, anchor="ls", **_shaping(font))
    return font.getlength(text, **_shaping(font)) / 100, -top / 100, bottom / 100


@cache
def _font(name: str, size: int) -> Font:
    # The basic layout engine is in every build of Pillow.
    engine = ImageFont.Layout.RAQM if name == NASTALIQ else ImageFont.Layout.BASIC
    return ImageFont.truetype(_HERE / "fonts" / name, size, layout_engine=engine)


def _shaping(font: Font) -> dict[str, Any]:
    """Return Pillow's options for text in a font."""
    return {"direction": "rtl", "language": "ur"} if font.layout_engine == ImageFont.Layout.RAQM else {}


@cache
def _lens(drawing: str) -> Image.Image:
    """The drawing of a page, or the empty field, as made by ``scripts/draw-share-lenses``."""
    path = _HERE / "share" / f"{drawing}.webp"
    return Image.open(path if path.is_file() else _HERE / "share" / "field.webp").convert("RGBA")
