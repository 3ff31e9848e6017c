"""Key Facts Statements: what a loan costs with all its fees, under a number, as JSON or as a PDF."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import FILE_ELSEWHERE, OF_A_WRITE, Link, created, ok
from chalicelib.api.forms import ELSE_ACCEPT, form_of
from chalicelib.api.responses import FileLink, Reply, Text, to_json
from chalicelib.api.schedules import schedule_answered
from chalicelib.api.taking import IdempotencyKey, KeyFactsNumber
from chalicelib.errors import CustomerNotFound, PdfCannotWrite, Unavailable
from chalicelib.requests.key_facts_models import KeyFactsBody, PaperQuery
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.key_facts import Charged, KeyFacts, PayableTo, Proposal, total
from chalicelib.rules.score import LoanRequest
from chalicelib.services import key_facts
from chalicelib.services.idempotency import Once
from chalicelib.storage.key_facts import StoredStatement

if TYPE_CHECKING:
    from chalicelib.api.answers import key_facts as answers


@endpoints.add(
    "POST",
    "/api/key-facts",
    Operation.ISSUE_KEY_FACTS,
    created(
        "The statement with its number.",
        headers=("Idempotency-Replayed",),
        links={"statement": Link("The same again.", "view_key_facts", {"path.number": "$response.body#/number"})},
    ),
    tag="Loans",
    raises=(CustomerNotFound, *OF_A_WRITE),
    note="Fees charged once are kept back at the disbursal; monthly ones are due with every instalment. The APR is 12 "
    "x the monthly rate at which the instalments and monthly fees repay what the customer gets.",
)
def issue_key_facts(
    call: Call, body: KeyFactsBody, attempt: IdempotencyKey, scope: Scope
) -> "Reply[answers.KeyFactsStatement]":
    """Issues a Key Facts Statement with its APR, and keeps it."""
    proposal = key_facts.proposal_for(
        LoanRequest(body.loan_amount, body.interest_rate, body.tenure),
        body.start_date or runtime.today(),
        fees=[each.fee() for each in body.fees],
        loan_type=body.loan_type,
    )
    told = key_facts.issue(
        runtime.database(),
        body.customer_id,
        proposal,
        lender=runtime.lender(),
        today=runtime.today(),
        author=call.author,
        once=Once[StoredStatement](attempt, lambda made: to_json(_statement(made))),
        scope=scope,
    )
    return Reply(Text(told.answer), {"Idempotency-Replayed": "true"} if told.replayed else {})


@endpoints.add(
    "GET",
    "/api/key-facts/{number}",
    Operation.READ_APPLICATIONS,
    ok("The statement as it was issued."),
    FILE_ELSEWHERE,
    tag="Loans",
    raises=(PdfCannotWrite, Unavailable),
    note=f"`format` says in which form: `json`, or `pdf`, which is downloaded through a link. {ELSE_ACCEPT}",
)
def view_key_facts(
    call: Call, number: KeyFactsNumber, query: PaperQuery, scope: Scope
) -> "Reply[answers.KeyFactsStatement] | FileLink":
    """A Key Facts Statement as it was issued, as JSON or as a PDF."""
    found = key_facts.view(runtime.database(), number, scope)
    return _pdf(found) if form_of(call.request, query.format, ("json", "pdf")) == "pdf" else Reply(_statement(found))


def _pdf(found: StoredStatement) -> FileLink:
    # Load Babel, what writes PDFs and the AWS client, which the other form does without.
    from chalicelib.paper.files import pdf_link
    from chalicelib.paper.key_facts import key_facts_paper

    paper = key_facts_paper(found, runtime.formats())
    bucket = runtime.settings().import_bucket
    return FileLink(pdf_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, paper=paper))


def _statement(found: StoredStatement) -> "answers.KeyFactsStatement":
    said = found.statement
    proposal, figures = said.proposal, key_facts.figures_of(said.proposal)
    terms = proposal.terms
    return {
        "number": found.number,
        "rule": said.rule,
        "customer_id": said.customer_id,
        "customer_name": said.customer_name,
        "issued_on": said.issued_on,
        "valid_until": said.valid_until,
        "loan_type": proposal.loan_type,
        "loan_amount": terms.principal,
        "interest_rate": terms.annual_rate,
        "interest_type": "fixed",
        "tenure": terms.tenure,
        "monthly_installment": terms.instalment,
        "instalments": len(figures.plan.rows),
        "first_due_date": figures.plan.rows[0].due_date,
        "fees": [
            {"name": fee.name, "amount": fee.amount, "payable_to": fee.payable_to, "charged": fee.charged}
            for fee in proposal.fees
        ],
        "apr": figures.apr,
        "computation": _computation(proposal, figures),
        "penal_charge": terms.penal_charge,
        "grace_days": terms.grace_days,
        "prepayment_charge": terms.prepayment_charge,
        "class_dates": [{"code": each.code, "date": each.day} for each in figures.classes],
        "lender": _lender(found),
        "schedule": schedule_answered(figures.plan),
    }


def _computation(proposal: Proposal, figures: KeyFacts) -> "answers.KeyFactsComputation":
    fees = proposal.fees
    return {
        "loan_amount": proposal.terms.principal,
        "fees_once_to_lender": total(fees, Charged.ONCE, PayableTo.LENDER),
        "fees_once_to_third_parties": total(fees, Charged.ONCE, PayableTo.THIRD_PARTY),
        "fees_monthly_to_lender": total(fees, Charged.MONTHLY, PayableTo.LENDER),
        "fees_monthly_to_third_parties": total(fees, Charged.MONTHLY, PayableTo.THIRD_PARTY),
        "net_disbursed": figures.received,
        "total_interest": figures.plan.total_interest,
        "total_paid": figures.total_paid,
        "total_fees": figures.total_fees,
        "total_cost": figures.total_cost,
    }


def _lender(found: StoredStatement) -> "answers.KeyFactsLender":
    said = found.statement.lender
    return {
        "name": said.name,
        "address": said.address,
        "contact": said.contact,
        "grievance_officer": said.grievance_officer,
        "grievance_clause": said.grievance_clause,
        "recovery_clause": said.recovery_clause,
        "recovery_agents": said.recovery_agents,
        "transfer": said.transfer,
        "co_lending": said.co_lending,
        "switching": said.switching,
        "cooling_off_days": said.cooling_off_days,
        "key_facts_days": said.key_facts_days,
    }
