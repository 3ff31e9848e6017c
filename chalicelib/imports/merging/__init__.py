"""From staging into the tables: the merge of each kind of sheet."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from chalicelib.imports.kinds.columns import Kind
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.merging.customers import merge_customers
from chalicelib.imports.merging.loans import merge_loans
from chalicelib.imports.merging.statements import MergedRows

# Takes the number of the import, and those of newer versions of the same file, whose rows are left alone.
Merge: TypeAlias = Callable[[Connection, int, Sequence[int]], list[MergedRows]]

MERGES: Mapping[Kind, Merge] = {CUSTOMERS: merge_customers, LOANS: merge_loans}
