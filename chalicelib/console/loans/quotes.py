"""What pays a loan off, and what a prepayment would change: to be read out or printed, before anything is recorded."""

from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.refused import refused_form
from chalicelib.errors import InvalidRequest, LoanNotFound, TransactionRefused
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.servicing_models import PrepaymentQuery, SettlementQuery
from chalicelib.services import customers, loans, servicing_accounts
from chalicelib.storage.loans import LoanOnRecord


def view_settlement(visit: Visit, loan_id: str) -> Response:
    """What pays the loan off on a day, in its parts, and on the ten days after it."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    database, today = runtime.database(), runtime.today()
    typed = {"on": visit.query.get("on", today.isoformat())}
    try:
        found = servicing_accounts.quote_settlement(database, number, read(SettlementQuery, typed).on or today)
    except (InvalidRequest, TransactionRefused) as error:
        loan = loans.view_on_record(database, number)
        return _page(visit, "loans/settlement.html", loan, refused_form(typed, error), error.status, quote=None)
    return _page(visit, "loans/settlement.html", found.loan, Form(typed), quote=found.settlement)


def view_prepayment(visit: Visit, loan_id: str) -> Response:
    """A prepayment of today by both effects, beside none."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    database, today = runtime.database(), runtime.today()
    loan = loans.view_on_record(database, number)
    typed = {"amount": visit.query["amount"]} if "amount" in visit.query else {}
    if not typed:
        return _page(visit, "loans/prepayment.html", loan, Form(), compared=None)
    try:
        amount = read(PrepaymentQuery, typed).amount
        compared = servicing_accounts.compare_prepayments(database, number, amount, on=today)
    except (InvalidRequest, TransactionRefused) as error:
        # The form has no purpose to put a sentence beside.
        form = refused_form(typed, error)
        return _page(visit, "loans/prepayment.html", loan, form, error.status, compared=None)
    return _page(visit, "loans/prepayment.html", loan, Form(typed), compared=compared, amount=amount)


def _page(visit: Visit, template: str, loan: LoanOnRecord, form: Form, status: int = 200, **values: Any) -> Response:
    names = customers.names_of(runtime.database(), [loan.customer_id])
    return page(
        visit,
        template,
        status=status,
        loan=loan,
        customer_name=names[loan.customer_id],
        form=form,
        today=runtime.today(),
        **values,
    )
