"""The queries on loans that need an opening before anything can be recorded of them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from chalicelib.storage.loans import LoanOnRecord

# Without a disbursal or an opening that stands: neither open nor over, which an index of its own says. A loan that was
# made here and of which nobody said that something was paid gets its disbursal by itself.
_UNOPENED = """
    FROM loans
    LEFT JOIN loan_positions AS positions
           ON positions.loan_id = loans.loan_id AND positions.status IN ('closed', 'written_off')
    WHERE NOT loans.is_open AND positions.loan_id IS NULL
"""
_MADE_HERE = "loans.source_loan_id IS NULL AND loans.emis_paid_on_time > 0"
# Nothing is owed of an imported loan that has ended, as far as its workbook says.
_RUNNING = "loans.source_loan_id IS NOT NULL AND (loans.end_date >= :today OR loans.end_date IS NULL)"
_COLUMNS = ", ".join(f"loans.{name}" for name in LoanOnRecord._fields)

_LISTED_MADE_HERE = text(f"""
    SELECT loans.loan_id, loans.customer_id, loans.emis_paid_on_time {_UNOPENED} AND {_MADE_HERE}
    ORDER BY loans.loan_id LIMIT :most
""")
_COUNTED = text(f"SELECT count(*) {_UNOPENED} AND {_RUNNING}")
_TO_OPEN = text(f"""
    SELECT {_COLUMNS} {_UNOPENED} AND loans.start_date <= :today AND ({_MADE_HERE} OR {_RUNNING})
    ORDER BY loans.source_loan_id IS NOT NULL, loans.loan_id LIMIT :most
""")


@dataclass(frozen=True)
class MadeHere:
    """A loan that was made here before receipts were recorded, and of which a workbook said that EMIs were paid."""

    loan_id: int
    customer_id: int
    emis_paid_on_time: int


def made_here(connection: Connection, most: int) -> list[MadeHere]:
    """At most so many loans made here that need an opening, by number."""
    return [MadeHere(*row) for row in connection.execute(_LISTED_MADE_HERE, {"most": most})]


def count_imported(connection: Connection, today: date) -> int:
    """How many imported loans that run on `today` need an opening."""
    return int(connection.execute(_COUNTED, {"today": today}).scalar_one())


def to_open(connection: Connection, today: date, most: int) -> list[LoanOnRecord]:
    """At most so many loans that need an opening, those made here first, then the imported ones that run on `today`."""
    return [LoanOnRecord(*row) for row in connection.execute(_TO_OPEN, {"today": today, "most": most})]
