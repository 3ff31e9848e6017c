"""Years of receipts, and that they make the same positions in whatever order files bring them."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from chalicelib.imports.running import ImportResult
from chalicelib.postgres.database import Database
from chalicelib.rules.money import emi
from chalicelib.rules.servicing.days import due_date
from tests.support.imports.contents import findings, scalar
from tests.support.loan_lives import START, a_customer, a_loan, loan_row, replayed, stored_position
from tests.support.workbooks import receipt

EMI = emi(Decimal(12_000), Decimal(12), 12)


def some_loans(database: Database, number: int) -> dict[int, int]:
    """Loans made here, each with its customer, who has no other."""
    customers = [a_customer(database) for _ in range(number)]
    return {a_loan(database, each): each for each in customers}


def a_year(loan_id: int, random: Random) -> list[list[object]]:
    """Receipts of a year as people pay: late, early, twice, in parts, ahead, and some that bounce."""
    rows, number = [], 0

    def add(day: date, amount: Decimal, **changes: object) -> str:
        nonlocal number
        number += 1
        reference = f"{loan_id}-{number}"
        rows.append(receipt(reference, loan_id, payment_date=day, **({"amount": float(amount)} | changes)))
        return reference

    for instalment in range(1, 13):
        day = due_date(START, instalment) + timedelta(days=random.choice((-3, 0, 0, 0, 4, 20, 50)))
        match random.randrange(6):
            case 0:
                continue
            case 1:
                bounced = add(day, EMI)
                add(day + timedelta(days=2), EMI, reverses_reference=bounced)
            case 2:
                add(day, Decimal("500.10"))
                add(day + timedelta(days=6), Decimal("566.09"))
            case 3:
                effect = random.choice(("shorter_tenure", "lower_instalment"))
                add(day, Decimal(700), intent="prepayment", effect=effect)
                add(day, EMI)
            case _:
                add(day, EMI)
    return rows


def check_years(database: Database, send: Callable[..., ImportResult], *, rounds: int, years: int) -> None:
    """The same years again and again, each time in another order and on loans of their own, because transactions are
    never removed.

    The rows of a loan are dealt out to six files that come one after the other: what is paid early comes late, and
    reversals before what they reverse. Three of the files come once more. `send` imports a sheet of these rows.
    """
    random = Random(16)
    made = [some_loans(database, years) for _ in range(rounds)]
    lives = [a_year(0, Random(seed)) for seed in range(years)]
    books: list[list[list[object]]] = [[] for _ in range(6)]
    for number, own in enumerate(made):
        for (loan_id, customer_id), life in zip(own.items(), lives, strict=True):
            for row in life:
                mine = [f"{number}:{loan_id}:{row[0]}", loan_id, customer_id, *row[3:8]]
                undone = f"{number}:{loan_id}:{row[8]}" if row[8] else None
                books[random.randrange(6)].append([*mine, undone])
    for book in [*books, *random.sample(books, 3)]:
        random.shuffle(book)
        assert not findings(database, send(*book), "rejected")
    assert scalar(database, "SELECT count(*) FROM waiting_receipts") == 0
    for at in range(years):
        loans = [list(own)[at] for own in made]
        assert {stored_position(database, each) for each in loans} == {replayed(database, loans[0])}
        assert len({loan_row(database, each) for each in loans}) == 1
