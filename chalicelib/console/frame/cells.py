"""The cells of a list as HTML.

Not by a template: a page has some hundred cells, and a macro for each took half of its time. Whatever is shown is
escaped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Cell:
    """What a page shows of a value. `link` is a page from /console/ on, `badge` the kind of a state, `more` a line
    below; a cell that says nothing is `quiet`: a phone leaves it out.
    """

    words: object
    link: str | None = None
    badge: str | None = None
    more: str | None = None
    quiet: bool = False
    bad: bool = False


@dataclass(frozen=True)
class Head:
    """The head of a column: where it sorts, and how it is sorted now. A phone shows it in the head or line of a row."""

    words: str
    is_number: bool
    sort: str | None
    direction: str | None
    on_phone: Literal["head", "line"] | None


def badge(words: object, kind: str = "plain") -> Markup:
    """A state in words and colour: good, bad, warn, busy, plain."""
    return Markup(f'<span class="badge {escape(kind)}">{escape(words)}</span>')  # noqa: S704 - escaped


def row(cells: Sequence[Cell], heads: Sequence[Head], root: str) -> Markup:
    """The cells of a row; the first says what the row is about."""
    tight = ' class="tight"' if heads[0].is_number else ""
    written = [f'<th scope="row"{tight}>{_words(cells[0], root)}</th>']
    written += [_cell(cell, head, root) for cell, head in zip(cells[1:], heads[1:], strict=True)]
    return Markup("\n".join(written))  # noqa: S704 - escaped


def _cell(cell: Cell, head: Head, root: str) -> str:
    number, zero = "n" if head.is_number else "", " zero" if cell.quiet else ""
    phone = f" p-{head.on_phone}" if head.on_phone else ""
    words = _words(cell, root)
    if cell.more:
        words = f'<span>{words} <span class="small-print block">{escape(cell.more)}</span></span>'
    return f'<td class="{number}{zero}{phone}">{words}</td>'


def _words(cell: Cell, root: str) -> str:
    words = escape(cell.words)
    if cell.badge:
        return badge(words, cell.badge)
    if cell.link:
        return f'<a href="{escape(root)}{escape(cell.link)}">{words}</a>'
    return f'<span class="is-bad">{words}</span>' if cell.bad else words
