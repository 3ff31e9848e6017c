"""Sentences that a page writes anew: the words stay, the figures are written as the reader is used to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
import simplejson

from chalicelib.rules.wording import Sentence


@dataclass
class Loud:
    """Writes each figure so that it is seen who wrote it."""

    def money(self, amount: Decimal) -> str:
        return f"Rs {amount}"

    def rate(self, percent: Decimal) -> str:
        return f"{percent} percent"

    def plain_day(self, day: date) -> str:
        return f"{day:%d.%m.%Y}"

    def label(self, field: str) -> str:
        return field.upper()


SENTENCE = Sentence(
    "{first:label} is {amount:money} at {rate:rate} on {day:day}, {count} times",
    first="from",
    amount=Decimal("1E+3"),
    rate=Decimal("12.50"),
    day=date(2026, 3, 31),
    count=2,
)


def test_the_api_says_a_sentence_in_plain_figures() -> None:
    assert SENTENCE == "from is 1000 at 12.50 on 2026-03-31, 2 times"
    assert simplejson.dumps({"error": SENTENCE}) == '{"error": "from is 1000 at 12.50 on 2026-03-31, 2 times"}'


def test_a_page_says_the_same_in_its_own_writing() -> None:
    assert SENTENCE.written(Loud()) == "FROM is Rs 1E+3 at 12.50 percent on 31.03.2026, 2 times"


def test_what_was_typed_is_never_taken_for_words() -> None:
    assert Sentence("got {typed}", typed="{day:day}").written(Loud()) == "got {day:day}"


def test_a_figure_that_nobody_gave_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        Sentence("{day:day} is in the future")
