"""The workbook of proposed openings: a row for each loan that needs one, to be corrected and imported."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import IO, TYPE_CHECKING, Any

from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.servicing.opening import due_but_the_last, propose_opening
from chalicelib.services.files import published
from chalicelib.storage import unopened
from chalicelib.storage.lives import agreed_terms
from chalicelib.storage.loans import LoanOnRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# As many as are proposed while a browser waits. Once these are imported, the workbook has the next ones.
MOST = 2000


def openings_link(database: Database, s3: "S3Client", signer: "S3Client", *, bucket: str, today: date) -> str:
    """A link to a workbook with the opening of each loan that needs one, as it is proposed for `today`; at most MOST.

    Raises Unavailable without S3.
    """
    rows = [proposed_row(loan, today) for loan in _to_open(database, today)]
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    key = f"openings/{digest}/proposed-openings-{today}.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=lambda: _bytes(rows))


@retried
def _to_open(database: Database, today: date) -> Sequence[LoanOnRecord]:
    with database.reading() as connection:
        return unopened.to_open(connection, today, MOST)


def proposed_row(loan: LoanOnRecord, on: date) -> dict[str, Any]:
    """The opening as if all instalments that are due were paid on time, but for the last: by column of the sheet."""
    terms = agreed_terms(loan)
    fact = propose_opening(terms, on, due_but_the_last(terms, on), loan.emis_paid_on_time)
    assert fact.opening
    return {
        "loan_id": loan.loan_id,
        "customer_id": loan.customer_id,
        "opening_date": fact.value_date,
        "principal_outstanding": fact.amount,
        "interest_due": fact.opening.interest_due,
        "first_unpaid_due_date": fact.opening.first_unpaid_due_date,
        "instalments_left": fact.opening.instalments_left,
    }


def write_openings(file: IO[bytes], rows: Sequence[dict[str, Any]]) -> None:
    """Writes the workbook to `file`: the sheet as the template has it, with these rows."""
    # Half a second that only those pay who ask for a workbook.
    from openpyxl import Workbook

    from chalicelib.imports.template import begin_sheet

    book = Workbook(write_only=True)
    sheet = begin_sheet(book, OPENINGS)
    for row in rows:
        sheet.append(list(_cells(sheet, row)))
    book.save(file)


def _cells(sheet: Any, row: dict[str, Any]) -> Iterator[Any]:
    from chalicelib.services.loan_books import number_cell

    for column in OPENINGS.columns:
        yield number_cell(sheet, row[column.name], column.reader.number_format)


def _bytes(rows: Sequence[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    write_openings(file, rows)
    return file.getvalue()
