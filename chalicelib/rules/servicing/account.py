"""The account of a loan as of a day: what it owes, and its instalments with what covered each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.fold import Entry, history
from chalicelib.rules.servicing.instalments import Instalment, instalments
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.standing import Standing, standing_of
from chalicelib.rules.servicing.values import Fact, Terms


@dataclass(frozen=True)
class Account:
    """A loan on a day. `entries` are the facts that count, each with what it paid."""

    standing: Standing
    instalments: tuple[Instalment, ...]
    entries: tuple[Entry, ...]


def account(terms: Terms, facts: Iterable[Fact], as_of: date, buckets: Sequence[Bucket] = BUCKETS) -> Account:
    """The account as of any day, past or future: facts with a later value date are left out. Raises Refused as fold().

    What was reversed is left out also on the days before its reversal: this is what is known now about that day.
    """
    entries, position = history(terms, facts, as_of, buckets)
    books = Ledger(terms, position, buckets)
    books.advance(as_of)
    return Account(standing_of(books, as_of, buckets), instalments(books, entries, as_of), entries)
