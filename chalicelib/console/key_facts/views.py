"""Key Facts Statements: the form to issue one, and the statement itself."""

import json
from collections.abc import Mapping
from dataclasses import replace

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.papers import PaperQuery, answer_paper
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.key_facts.fees import FIRST_ROWS, ROWS, amount_of_first, read_fees
from chalicelib.errors import CustomerNotFound, InvalidRequest, KeyFactsNotFound, RequestInFlight
from chalicelib.paper.key_facts import key_facts_paper
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.key_facts_models import KeyFactsBody
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.key_facts import LOAN_TYPE, Charged, PayableTo, Proposal
from chalicelib.rules.score import LoanRequest
from chalicelib.services import customers, key_facts
from chalicelib.services.idempotency import Once
from chalicelib.storage.key_facts import StoredStatement

PLAIN = ("loan_amount", "interest_rate", "tenure", "start_date", "loan_type")
# Of those that were issued to a customer before.
LATEST = 8


def view_new_key_facts(visit: Visit, customer_id: str) -> Response:
    """The form, filled with what the address says of the loan."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    given = {name: visit.query[name] for name in PLAIN if name in visit.query}
    return _form(visit, number, Form({"loan_type": LOAN_TYPE, **given}))


def issue_key_facts(visit: Visit, customer_id: str) -> Response:
    """Issues a statement, however often the button is pressed, and leads to it."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    once = Once[StoredStatement](idempotency.attempt_from(visit), lambda made: json.dumps(made.number))
    try:
        told = key_facts.issue(
            runtime.database(),
            number,
            _proposal(visit.form),
            lender=runtime.lender(),
            today=runtime.today(),
            author=visit.author,
            once=once,
        )
    except InvalidRequest as error:
        return _form(visit, number, Form.refused(visit.form, error), error.status)
    except RequestInFlight:
        return redirect(visit, f"customers/{number}/key-facts/", done="key-facts-underway")
    return redirect(visit, f"key-facts/{told.answer}/")


def view_key_facts(visit: Visit, number: str) -> Response:
    """A statement as it was issued."""
    found = key_facts.view(runtime.database(), number_in_path(number, KeyFactsNotFound, "Key Facts Statement"))
    customer_id = found.statement.customer_id
    back = ("Home", "") if customer_id is None else (f"{found.statement.customer_name}", f"customers/{customer_id}/")
    paper = key_facts_paper(found, runtime.formats())
    history = history_of(visit, SubjectKind.KEY_FACTS, found.number)
    return answer_paper(visit, paper, read(PaperQuery, visit.query), back=back, history=history)


def _form(visit: Visit, number: int, form: Form, status: int = 200) -> Response:
    database = runtime.database()
    names = customers.names_of(database, [number])
    if number not in names:
        raise CustomerNotFound(f"There is no customer {number}.")
    keyed = replace(form, values={**form.values, idempotency.FIELD: idempotency.new_key()})
    return page(
        visit,
        "key_facts/key_facts_new.html",
        status=status,
        form=keyed,
        customer_id=number,
        name=names[number],
        rows=range(1, ROWS + 1),
        first_rows=FIRST_ROWS,
        payable=[(PayableTo.LENDER.value, "The lender"), (PayableTo.THIRD_PARTY.value, "Third party")],
        charged=[(Charged.ONCE.value, "Once"), (Charged.MONTHLY.value, "Monthly")],
        issued=key_facts.latest_of(database, number, LATEST),
    )


def _proposal(typed: Mapping[str, str]) -> Proposal:
    """The loan and its fees as they were typed. Raises InvalidRequest with what is wrong about both."""
    fees, wrong = read_fees(typed)
    try:
        body = read(KeyFactsBody, {name: typed.get(name, "") for name in PLAIN})
    except InvalidRequest as error:
        raise InvalidRequest(error.sentence, {**error.fields, **wrong}) from None
    if wrong:
        raise InvalidRequest("The request is not valid.", wrong)
    request = LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
    proposal = key_facts.proposal_for(request, body.start_date or runtime.today(), fees=fees, loan_type=body.loan_type)
    try:
        key_facts.figures_of(proposal)
    except InvalidRequest as error:
        raise InvalidRequest(error.sentence, {amount_of_first(typed): error.fields["fees"]}) from None
    return proposal
