"""The shapes of a plain chart: what a template draws as SVG. Numbers in, coordinates out.

A chart is ``WIDTH`` by ``HEIGHT`` units and is stretched to its place on the page, so no text stands in
it: its labels are in the page around it. Coordinates are text, which no language writes in its own way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT = 1000, 200
# Of each bar's place, so much is bar.
FILLED = 0.8


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Chart:
    """``top`` is the number at its upper edge; 0 is the lower. ``line`` and ``dots`` are SVG paths: a value
    that is not known breaks the line, and every known one has a dot."""

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
    """Each value over the middle of its place, as high as a bar would be."""
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
    """The least of 1, 2, 5, 10, 20, 50 … that is not below a value."""
    if value <= 1:
        return 1
    power = 10 ** floor(log10(value))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= value))


def _text(number: float) -> str:
    return f"{number:.1f}"
