"""A statement of account as rows, and as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.rules.servicing.statement import Line
from chalicelib.rules.text import harmless
from chalicelib.services.servicing_accounts import LoanStatement

HEADER = (
    "value_date",
    "kind",
    "transaction",
    "reference",
    "channel",
    "debit",
    "credit",
    "balance",
    "interest_paid",
    "principal_paid",
    "charges_paid",
    "reversed_by",
)


class StatementRow(NamedTuple):
    """A line, and what its transaction is known by outside and how the money came."""

    line: Line
    reference: str | None
    channel: str | None


def rows_of(found: LoanStatement) -> Iterator[StatementRow]:
    """The lines of a statement with what was said of their transactions."""
    said = {each.number: (each.reference, each.channel) for each in found.transactions}
    for line in found.statement.lines:
        reference, channel = said[line.fact.number] if line.fact else (None, None)
        yield StatementRow(line, reference, channel)


def statement_csv(found: LoanStatement) -> str:
    """One line for all that happened, between the opening and the closing balance. Amounts in rupees."""
    made = found.statement
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(HEADER)
    lines.writerow([made.since.isoformat(), "opening_balance", *[""] * 5, made.opening_balance, *[""] * 4])
    for row in rows_of(found):
        lines.writerow(["" if value is None else value for value in _values(row)])
    totals = [made.total_debit, made.total_credit, made.closing_balance]
    lines.writerow([made.until.isoformat(), "closing_balance", *[""] * 3, *totals, *[""] * 4])
    return text.getvalue()


def _values(row: StatementRow) -> list[object]:
    line = row.line
    parts = (line.split.interest, line.split.principal, line.split.charges) if line.split else ("", "", "")
    return [
        line.value_date.isoformat(),
        line.what.value,
        line.fact.number if line.fact else "",
        harmless(row.reference or ""),
        harmless(row.channel or ""),
        line.debit,
        line.credit,
        line.balance,
        *parts,
        line.reversed_by,
    ]
