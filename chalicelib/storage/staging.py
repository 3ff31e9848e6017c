"""Rows of a workbook on their way in: temporary tables, filled with COPY, that live as long as the transaction."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

# Makes the two tables with the column types of the real ones; they go when the transaction ends.
_CREATE = """
    CREATE TEMP TABLE staged_customers ON COMMIT DROP AS
    SELECT CAST(NULL AS bigint) AS position, CAST(NULL AS text) AS sheet, CAST(NULL AS integer) AS row_number,
           customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit
    FROM customers WITH NO DATA;
    CREATE TEMP TABLE staged_loans ON COMMIT DROP AS
    SELECT CAST(NULL AS bigint) AS position, CAST(NULL AS text) AS sheet, CAST(NULL AS integer) AS row_number,
           customer_id, source_loan_id, loan_amount, tenure, interest_rate, monthly_installment,
           emis_paid_on_time, start_date, end_date
    FROM loans WITH NO DATA
"""

LINES_A_BLOCK = 500

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def create_staging(connection: Connection) -> None:
    """Makes the empty tables staged_customers and staged_loans for this transaction."""
    connection.exec_driver_sql(_CREATE)


def stage(connection: Connection, kind: str, rows: Iterable[Sequence[object]]) -> None:
    """Appends rows to the staging table of a kind (customers, loans), their values in the order of its columns.

    The first three are where a row stood: `position` counts the rows of the whole workbook, so that one number
    says which of two came later; then the sheet, and the row as Excel shows it.
    """
    copy(connection, f"staged_{kind}", rows)


def add_findings(connection: Connection, import_id: int, findings: Iterable[Sequence[object]]) -> None:
    """Appends findings to the report of an import: the columns of import_findings after import_id."""
    columns = "import_id, sheet, row_number, outcome, column_name, value, code, message"
    copy(connection, f"import_findings ({columns})", ((import_id, *finding) for finding in findings))


def copy(connection: Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Appends rows by COPY to a table, whose name may be followed by a list of columns.

    Raises DBAPIError, as every other statement does. The rows are all written out before the first is sent: the
    driver cannot break off a COPY it has begun.
    """
    blocks = list(_blocks(rows))
    if not blocks:
        return
    statement = f"COPY {table} FROM STDIN"
    driver: Any = connection.dialect.loaded_dbapi
    try:
        connection.connection.cursor().execute(statement, stream=blocks)  # type: ignore[call-arg]
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error


def _blocks(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The rows in COPY's text format; each block is sent as one message."""
    lines = ("\t".join(map(_field, row)) + "\n" for row in rows)
    while some := list(islice(lines, LINES_A_BLOCK)):
        yield "".join(some).encode()


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
