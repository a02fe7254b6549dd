"""Scales and lines of charts."""

from consultations.desk.statistics import charts


def test_nice_top_is_round_and_at_least_value() -> None:
    for value, top in (0, 1), (0.3, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (10, 10), (11, 20), (201, 500):
        assert charts.nice_top(value) == top, value
    for value in range(1, 3000, 7):
        assert charts.nice_top(value) >= value


def test_line_breaks_at_unknown_values() -> None:
    chart = charts.line_chart([1, 2, None, 4, None])
    assert chart
    assert (chart.top, chart.least, chart.most) == (5, "1.0", "4.0")
    assert chart.line == "M0.5 -1.00L1.5 -2.00M3.5 -4.00"
    assert chart.dots == "M0.5 -1.00h0M1.5 -2.00h0M3.5 -4.00h0"
    assert charts.line_chart([None, None]) is None
