"""Coordinates of charts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultations.desk.statistics import charts


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.3, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (10, 10), (11, 20), (201, 500)]
)
def test_nice_top_is_round(value: float, top: int) -> None:
    assert charts.nice_top(value) == top


@given(st.floats(0, 1e9))
def test_nice_top_is_at_least_value(value: float) -> None:
    assert charts.nice_top(value) >= value


@given(st.lists(st.integers(0, 100_000), max_size=120))
def test_bars_are_in_proportion(values: list[int]) -> None:
    chart = charts.bars(values)
    assert len(chart.bars) == len(values)
    right = 0.0
    for bar, value in zip(chart.bars, values, strict=True):
        assert float(bar.y) + float(bar.height) == pytest.approx(charts.HEIGHT, abs=0.11)
        assert float(bar.height) == pytest.approx(charts.HEIGHT * value / chart.top, abs=0.06)
        assert float(bar.x) >= right
        right = float(bar.x) + float(bar.width) - 0.2
    assert right <= charts.WIDTH


def test_line_breaks_at_unknown_values() -> None:
    chart = charts.line([1, 2, None, 4, None])
    assert chart.top == 5
    assert chart.line == "M100.0 160.0L300.0 120.0M700.0 40.0"
    assert chart.dots == "M100.0 160.0h0M300.0 120.0h0M700.0 40.0h0"


def test_empty_charts() -> None:
    assert charts.line([None, None]) == charts.line([]) == charts.Chart(1)
    assert charts.bars([]) == charts.Chart(1)
