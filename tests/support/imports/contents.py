"""What imports leave in the database."""

from typing import Any

from sqlalchemy import text

from chalicelib.imports.jobs import SheetCounts
from chalicelib.imports.running import ImportResult
from chalicelib.postgres.database import Database


def query(database: Database, statement: str, **parameters: object) -> list[Any]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement), parameters)]


def scalar(database: Database, statement: str) -> Any:
    return query(database, statement)[0][0]


def only_sheet(result: ImportResult) -> SheetCounts:
    assert result.state == "completed", result
    (sheet,) = result.sheets
    return sheet


def findings(database: Database, result: ImportResult, outcome: str) -> list[Any]:
    return query(
        database,
        "SELECT sheet, row_number, column_name, value, code, message FROM import_findings "
        "WHERE import_id = :import_id AND outcome = :outcome ORDER BY finding_id",
        import_id=result.import_id,
        outcome=outcome,
    )


def contents(database: Database) -> dict[str, list[Any]]:
    """All that imports leave behind, except when."""
    return {
        "customers": query(
            database,
            "SELECT customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit "
            "FROM customers ORDER BY 1",
        ),
        "loans": query(
            database,
            "SELECT loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate, monthly_installment, "
            "emis_paid_on_time, start_date, end_date FROM loans ORDER BY 1",
        ),
        "waiting": query(database, "SELECT customer_id, source_loan_id, loan_id FROM waiting_loans ORDER BY 1, 2"),
    }
