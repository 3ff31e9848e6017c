"""What the history checker goes by: the recorded requests, and what is in the database when all is over."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import text

from chalicelib.postgres.database import Database
from tests.support.faults.load import PAYERS_PHONES, Exchange

Row = Mapping[str, Any]

SEEDED_IN = date(1960, 1, 1)


@dataclass(frozen=True)
class Final:
    """What is in the database when all is over."""

    customers: Sequence[Row]
    loans: Sequence[Row]
    applications: Sequence[Row]
    answers: Sequence[Row]
    audit: Sequence[Row]
    imported: Sequence[Row]
    imports: Sequence[Row]
    transactions: Sequence[Row]
    terms: Sequence[Row]
    positions: Sequence[Row]

    @cached_property
    def payers(self) -> frozenset[int]:
        """The customers whose loans are paid by the load, and who do nothing else."""
        return frozenset(row["customer_id"] for row in self.customers if row["phone_number"].startswith(PAYERS_PHONES))

    @cached_property
    def transactions_of(self) -> Mapping[int, list[Row]]:
        """The transactions of each loan in the order of recording."""
        found: dict[int, list[Row]] = defaultdict(list)
        for row in self.transactions:
            found[row["loan_id"]].append(row)
        return found

    @cached_property
    def loan(self) -> Mapping[int, Row]:
        return {row["loan_id"]: row for row in self.loans}

    @cached_property
    def loans_of(self) -> Mapping[int, list[Row]]:
        return _by_customer(self.loans)

    @cached_property
    def imported_of(self) -> Mapping[int, list[Row]]:
        return _by_customer(self.imported)

    @cached_property
    def application(self) -> Mapping[int, Row]:
        return {row["application_id"]: row for row in self.applications}


def _by_customer(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["customer_id"]].append(row)
    return found


_FINAL = {
    "customers": "SELECT * FROM customers",
    "loans": "SELECT * FROM loans",
    "applications": "SELECT * FROM loan_applications ORDER BY application_id",
    "answers": "SELECT * FROM idempotency_keys",
    "audit": "SELECT * FROM audit_log ORDER BY audit_id",
    "imported": "SELECT DISTINCT import_id, customer_id, source_loan_id FROM import_rows WHERE outcome = 'inserted'",
    "imports": "SELECT * FROM imports",
    "transactions": "SELECT * FROM loan_transactions ORDER BY loan_id, number",
    "terms": "SELECT * FROM loan_terms",
    "positions": "SELECT * FROM loan_positions",
}


def read_final(database: Database) -> Final:
    """Everything that matters. Nobody writes any more."""
    with database.reading() as connection:
        tables = {name: connection.execute(text(statement)).mappings().all() for name, statement in _FINAL.items()}
        return Final(**{name: [dict(row) for row in rows] for name, rows in tables.items()})


@dataclass(frozen=True)
class Mark:
    """What is written by one request alone, so that it can be told what that request did."""

    kind: str
    value: object


def groups_of(history: Iterable[Exchange]) -> Mapping[Mark, list[Exchange]]:
    """The writes, those that were sent more than once together."""
    groups: dict[Mark, list[Exchange]] = defaultdict(list)
    for each in history:
        if each.path == "/api/register":
            groups[Mark("customer", each.body["phone_number"])].append(each)
        elif each.path == "/api/create-loan":
            groups[Mark("application", money(each.body["loan_amount"]))].append(each)
        elif each.method == "PATCH":
            groups[Mark("change", money(each.body["monthly_income"]))].append(each)
        elif each.method == "POST" and "reference" in each.body:
            groups[Mark("transaction", each.body["reference"])].append(each)
    return groups


def money(value: object) -> Decimal:
    """An amount with two decimals, from whatever JSON or the database has."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def json_of(value: object) -> object:
    """As an answer has it: amounts and dates as text, whole numbers as they are."""
    return value if isinstance(value, int) else str(value)


def told(each: Exchange) -> Any:
    """The body of an answer."""
    return json.loads(each.text)


def code_of(each: Exchange) -> str | None:
    """The code of the error that was answered; None where it was none."""
    failed = each.status is not None and each.status >= 400 and each.text.startswith("{")
    return json.loads(each.text).get("code") if failed else None


def name_of(each: Exchange) -> str:
    """How a fault calls a request."""
    return f"{each.worker}'s request {each.number} ({each.method} {each.path})"
