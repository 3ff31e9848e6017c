"""What is wrong, as the console says it: dates in words, amounts with their currency, fields by their labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from chalicelib import runtime
from chalicelib.rules.wording import Sentence

NO_LABELS: Mapping[str, str] = MappingProxyType({})


def told(sentence: str, labels: Mapping[str, str] = NO_LABELS) -> str:
    """A sentence of an error in the writing of the pages; `labels` has what the form calls its fields."""
    return sentence.written(_Writing(labels)) if isinstance(sentence, Sentence) else sentence


@dataclass(frozen=True)
class _Writing:
    labels: Mapping[str, str]

    def money(self, amount: Decimal) -> str:
        return runtime.formats().money(amount)

    def rate(self, percent: Decimal) -> str:
        return runtime.formats().rate(percent)

    def plain_day(self, day: date) -> str:
        return runtime.formats().plain_day(day)

    def label(self, field: str) -> str:
        return self.labels.get(field, field.replace("_", " "))
