"""Sentences about what was given, whose words and figures stay apart: the API writes them plainly, the console as its
pages do.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any, Protocol


class PageWriting(Protocol):
    """How a page writes what a sentence names."""

    def money(self, amount: Decimal, /) -> str:
        """An amount in rupees."""

    def rate(self, percent: Decimal, /) -> str:
        """A percentage, with its sign."""

    def plain_day(self, day: date, /) -> str:
        """A date in words."""

    def label(self, field: str, /) -> str:
        """What a form calls a field."""


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


class _OnPage(Formatter):
    def __init__(self, write: PageWriting) -> None:
        self._write = write

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "money":
                return self._write.money(value)
            case "rate":
                return self._write.rate(value)
            case "day":
                return self._write.plain_day(value)
            case "label":
                return self._write.label(value)
            case _:
                return str(value)
