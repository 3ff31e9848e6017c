"""The queries that lists of loans are made of: each loan with what is stored of its life, in one statement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Terms
from chalicelib.rules.typed.names import full_name
from chalicelib.storage.loans import LoanOnRecord

_COLUMNS = ", ".join(f"loans.{each.name}" for each in fields(LoanOnRecord))

_LIVES = """
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
    LEFT JOIN loan_terms ON loan_terms.loan_id = loans.loan_id
"""

_OF_LOANS = text(f"""
    SELECT loans.loan_id, customers.first_name, customers.last_name, customers.phone_number, loan_terms.terms,
           positions.position
    FROM loans
    JOIN customers ON customers.customer_id = loans.customer_id
    {_LIVES}
    WHERE loans.loan_id = ANY(CAST(:loan_ids AS bigint[]))
""")  # noqa: S608 - names of ours

_OF_CUSTOMER = text(f"""
    SELECT {_COLUMNS}, loan_terms.terms, positions.position
    FROM loans
    {_LIVES}
    WHERE loans.customer_id = :customer_id
    ORDER BY (loans.end_date >= :today OR loans.end_date IS NULL) DESC, loans.loan_id DESC
""")  # noqa: S608 - names of ours

# Terms and position of a loan that is serviced here; None of any other.
Stands = tuple[Terms, Position] | None


@dataclass(frozen=True)
class Listed:
    """Whose a loan is and whom to call, and where it stands as of its last fact."""

    customer_name: str
    phone_number: str
    stands: Stands


def of_loans(connection: Connection, loan_ids: Collection[int]) -> Mapping[int, Listed]:
    """By the number of the loan."""
    rows = connection.execute(_OF_LOANS, {"loan_ids": list(loan_ids)})
    return {
        number: Listed(full_name(first, last), phone, _stands(terms, stored))
        for number, first, last, phone, terms, stored in rows
    }


def of_customer(connection: Connection, customer_id: int, today: date) -> list[tuple[LoanOnRecord, Stands]]:
    """All loans of a customer: those that are current on `today` first, and of these and of the others the newest."""
    rows = connection.execute(_OF_CUSTOMER, {"customer_id": customer_id, "today": today})
    return [(LoanOnRecord(*columns), _stands(terms, stored)) for *columns, terms, stored in rows]


def _stands(terms: dict[str, Any] | None, stored: dict[str, Any] | None) -> Stands:
    if terms is None or stored is None:
        return None
    position = position_from_stored(stored)
    return (terms_from_stored(terms), position) if position.is_serviced else None
