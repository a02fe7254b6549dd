"""Bar and line charts, which a template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True)
class Chart:
    """Bars or a line, one unit wide for each week. ``top`` is the number at the upper edge.

    ``line`` and ``dots`` are SVG paths with y upwards from 0 to -``top``.
    """

    top: int
    least: str
    most: str
    bars: Sequence[int] = ()
    line: str = ""
    dots: str = ""


def line_chart(values: Sequence[float | None]) -> Chart | None:
    """Return a line through the values, broken at unknown ones; None if there is no value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    points = [
        None if value is None else f"{number + 0.5} {-value:.2f}" for number, value in enumerate(values)
    ]
    line = [
        f"{'L' if before else 'M'}{point}"
        for before, point in zip([None, *points], points, strict=False)
        if point
    ]
    return Chart(
        nice_top(max(known)),
        rounded_up(min(known)),
        rounded_up(max(known)),
        line="".join(line),
        dots="".join(f"M{point}h0" for point in points if point),
    )


def nice_top(value: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is at least ``value``."""
    if value <= 1:
        return 1
    power = 10 ** floor(log10(value))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= value))


def rounded_up(hours: float) -> str:
    """Round up to tenths of an hour, never in the clinic's favor."""
    return f"{ceil(round(hours * 10, 6)) / 10:.1f}"
