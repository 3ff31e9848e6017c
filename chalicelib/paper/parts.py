"""What a paper is made of. The console shows it as a page to print, pdf.py writes it as a PDF, in the same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeAlias

from chalicelib.rules.lender import Lender
from chalicelib.rules.wording import Writing

NOT_SET = "Not stated by the lender"


class Hand(Writing, Protocol):
    """How figures and days are written: as the locale of the stage does."""

    def exact_money(self, amount: Decimal, /) -> str:
        """An amount with its paise even if there are none."""

    def plain_day(self, day: date, /) -> str:
        """A date in words."""


class Heading(NamedTuple):
    """The title of what follows."""

    text: str


class Words(NamedTuple):
    """A paragraph; `strong` for what must be seen first."""

    text: str
    strong: bool = False


class Points(NamedTuple):
    """Sentences under each other, each with a mark."""

    sentences: Sequence[str]


class Facts(NamedTuple):
    """Labels, each with what is said to it."""

    rows: Sequence[tuple[str, str]]


class Rows(NamedTuple):
    """A table. The columns from `figures` on are numbers, and `foot` is its last row, in bold, if there is one."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: int
    foot: Sequence[str] | None = None
    # How much room each column gets, in parts of the whole.
    widths: Sequence[int] | None = None


class Signatures(NamedTuple):
    """Lines to sign on, each with what stands below it."""

    below: Sequence[str]


Part: TypeAlias = Heading | Words | Points | Facts | Rows | Signatures


@dataclass(frozen=True)
class Paper:
    """A paper. `number` tells it from every other of its title; `recipient` are the lines that say for whom it is."""

    title: str
    number: str
    dated: str
    lender: Lender
    recipient: Sequence[str]
    parts: Sequence[Part]
    file_name: str

    @property
    def lender_lines(self) -> Sequence[str]:
        """The lender as the head of a letter has it; it says so if the name is not set."""
        said = self.lender
        return [said.name or "The name of the lender is not set", *filter(None, (said.address, said.contact))]


def said(text: str) -> str:
    """A text of the lender's, or that it was not given."""
    return text or NOT_SET
