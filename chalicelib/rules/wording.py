"""Words with figures in them, which are kept apart until it is known who writes them: the API plainly, the console as
its pages do.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any, Protocol


class Writing(Protocol):
    """How somebody writes figures."""

    def money(self, amount: Decimal, /) -> str:
        """An amount in rupees."""

    def rate(self, percent: Decimal, /) -> str:
        """A percentage, with its sign."""


class PageWriting(Writing, Protocol):
    """How a page writes figures, and what else a sentence names."""

    def plain_day(self, day: date, /) -> str:
        """A date in words."""

    def label(self, field: str, /) -> str:
        """What a form calls a field."""


class Words(Formatter):
    """Fills words with figures: `money` and `rate` behind the colon of one are as `write` has them."""

    def __init__(self, write: Writing) -> None:
        self._write = write

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "money":
                return self._write.money(value)
            case "rate":
                return self._write.rate(value)
            case _:
                return str(value)


class Sentence(str):
    """A sentence as the API says it, which a page can write anew from the same words and figures.

    A figure of the words says behind its colon how a page writes it: `money`, `rate`, `day`, or `label` for the name of
    a field. It is a text, so that it passes through an error and into JSON like any other sentence.

    >>> Sentence("must not be before {first:label}, which is {begin:day}", first="from", begin=date(2026, 3, 31))
    'must not be before from, which is 2026-03-31'
    """

    words: str
    figures: Mapping[str, object]

    def __new__(cls, words: str, **figures: object) -> "Sentence":
        """Raises KeyError for a figure that the words name and nobody gave."""
        self = super().__new__(cls, _Plain().vformat(words, (), figures))
        self.words, self.figures = words, figures
        return self

    def written(self, write: PageWriting) -> str:
        """The same as a page says it."""
        return _OnPage(write).vformat(self.words, (), self.figures)


class _Plain(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ARG002 - for pages
        # Digits without an exponent, and the date after ISO 8601.
        return f"{value:f}" if isinstance(value, Decimal) else str(value)


class _OnPage(Words):
    def __init__(self, write: PageWriting) -> None:
        super().__init__(write)
        self._page = write

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "day":
                return self._page.plain_day(value)
            case "label":
                return self._page.label(value)
            case _:
                return super().format_field(value, format_spec)
