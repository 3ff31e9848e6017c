"""The opening of a loan that was made elsewhere: proposed as if so many instalments were paid, and confirmed."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.recording import record_once
from chalicelib.console.loans.refused import refused_form
from chalicelib.errors import InvalidRequest, LoanNotFound, TransactionRefused
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.models import Day
from chalicelib.requests.servicing_models import OpeningBody, OpeningQuery
from chalicelib.rules.figures import rupees
from chalicelib.rules.servicing.days import due_date
from chalicelib.services import customers, servicing_accounts
from chalicelib.services.servicing_accounts import LoanAccount
from chalicelib.storage.loans import LoanOnRecord

DONE = "opening-recorded"
FIELDS = ("amount", "interest_due", "value_date", "first_unpaid_due_date", "instalments_left")
# What the rules call the fields of a proposal.
_ASKED = {"value_date": "on", "opening": "paid"}


class TypedOpening(OpeningBody):
    """An opening as it was confirmed, with its day."""

    value_date: Day


def view_opening(visit: Visit, loan_id: str) -> Response:
    """What the opening would be, to be confirmed or corrected."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    typed = {name: visit.query[name] for name in ("on", "paid") if name in visit.query}
    database, today = runtime.database(), runtime.today()
    seen = servicing_accounts.view_account(database, number, today)
    try:
        query = read(OpeningQuery, typed)
        proposed = servicing_accounts.propose(database, number, query.on or today, paid=query.paid)
    except InvalidRequest as error:
        fields = {_ASKED.get(name, name): sentences for name, sentences in error.fields.items()}
        return _page(visit, seen, Form.refused(typed, InvalidRequest(error.sentence, fields)), None, error.status)
    except TransactionRefused as error:
        return _page(visit, seen, refused_form(typed, error), None, error.status)
    fact, opening = proposed.fact, proposed.fact.opening
    assert opening is not None
    confirmed = {
        "amount": rupees(fact.amount),
        "interest_due": rupees(opening.interest_due),
        "value_date": fact.value_date.isoformat(),
        "first_unpaid_due_date": opening.first_unpaid_due_date.isoformat(),
        "instalments_left": opening.instalments_left,
        idempotency.FIELD: idempotency.new_key(),
    }
    asked = Form({"on": fact.value_date.isoformat(), "paid": proposed.paid})
    return _page(visit, seen, asked, Form(confirmed))


def record_opening(visit: Visit, loan_id: str) -> Response:
    """Begins the servicing of a loan, and leads to it."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    try:
        body = read(TypedOpening, visit.form)
        return record_once(visit, number, body.wanted(), DONE)
    except (InvalidRequest, TransactionRefused) as error:
        seen = servicing_accounts.view_account(runtime.database(), number, runtime.today())
        typed = {**dict.fromkeys(FIELDS, ""), idempotency.FIELD: idempotency.new_key(), **visit.form}
        asked = Form({"on": visit.form.get("value_date", ""), "paid": ""})
        return _page(visit, seen, asked, refused_form(typed, error), error.status)


def download_openings(visit: Visit) -> Response:
    """Leads to the workbook of proposed openings in S3."""
    # Loads openpyxl, which pages do without.
    from chalicelib.services.opening_books import openings_link

    bucket = runtime.settings().import_bucket
    link = openings_link(runtime.database(), runtime.s3(), runtime.signing_s3(), bucket=bucket, today=runtime.today())
    return redirect_to_file(visit, link)


def _page(visit: Visit, seen: LoanAccount, asked: Form, form: Form | None, status: int = 200) -> Response:
    loan, today = seen.loan, runtime.today()
    return page(
        visit,
        "loans/opening.html",
        status=status,
        loan=loan,
        customer_name=customers.names_of(runtime.database(), [loan.customer_id])[loan.customer_id],
        asked=asked,
        form=form,
        today=today,
        last_due=_last_due(loan),
    )


def _last_due(loan: LoanOnRecord) -> object:
    return due_date(loan.start_date, loan.tenure)
