"""Charts as values that templates draw: SVG without styles or scripts of its own, so that the page's rules hold.

Lengths are percentages of the drawing, which has no viewBox: it takes the width of its card, and words keep their size.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

Number = int | Decimal

# Percent of the height that is left above the highest line, and for the words below the columns. style.css has them
# too, to put the words of the scale beside the lines.
HEAD, FOOT = 5.0, 12.0
# Of a column's place, how much the column takes.
THICKNESS = 0.62
# Characters that fit below the narrowest chart of a wide page; a phone has room for half of them.
CHARACTERS_BELOW = 64
STEPS = (1, 2, 3, 4, 5)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Series:
    """One of the things that are stacked. `style` is a class of style.css: s1, s2, s-good, s-bad."""

    name: str
    style: str
    values: Sequence[Number]
    # The address of the list behind each value, if there is one.
    links: Sequence[str] = ()


@dataclass(frozen=True)
class Piece:
    """A part of a column. Lengths are percent of the drawing."""

    x: str
    y: str
    width: str
    height: str
    style: str
    words: str
    link: str | None = None


@dataclass(frozen=True)
class Label:
    """Words at a place; `narrow` ones are also shown on a phone."""

    x: str
    y: str
    words: str
    narrow: bool = True


@dataclass(frozen=True)
class Row:
    """A row of the table behind a chart: its values in words, each with the address of the list behind it or None."""

    label: str
    values: Sequence[tuple[str, str | None]]


@dataclass(frozen=True)
class Columns:
    """A chart of columns, ready to be drawn by the macro `columns_chart` of charts.html.

    `scale` is the highest value, half of it and zero; `lines` are the positions of the first two.
    """

    title: str
    series: Sequence[Series]
    labels: Sequence[str]
    pieces: Sequence[Piece]
    scale: Sequence[str]
    lines: Sequence[str]
    below: Sequence[Label]
    words: Callable[[Number], str]
    foot: str = f"{100 - FOOT}%"

    def rows(self) -> Iterator[Row]:
        """The numbers behind the chart, the first label first."""
        for index, label in enumerate(self.labels):
            yield Row(label, [(self.words(each.values[index]), _link(each, index)) for each in self.series])

    @property
    def has_links(self) -> bool:
        """Whether its pieces lead to lists."""
        return any(each.links for each in self.series)


def columns(
    title: str, labels: Sequence[str], series: Sequence[Series], words: Callable[[Number], str] = str
) -> Columns:
    """A chart of one column a label, the series stacked in it from the bottom. `words` writes a value."""
    top = _nice_top(max((sum(values) for values in zip(*(each.values for each in series), strict=True)), default=0))
    return Columns(
        title,
        series,
        labels,
        [piece for index in range(len(labels)) for piece in _column(index, labels, series, top, words)],
        [words(value) for value in (top, top / 2, ZERO)],
        [_percent(_y(value, top)) for value in (top, top / 2)],
        _below(labels),
        words,
    )


def _column(
    index: int, labels: Sequence[str], series: Sequence[Series], top: Number, words: Callable[[Number], str]
) -> list[Piece]:
    place = 100 / len(labels)
    x, width = place * (index + (1 - THICKNESS) / 2), place * THICKNESS
    pieces, reached = [], ZERO
    for each in series:
        value = each.values[index]
        if value > 0:
            upper, lower = _y(reached + value, top), _y(reached, top)
            said = f"{labels[index]}: {words(value)} {each.name}"
            pieces.append(
                Piece(
                    _percent(x),
                    _percent(upper),
                    _percent(width),
                    _percent(lower - upper),
                    each.style,
                    said,
                    _link(each, index),
                )
            )
        reached += value
    return pieces


def _link(series: Series, index: int) -> str | None:
    return series.links[index] if series.links else None


def _below(labels: Sequence[str]) -> list[Label]:
    """As many labels as have room beside each other."""
    if not labels:
        return []
    place = 100 / len(labels)
    room = CHARACTERS_BELOW // (max(map(len, labels)) + 1)
    every = -(-len(labels) // max(room, 1))
    shown = range(0, len(labels), every)
    narrow = shown[:: 2 if len(shown) > room // 2 else 1]
    return [Label(_percent(place * (index + 0.5)), "100%", labels[index], index in narrow) for index in shown]


def _y(value: Number, top: Number) -> float:
    return HEAD + (100 - HEAD - FOOT) * (1 - float(value / Decimal(top)))


def _nice_top(most: Number) -> Decimal:
    """The smallest of 2, 4, 6, 8, 10, 20, 40 … that is at least `most`, so that half of it is a round number too."""
    unit = Decimal(1)
    while unit * STEPS[-1] * 2 < most:
        unit *= 10
    return next(unit * step * 2 for step in STEPS if unit * step * 2 >= most)


def _percent(value: float) -> str:
    return f"{value:.2f}%"
