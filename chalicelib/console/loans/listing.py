"""The list of loans: found by state, class, amount, rate, start and by who made them; with what is owed of each."""

from datetime import date
from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.labels import LATE, LOAN_STATES, class_badge, loan_badge
from chalicelib.console.frame.lending_list import AMOUNTS, CUSTOMER, LendingListQuery, Whose, customer_columns
from chalicelib.console.frame.listing import Column, DaysLate, Filter, Input, List, Options, answer_list
from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import BucketCode, Rate, above, not_below
from chalicelib.rules.sentences import counted
from chalicelib.rules.servicing.buckets import BUCKETS, bucket_named
from chalicelib.rules.servicing.standing import Standing, Status
from chalicelib.services import lists
from chalicelib.services.list_files import Value, Written
from chalicelib.services.lists import LoanRow
from chalicelib.storage.listing import Page, Place, Summary
from chalicelib.storage.loan_list import ORDERS, Wanted, asks_for_late, asks_how_late

# Current, but its receipts cannot be recorded before somebody says what was owed on a day.
UNOPENED = "unopened"
STATUSES = tuple(status.value for status in Status)
STATES: Options = [
    ("current", "Current"),
    ("ended", "Ended"),
    (UNOPENED, "Current, not serviced here"),
    *((status.value, words) for status, (words, _) in LOAN_STATES.items()),
]
STATE_NAMES = tuple(name for name, _ in STATES)
CLASSES: Options = [(bucket.code, class_badge(bucket)[0]) for bucket in BUCKETS]


class LoansListQuery(LendingListQuery):
    """The address of the list."""

    state: Annotated[Literal[STATE_NAMES], Field(description=f"one of {', '.join(STATE_NAMES)}")] | None = None  # type: ignore[valid-type]  # as data
    bucket: BucketCode | None = Field(None, alias="class")
    late: DaysLate | None = None
    rate_from: Rate | None = None
    rate_to: Annotated[Rate, not_below("rate_from", "rate")] | None = None
    rate_below: Annotated[Rate, above("rate_from", "rate")] | None = None

    def wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(
            **self.lending(),
            current={"current": True, UNOPENED: True, "ended": False}.get(self.state or ""),
            status=self._status(),
            bucket=None if self.bucket is None else bucket_named(self.bucket),
            days_late=self.late,
            rate_from=self.rate_from,
            rate_to=self.rate_to,
            rate_below=self.rate_below,
        )

    def _status(self) -> Status | None:
        if self.state == UNOPENED:
            return Status.NOT_SERVICED
        return Status(self.state) if self.state in STATUSES else None


def list_loans(visit: Visit) -> Response:
    """Loans, the newest first, or as the address says."""
    return answer_list(visit, _list(Authors(), visit.query.get("who"), runtime.today()), "loans/loans.html")


def _list(authors: Authors, who: str | None, today: date) -> List[LoansListQuery, LoanRow]:
    return List(
        "loans",
        "loan",
        "loans",
        LoansListQuery,
        ORDERS,
        filters=(
            Filter("state", "State", Input.CHOICE, STATES),
            Filter("class", "Class", Input.CHOICE, CLASSES),
            Filter("late", "Days past due", Input.CHOICE, LATE),
            Filter("who", "Who", Input.CHOICE, authors.options(who)),
            *AMOUNTS,
            Filter("rate_from", "Rate from", Input.RATE, is_rare=True),
            Filter("rate_to", "Rate to", Input.RATE, is_rare=True),
            Filter("rate_below", "Rate below", Input.RATE, is_rare=True),
            Filter("from", "Started from", Input.DAY, is_rare=True),
            Filter("to", "Started until", Input.DAY, is_rare=True),
            CUSTOMER,
        ),
        columns=_columns(authors, today),
        number_of=lambda row: row.loan.loan_id,
        page_of=_page,
        summary_of=_summary,
        looked_first=_looked_first,
        total=lambda query: "of principal outstanding" if asks_how_late(query.wanted()) else "lent",
    )


def _whose(row: LoanRow) -> Whose:
    return Whose(row.loan.customer_id, row.listed.customer_name, row.listed.phone_number)


def _columns(authors: Authors, today: date) -> list[Column[LoanRow]]:
    return [
        Column(
            "Loan",
            lambda row: row.loan.loan_id,
            Written.NUMBER,
            sort="number",
            shown=lambda row: Cell(f"Loan {row.loan.loan_id}", f"loans/{row.loan.loan_id}/"),
        ),
        *customer_columns(_whose),
        Column(
            "State",
            lambda row: _state(row, today)[0],
            shown=lambda row: Cell(_state(row, today)[0], badge=_state(row, today)[1]),
            on_phone="head",
        ),
        Column("Amount", lambda row: row.loan.loan_amount, Written.MONEY, sort="amount", on_phone="line"),
        Column("Rate a year", lambda row: row.loan.interest_rate, Written.RATE, sort="rate"),
        Column("Tenure", lambda row: row.loan.tenure, Written.MONTHS, on_page=False),
        Column("Instalment", lambda row: row.loan.monthly_installment, Written.MONEY),
        Column(
            "Paid on time",
            lambda row: row.loan.emis_paid_on_time,
            Written.NUMBER,
            shown=lambda row: Cell(f"{row.loan.emis_paid_on_time} of {row.loan.tenure}"),
        ),
        Column("Outstanding", lambda row: _of(row, "outstanding"), Written.MONEY),
        Column("Overdue", lambda row: _of(row, "overdue"), Written.MONEY, shown=_overdue, on_phone="line"),
        Column("Charges", lambda row: _of(row, "charges"), Written.MONEY, on_page=False),
        Column("Days past due", lambda row: _of(row, "days_past_due"), Written.NUMBER, on_page=False),
        Column("Unpaid since", _unpaid_since, Written.DAY, on_page=False),
        Column("Started", lambda row: row.loan.start_date, Written.DAY, sort="start"),
        Column("Ends", lambda row: row.loan.end_date, Written.DAY, on_page=False),
        Column(
            "Who", lambda row: authors.words(row.loan.created_by), shown=lambda row: authors.cell(row.loan.created_by)
        ),
    ]


def _page(query: LoansListQuery, place: Place) -> Page[LoanRow]:
    return lists.list_loans(runtime.database(), query.wanted(), place, today=runtime.today())


def _summary(query: LoansListQuery) -> Summary:
    return lists.sum_loans(runtime.database(), query.wanted(), runtime.today())


def _looked_first(query: LoansListQuery) -> str:
    return "longest overdue" if asks_for_late(query.wanted()) else "newest"


def _of(row: LoanRow, name: str) -> Value:
    """A figure of the standing; None of a loan that is not serviced here."""
    found: Value = getattr(row.listed.standing, name, None)
    return found


def _state(row: LoanRow, today: date) -> tuple[str, str]:
    if row.listed.standing is not None:
        return loan_badge(row.listed.standing)
    return ("Current", "good") if row.loan.is_current(today) else ("Ended", "plain")


def _overdue(row: LoanRow) -> Cell:
    standing: Standing | None = row.listed.standing
    if standing is None or not standing.days_past_due:
        return Cell(formats().money(None), quiet=True)
    return Cell(formats().money(standing.overdue), more=counted(standing.days_past_due, "day"), bad=True)


def _unpaid_since(row: LoanRow) -> Value:
    standing = row.listed.standing
    return standing.unpaid_from if standing and standing.days_past_due else None
