"""Loans to be serviced, and what is stored of them beside what their facts make."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text

from chalicelib.postgres.database import Database
from chalicelib.rules.money import emi
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.values import Effect, Intent, Kind, Terms
from chalicelib.services.servicing import Wanted, WantedOpening
from chalicelib.storage import servicing
from chalicelib.storage.customers import Registration
from chalicelib.storage.servicing import Asked
from chalicelib.storage.tables import loans
from tests.support.lending import create_loan, record, register
from tests.support.people import TEST

START = date(2025, 1, 31)
PERSON = Registration("Asha", "Rao", 40, "9876543210", Decimal(100_000))


def a_customer(database: Database) -> int:
    return register(database, PERSON, STANDARD_1, TEST).customer_id


def a_loan(
    database: Database,
    customer_id: int | None = None,
    amount: str = "12000",
    rate: str = "12",
    tenure: int = 12,
    start: date = START,
) -> int:
    """The number of a loan that was made here on `start`."""
    request = LoanRequest(Decimal(amount), Decimal(rate), tenure)
    made = create_loan(database, customer_id or a_customer(database), request, STANDARD_1, start, TEST)
    assert made.loan_id
    return made.loan_id


def an_imported_loan(database: Database, customer_id: int | None = None, **columns: Any) -> int:
    """The number of a loan that a workbook brought: 12,000 at 12% for 12 months, of which 3 were paid on time."""
    values = {
        "customer_id": customer_id or a_customer(database),
        "loan_amount": Decimal(12_000),
        "tenure": 12,
        "interest_rate": Decimal(12),
        "monthly_installment": emi(Decimal(12_000), Decimal(12), 12),
        "emis_paid_on_time": 3,
        "start_date": START,
        "end_date": date(2026, 1, 31),
        "source_loan_id": 77,
        **columns,
    }
    with database.reading() as connection:
        return int(connection.execute(insert(loans).returning(loans.c.loan_id), values).scalar_one())


def made_before(database: Database, customer_id: int | None = None, **columns: Any) -> int:
    """The number of a loan that a release before made, without a disbursal: as an imported one, with nothing paid."""
    return an_imported_loan(database, customer_id, **{"source_loan_id": None, "emis_paid_on_time": 0, **columns})


def opened(loan_id: int, database: Database) -> int:
    """The loan, serviced from an opening with nine instalments left."""
    opening, today = WantedOpening(Decimal(0), date(2025, 5, 31), 9), date(2025, 7, 15)
    record(database, loan_id, Wanted(Kind.OPENING, Decimal(9_000), today, opening=opening), today, TEST)
    return loan_id


def receipt(
    amount: str | Decimal,
    day: date | None = None,
    intent: Intent | None = None,
    effect: Effect | None = None,
    reference: str | None = None,
) -> Wanted:
    return Wanted(Kind.RECEIPT, Decimal(amount), day, intent, effect, reference=reference)


def reversal(number: int, day: date | None = None) -> Wanted:
    return Wanted(Kind.REVERSAL, value_date=day, reverses=number, reason="typed twice")


def stored_position(database: Database, loan_id: int) -> Position | None:
    with database.reading() as connection:
        stored = servicing.get(connection, loan_id, Asked())
    assert stored
    return stored.position


def replayed(database: Database, loan_id: int) -> Position:
    """What the facts of a loan make, whatever is stored of that."""
    with database.reading() as connection:
        stored = servicing.get(connection, loan_id, Asked(history=True))
    assert stored
    assert stored.transactions is not None
    terms: Terms = stored.terms  # type: ignore[assignment]  # a loan that is serviced has them
    return fold(terms, [each.fact for each in stored.transactions])


def row(database: Database, statement: str, **values: object) -> Any:
    with database.reading() as connection:
        return connection.execute(text(statement), values).one()


def loan_row(database: Database, loan_id: int) -> tuple[int, date | None]:
    """What the decision takes from a loan: EMIs paid on time and the end date."""
    paid, ends = row(database, "SELECT emis_paid_on_time, end_date FROM loans WHERE loan_id = :id", id=loan_id)
    return paid, ends
