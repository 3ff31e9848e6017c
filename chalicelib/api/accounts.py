"""What a loan owes: its account, what settles it, and the opening of one that was made elsewhere."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Link, ok
from chalicelib.api.standing import paid_answered, split_answered, standing_answered, transaction_answered
from chalicelib.api.taking import LoanNumber
from chalicelib.errors import InArrears, LoanAlreadyServiced, LoanClosed, LoanNotServiced, LoanWrittenOff
from chalicelib.requests.servicing_models import AccountQuery, OpeningQuery, PrepaymentQuery, SettlementQuery
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.servicing.instalments import Instalment
from chalicelib.rules.servicing.prepayment import Prepaid, Prospect
from chalicelib.rules.servicing.values import Effect
from chalicelib.services import servicing_accounts

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers

_LOAN = {"path.loan_id": "$response.body#/loan_id"}


def _prepay(effect: Effect) -> Link:
    body = {"amount": "$response.body#/amount", "intent": "prepayment", "effect": effect.value}
    return Link("Prepays with this effect.", "record_receipt", _LOAN, body=body)


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/account",
    Operation.READ_LOANS,
    ok(
        "The account.",
        links={
            "settlement": Link("What pays it off.", "quote_settlement", _LOAN),
            "statement": Link("Its statement of account.", "view_statement", _LOAN),
            "receipt": Link(
                "Pays the next instalment.",
                "record_receipt",
                _LOAN,
                body={"amount": "$response.body#/account/next_instalment/amount"},
            ),
        },
    ),
    tag="Servicing",
    note="Facts with a later value date are left out; what was reversed is left out on all days.",
)
def view_account(loan_id: LoanNumber, query: AccountQuery, scope: Scope) -> "answers.LoanAccount":
    """What a loan owes on a day, and its instalments with what covered each."""
    day = query.as_of or runtime.today()
    found = servicing_accounts.view_account(runtime.database(), loan_id, day, scope=scope)
    splits = {entry.fact.number: entry.split for entry in found.account.entries}
    return {
        "loan_id": loan_id,
        "customer_id": found.loan.customer_id,
        "account": standing_answered(found.account.standing),
        "instalments": [_instalment(each) for each in found.account.instalments],
        "transactions": [
            {**transaction_answered(each), "split": paid_answered(splits.get(each.number))}
            for each in found.transactions
        ],
    }


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/settlement",
    Operation.READ_LOANS,
    ok(
        "The quote.",
        links={
            "receipt": Link(
                "Settles the loan.",
                "record_receipt",
                _LOAN,
                body={
                    "amount": "$response.body#/total",
                    "value_date": "$response.body#/on",
                    "intent": "settlement",
                },
            )
        },
    ),
    tag="Servicing",
    raises=(LoanNotServiced, LoanClosed, LoanWrittenOff),
)
def quote_settlement(loan_id: LoanNumber, query: SettlementQuery, scope: Scope) -> "answers.SettlementQuote":
    """What pays a loan off on a day, and on the ten days that follow."""
    day = query.on or runtime.today()
    quote = servicing_accounts.quote_settlement(runtime.database(), loan_id, day, scope=scope).settlement
    return {
        "loan_id": loan_id,
        "on": quote.on,
        "principal": quote.principal,
        "interest": quote.interest,
        "charges": quote.charges,
        "prepayment_charge": quote.prepayment_charge,
        "total": quote.total,
        "per_day": quote.per_day,
        "next_days": [{"on": each, "total": total} for each, total in quote.next_days],
    }


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/prepayment",
    Operation.READ_LOANS,
    ok("Both effects.", links={effect.value: _prepay(effect) for effect in Effect}),
    tag="Servicing",
    raises=(LoanNotServiced, LoanClosed, LoanWrittenOff, InArrears),
    note="On a day to come, as if nothing happened until then.",
)
def compare_prepayment(loan_id: LoanNumber, query: PrepaymentQuery, scope: Scope) -> "answers.ComparedPrepayment":
    """What a prepayment would change: fewer instalments or lower ones, beside none."""
    day = query.on or runtime.today()
    found = servicing_accounts.compare_prepayments(runtime.database(), loan_id, query.amount, on=day, scope=scope)
    return {
        "loan_id": loan_id,
        "on": day,
        "amount": query.amount,
        "without": _prospect(found.without),
        "shorter_tenure": _prepaid(found.shorter_tenure),
        "lower_instalment": _prepaid(found.lower_instalment),
    }


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/opening",
    Operation.READ_LOANS,
    ok(
        "The proposal.",
        links={
            "opening": Link(
                "Confirms it.",
                "open_loan",
                _LOAN,
                body={
                    name: f"$response.body#/{name}"
                    for name in ("amount", "value_date", "interest_due", "first_unpaid_due_date", "instalments_left")
                },
            )
        },
    ),
    tag="Servicing",
    raises=(LoanAlreadyServiced,),
    note="Without `paid`, all instalments that are due by `on` are taken as paid, but for the last.",
)
def propose_opening(loan_id: LoanNumber, query: OpeningQuery, scope: Scope) -> "answers.ProposedOpening":
    """The opening of a loan that was made elsewhere, as if so many instalments had been paid on their due dates."""
    day = query.on or runtime.today()
    found = servicing_accounts.propose(runtime.database(), loan_id, day, paid=query.paid, scope=scope)
    opening = found.fact.opening
    assert opening
    return {
        "loan_id": loan_id,
        "paid": found.paid,
        "amount": found.fact.amount,
        "value_date": found.fact.value_date,
        "interest_due": opening.interest_due,
        "first_unpaid_due_date": opening.first_unpaid_due_date,
        "instalments_left": opening.instalments_left,
    }


def _prospect(seen: Prospect) -> "answers.LoanProspect":
    return {
        "instalment": seen.instalment,
        "instalments_left": seen.instalments_left,
        "end_date": seen.end_date,
        "interest_to_pay": seen.interest,
    }


def _prepaid(way: Prepaid) -> "answers.PrepaymentEffect":
    return {**_prospect(way.prospect), "split": split_answered(way.split), "interest_saved": way.interest_saved}


def _instalment(row: Instalment) -> "answers.LoanInstalment":
    return {
        "number": row.number,
        "due_date": row.due_date,
        "demanded": row.demanded,
        "paid": row.paid,
        "left": row.left,
        "state": row.state,
        "covered_on": row.covered_on,
        "covered_by": [
            {"transaction": cover.fact, "value_date": cover.value_date, "amount": cover.amount}
            for cover in row.covered_by
        ],
    }
