"""The list of transactions: what was received, disbursed, refunded, waived and undone, of all loans."""

from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.lending_list import AMOUNTS, AmountsListQuery, Whose, customer_columns
from chalicelib.console.frame.listing import Column, Filter, Input, List, Options, answer_list
from chalicelib.console.frame.lists import periods
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.words import INTENTS, title_of
from chalicelib.paper.words import KINDS
from chalicelib.requests.models import LoanNumber
from chalicelib.rules.servicing.values import Intent, Kind
from chalicelib.rules.typed.names import full_name
from chalicelib.services import lists
from chalicelib.services.list_files import Written
from chalicelib.storage.listing import Page, Place, Summary
from chalicelib.storage.transaction_list import ORDERS, ListedTransaction, Wanted

KIND_OPTIONS: Options = [(kind.value, KINDS[kind]) for kind in Kind]
INTENT_OPTIONS: Options = [(intent.value, f"{words[:1].upper()}{words[1:]}") for intent, words in INTENTS.items()]
REVERSED: Options = [("no", "No"), ("yes", "Yes")]


class TransactionsListQuery(AmountsListQuery):
    """The address of the list."""

    kind: Annotated[Kind, Field(description=f"one of {', '.join(Kind)}")] | None = None
    intent: Annotated[Intent, Field(description=f"one of {', '.join(Intent)}")] | None = None
    reversed: Annotated[Literal["yes", "no"], Field(description="yes or no")] | None = None
    loan_id: LoanNumber | None = None

    def wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(
            **self.lending(),
            kind=self.kind,
            intent=self.intent,
            reversed=None if self.reversed is None else self.reversed == "yes",
            loan_id=self.loan_id,
        )


def list_transactions(visit: Visit) -> Response:
    """Transactions, the newest first, or as the address says."""
    return answer_list(visit, _list(Authors(), visit.query.get("who")), "loans/transactions.html")


def _list(authors: Authors, who: str | None) -> List[TransactionsListQuery, ListedTransaction]:
    return List(
        "transactions",
        "transaction",
        "transactions",
        TransactionsListQuery,
        ORDERS,
        filters=(
            Filter("kind", "Kind", Input.CHOICE, KIND_OPTIONS),
            Filter("from", "From", Input.DAY),
            Filter("to", "To", Input.DAY),
            Filter("who", "Who", Input.CHOICE, authors.options(who)),
            Filter("reversed", "Reversed", Input.CHOICE, REVERSED),
            Filter("intent", "What for", Input.CHOICE, INTENT_OPTIONS, is_rare=True),
            *AMOUNTS,
            Filter("loan_id", "Loan number", Input.NUMBER, is_rare=True),
        ),
        columns=_columns(authors),
        number_of=lambda each: each.transaction_id,
        page_of=_page,
        summary_of=_summary,
        total=_total,
        shortcuts=[
            ("Receipts", {"kind": Kind.RECEIPT.value, "reversed": "no"}),
            *periods(runtime.today()),
        ],
    )


def _whose(each: ListedTransaction) -> Whose:
    return Whose(each.customer_id, full_name(each.first_name, each.last_name), each.phone_number)


def _columns(authors: Authors) -> list[Column[ListedTransaction]]:
    return [
        Column(
            "Loan",
            lambda each: each.loan_id,
            Written.NUMBER,
            shown=lambda each: Cell(f"Loan {each.loan_id}", f"loans/{each.loan_id}/#ledger"),
        ),
        Column("Number", lambda each: each.number, Written.NUMBER, on_page=False),
        *customer_columns(_whose),
        Column("Date", lambda each: each.value_date, Written.DAY, sort="day", on_phone="line"),
        Column("What", title_of, shown=_what, on_phone="line"),
        Column("Reversed", lambda each: "Yes" if each.is_reversed else "No", on_page=False),
        Column("Amount", lambda each: each.amount, Written.MONEY, sort="amount", on_phone="head"),
        Column("Reference", lambda each: each.reference),
        Column("Channel", lambda each: each.channel, on_page=False),
        Column("Reason", lambda each: each.reason, on_page=False),
        Column("Recorded", lambda each: each.recorded_at, Written.MOMENT, on_page=False),
        Column("Who", lambda each: authors.words(each.created_by), shown=lambda each: authors.cell(each.created_by)),
    ]


def _what(each: ListedTransaction) -> Cell:
    return Cell(title_of(each), more="Reversed" if each.is_reversed else None)


def _total(query: TransactionsListQuery) -> str | None:
    """Of one kind: what was received and what was disbursed do not add up to anything."""
    return None if query.kind is None else f"of {KINDS[query.kind].lower()}s"


def _page(query: TransactionsListQuery, place: Place) -> Page[ListedTransaction]:
    return lists.list_transactions(runtime.database(), query.wanted(), place)


def _summary(query: TransactionsListQuery) -> Summary:
    return lists.sum_transactions(runtime.database(), query.wanted())
