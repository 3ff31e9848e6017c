"""From staging into the tables: the merge of each kind of sheet."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from sqlalchemy import Connection

from chalicelib.imports.kinds.columns import Kind
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.imports.kinds.receipts import RECEIPTS
from chalicelib.imports.merging.customers import merge_customers
from chalicelib.imports.merging.loans import merge_loans
from chalicelib.imports.merging.openings import merge_openings
from chalicelib.imports.merging.receipts import merge_receipts
from chalicelib.imports.merging.reported import has_waiting
from chalicelib.imports.merging.statements import MergedRows

# Takes the number of the import, those of newer versions of the same file, whose rows are left alone, and the date at
# the lender's place of business.
Merge: TypeAlias = Callable[[Connection, int, Sequence[int], date], list[MergedRows]]

MERGES: Mapping[Kind, Merge] = {
    CUSTOMERS: merge_customers,
    LOANS: merge_loans,
    OPENINGS: merge_openings,
    RECEIPTS: merge_receipts,
}

# Of no import.
_NONE = 0

# Rows of these wait for what they are about, whatever brings it.
_WAITING = (OPENINGS, RECEIPTS)


def merge(
    connection: Connection, kinds: Sequence[Kind], import_id: int, newer: Sequence[int], today: date
) -> list[MergedRows]:
    """Applies the staged rows of these kinds, and what has waited for them or for anything else that is here now."""
    return [
        rows
        for kind, merge_one in MERGES.items()
        if kind in kinds or (kind in _WAITING and has_waiting(connection, kind))
        for rows in merge_one(connection, import_id, newer, today)
    ]


def merge_waiting(connection: Connection, today: date) -> None:
    """Applies what has waited for anything that is here now, without an import."""
    merge(connection, (), _NONE, (), today)
