"""The statement of account of a loan on paper, and its lines in words, which the page shows too."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from chalicelib.paper.parts import Facts, Hand, Heading, Paper, Rows, Words
from chalicelib.paper.words import KINDS
from chalicelib.rules.lender import Lender
from chalicelib.rules.sentences import counted
from chalicelib.rules.servicing.statement import Line
from chalicelib.services.servicing_accounts import LoanStatement
from chalicelib.storage.servicing import Transaction

HEADS = ("Date", "What", "Debit", "Credit", "Balance")
WIDTHS = (14, 41, 15, 15, 15)
EXPLAINED = (
    "Opening balance plus debits less credits is the closing balance. The balance is what the customer owes; below "
    "zero, what the customer has in credit. Interest runs up to the last day."
)


class Row(NamedTuple):
    """A line of a statement in words, with its amounts in rupees."""

    day: date
    what: str
    number: int | None
    reference: str
    debit: Decimal
    credit: Decimal
    balance: Decimal
    remarks: str


def rows_of(found: LoanStatement) -> Sequence[Row]:
    """The lines of a statement in words."""
    recorded = {each.number: each for each in found.transactions}
    return [_row(line, recorded) for line in found.statement.lines]


def statement_paper(found: LoanStatement, customer_name: str, lender: Lender, write: Hand) -> Paper:
    """The statement of a loan between two days."""
    loan, made = found.loan, found.statement
    return Paper(
        title="Statement of account",
        number=f"Loan {loan.loan_id}",
        dated=write.plain_day(made.until),
        lender=lender,
        recipient=[customer_name, f"Customer {loan.customer_id}"],
        parts=[
            Facts(
                [
                    ("Loan", f"{loan.loan_id}, {write.money(loan.loan_amount)} over {counted(loan.tenure, 'month')}"),
                    ("Interest rate", f"{write.rate(found.terms.annual_rate)} a year"),
                    ("Instalment", f"{write.money(made.instalment)} a month"),
                    ("Opening balance", write.exact_money(made.opening_balance)),
                    ("Closing balance", write.exact_money(made.closing_balance)),
                ]
            ),
            Heading(f"{write.plain_day(made.since)} to {write.plain_day(made.until)}"),
            Rows(HEADS, list(_lines(found, write)), figures=2, foot=_foot(found, write), widths=WIDTHS),
            Words(EXPLAINED),
        ],
        file_name=f"loan-{loan.loan_id}-statement",
    )


def _lines(found: LoanStatement, write: Hand) -> Iterator[tuple[str, ...]]:
    made = found.statement
    yield write.plain_day(made.since), "Opening balance", "", "", write.exact_money(made.opening_balance)
    for row in rows_of(found):
        what = f"{row.what} No. {row.number}" if row.number else row.what
        yield (
            write.plain_day(row.day),
            " · ".join(filter(None, (what, row.reference, row.remarks))),
            write.exact_money(row.debit) if row.debit else "",
            write.exact_money(row.credit) if row.credit else "",
            write.exact_money(row.balance),
        )


def _foot(found: LoanStatement, write: Hand) -> tuple[str, ...]:
    made = found.statement
    return ("", "Closing balance", *map(write.exact_money, (made.total_debit, made.total_credit, made.closing_balance)))


def _row(line: Line, recorded: Mapping[int, Transaction]) -> Row:
    told = recorded.get(line.fact.number) if line.fact else None
    remarks = [f"reversed by No. {line.reversed_by}" if line.reversed_by else ""]
    if told and told.reverses:
        remarks.append(f"reverses No. {told.reverses}")
    remarks.append((told.reason or "") if told else "")
    return Row(
        line.value_date,
        KINDS[line.what],
        told.number if told else None,
        (told.reference or "") if told else "",
        line.debit,
        line.credit,
        line.balance,
        ", ".join(filter(None, remarks)),
    )
