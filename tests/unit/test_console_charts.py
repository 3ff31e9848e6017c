"""What charts compute: places in percent, labels that have room, round numbers on the axis."""

from decimal import Decimal

import pytest

from chalicelib.console.frame.charts import FOOT, HEAD, Series, columns
from chalicelib.console.frame.static_files import static_files


def places(*values: int) -> list[tuple[float, float]]:
    """Upper edge and height of the columns of one series, in percent of the drawing."""
    chart = columns("t", [str(index) for index in range(len(values))], [Series("s", "s1", values)])
    return [(float(piece.y.rstrip("%")), float(piece.height.rstrip("%"))) for piece in chart.pieces]


def test_the_highest_value_of_a_round_axis_reaches_its_line() -> None:
    chart = columns("t", ["a"], [Series("s", "s1", [40])])
    assert chart.pieces[0].y == chart.lines[0]
    assert chart.scale == ["40", "20", "0"]


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 20), (43, 60), (99, 100), (101, 200), (10**9, 10**9)],
)
def test_the_axis_ends_at_a_round_number_whose_half_is_round_too(most: int, top: int) -> None:
    chart = columns("t", ["a"], [Series("s", "s1", [most])], words=lambda value: str(int(value)))
    assert chart.scale == [str(top), str(top // 2), "0"]


def test_the_style_sheet_puts_the_words_of_the_scale_beside_the_lines() -> None:
    half = (100 - HEAD - FOOT) / 2
    assert f"grid-template-rows: {HEAD:g}fr {half:g}fr {half:g}fr {FOOT:g}fr;" in static_files()["style.css"]


def test_a_column_of_nothing_is_not_drawn() -> None:
    assert places(0, 2) == [(5.0, 83.0)]


def test_series_stand_on_each_other() -> None:
    lower, upper = Series("paid", "s1", [Decimal(1)]), Series("due", "s2", [Decimal(3)])
    chart = columns("t", ["a"], [lower, upper])
    bottom, top = chart.pieces
    assert (top.y, top.height, bottom.y, bottom.height) == ("5.00%", "62.25%", "67.25%", "20.75%")
    assert [piece.words for piece in chart.pieces] == ["a: 1 paid", "a: 3 due"]


@pytest.mark.parametrize("count", [1, 7, 12, 30, 31, 365, 600])
def test_labels_never_stand_too_close(count: int) -> None:
    labels = [f"{index} Nov" for index in range(count)]
    shown = columns("t", labels, [Series("s", "s1", [1] * count)]).below
    assert shown[0].words == labels[0]
    assert len(shown) <= 10
    assert len([label for label in shown if label.narrow]) <= 5 or count <= 5


def test_a_chart_without_columns_is_empty() -> None:
    chart = columns("t", [], [Series("s", "s1", [])])
    assert (chart.pieces, chart.below, list(chart.rows())) == ([], [], [])


def test_the_table_behind_a_chart_says_what_it_shows() -> None:
    chart = columns(
        "t", ["a", "b"], [Series("x", "s1", [1, 2]), Series("y", "s2", [3, 4])], words=lambda value: f"₹{value}"
    )
    assert [(row.label, [words for words, _ in row.values]) for row in chart.rows()] == [
        ("a", ["₹1", "₹3"]),
        ("b", ["₹2", "₹4"]),
    ]
