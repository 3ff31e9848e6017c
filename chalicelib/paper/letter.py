"""The decision on an application as a letter to the customer: what was approved, or why not and what would help."""

from collections.abc import Iterator

from chalicelib.paper.parts import Facts, Hand, Heading, Paper, Part, Points, Signatures, Words
from chalicelib.paper.plans import plan_rows
from chalicelib.rules.lender import Lender
from chalicelib.rules.reasons import Reason
from chalicelib.rules.schedule import schedule
from chalicelib.rules.sentences import change_sentence, counted, offer_sentences, reason_sentence
from chalicelib.rules.stored import reason_from_stored
from chalicelib.services.applications import counter_offer_of
from chalicelib.storage.applications import StoredApplication


def letter_paper(application: StoredApplication, customer_name: str, lender: Lender, write: Hand) -> Paper:
    """The letter of a decision, from what was stored with it; the same whenever it is printed."""
    number = application.application_id
    return Paper(
        title="Decision on your loan application",
        number=f"Application {number}",
        dated=write.plain_day(application.decided_on),
        lender=lender,
        recipient=[customer_name, f"Customer {application.customer_id}"],
        parts=[
            Words(f"Dear {customer_name},"),
            *(_approved(application, write) if application.approved else _refused(application, write)),
            *_closing(lender),
        ],
        file_name=f"application-{number}-letter",
    )


def _asked(application: StoredApplication, write: Hand) -> str:
    return (
        f"{write.money(application.loan_amount)} over {counted(application.tenure, 'month')} "
        f"at {write.rate(application.interest_rate)} a year"
    )


def _approved(application: StoredApplication, write: Hand) -> Iterator[Part]:
    rate = application.corrected_interest_rate
    plan = schedule(application.loan_amount, rate, application.tenure, application.decided_on)
    yield Words(f"You applied for a loan of {_asked(application, write)}.")
    yield Words("Your application is approved.", strong=True)
    if rate > application.interest_rate:
        yield Words(f"The interest rate is {write.rate(rate)} a year, which is higher than you asked for. This is why:")
        yield Points(_reasons(application, write, refuses=False))
    yield Heading("Your loan")
    yield Facts(
        [
            *([("Loan number", str(application.loan_id))] if application.loan_id else []),
            ("Amount", write.money(application.loan_amount)),
            ("Interest rate", f"{write.rate(rate)} a year, fixed"),
            ("Tenure", counted(application.tenure, "month")),
            ("Monthly instalment", write.money(application.monthly_installment)),
            ("First instalment due", write.plain_day(plan.rows[0].due_date)),
            ("Last instalment due", write.plain_day(plan.rows[-1].due_date)),
            ("Total interest", write.money(plan.total_interest)),
            ("Total to be paid", write.money(plan.total_paid)),
        ]
    )
    yield Heading("Your instalments")
    yield plan_rows(plan, write)


def _refused(application: StoredApplication, write: Hand) -> Iterator[Part]:
    yield Words(f"You applied for a loan of {_asked(application, write)}.")
    yield Words("We cannot approve this application.", strong=True)
    yield Heading("Why")
    yield Points(_reasons(application, write, refuses=True))
    offered = counter_offer_of(application)
    if offered is None:
        return
    if offered.changes:
        yield Heading("What would change this")
        yield Words("For the loan as you asked for it, all of this would have to change:")
        yield Points([change_sentence(change, write) for change in offered.changes])
    if offered.largest_amount or offered.shortest_tenure:
        yield Heading("What would have been approved instead")
        yield Points(offer_sentences(offered, write))
    else:
        yield Words("No other amount and no other tenure would have been approved.")
    yield Words(
        f"This follows from what we knew of you on {write.plain_day(application.decided_on)}. "
        "You may apply again at any time; the new application is decided from what we know then."
    )


def _reasons(application: StoredApplication, write: Hand, *, refuses: bool) -> list[str]:
    """The reasons in today's words; one that was stored before its figures were is told as it was told then."""
    told = []
    for stored in application.reasons:
        reason = reason_from_stored(stored)
        if Reason(stored["code"]).refuses is refuses:
            told.append(reason_sentence(reason, write) if reason else stored["sentence"])
    return told


def _closing(lender: Lender) -> Iterator[Part]:
    whom = f"our grievance officer: {lender.grievance_officer}" if lender.grievance_officer else lender.contact
    if whom:
        yield Words(f"If you do not agree with this decision, write to or call {whom}.")
    yield Signatures((f"For {lender.name}" if lender.name else "For the lender",))
