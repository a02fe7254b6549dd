"""Coordinates of bar and line charts, which a template draws as SVG.

The SVG is stretched to its place on the page, so it holds no text: labels are in the page around it.
Coordinates are strings, so that templates do not localize them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT = 1000, 200
# The part of a bar's slot that is filled.
FILLED = 0.8


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    """``top`` is the number at the upper edge. ``line`` and ``dots`` are SVG paths; unknown values break the
    line."""

    top: int
    bars: tuple[Bar, ...] = ()
    line: str = ""
    dots: str = ""
    width: int = WIDTH
    height: int = HEIGHT


def bars(values: Sequence[int]) -> Chart:
    top = nice_top(max(values, default=0))
    place = WIDTH / max(len(values), 1)
    return Chart(
        top,
        bars=tuple(
            Bar(
                x=_text((number + (1 - FILLED) / 2) * place),
                y=_text(HEIGHT - HEIGHT * value / top),
                width=_text(FILLED * place),
                height=_text(HEIGHT * value / top),
            )
            for number, value in enumerate(values)
        ),
    )


def line(values: Sequence[float | None]) -> Chart:
    top = nice_top(max((value for value in values if value is not None), default=0))
    place = WIDTH / max(len(values), 1)
    line, dots, is_drawing = [], [], False
    for number, value in enumerate(values):
        if value is not None:
            point = f"{_text((number + 0.5) * place)} {_text(HEIGHT - HEIGHT * value / top)}"
            line.append(f"{'L' if is_drawing else 'M'}{point}")
            dots.append(f"M{point}h0")
        is_drawing = value is not None
    return Chart(top, line="".join(line), dots="".join(dots))


def nice_top(value: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is at least ``value``."""
    if value <= 1:
        return 1
    power = 10 ** floor(log10(value))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= value))


def _text(number: float) -> str:
    return f"{number:.1f}"
