"""The Key Facts Statement on paper, in the order of RBI's circular of 15 April 2024, Annexes A to C."""

from collections.abc import Iterator

from chalicelib.paper.parts import Facts, Hand, Heading, Paper, Part, Rows, Signatures, Words, said
from chalicelib.paper.plans import plan_rows
from chalicelib.rules.key_facts import Charged, Fee, KeyFacts, PayableTo, Proposal, key_facts, total
from chalicelib.rules.sentences import counted
from chalicelib.rules.servicing.values import Terms
from chalicelib.storage.key_facts import StoredStatement

TITLE = "Key Facts Statement"
PAYABLE = {PayableTo.LENDER: "The lender", PayableTo.THIRD_PARTY: "A third party, through the lender"}
CHARGED = {Charged.ONCE: "Once, kept back when the loan is paid out", Charged.MONTHLY: "With every instalment"}
FEE_WIDTHS = (30, 28, 27, 15)


def number_of(found: StoredStatement) -> str:
    """The number of a statement as it is printed."""
    return f"KFS {found.number}"


def key_facts_paper(found: StoredStatement, write: Hand) -> Paper:
    """A statement as it was issued: everything follows from what was stored that day."""
    issued = found.statement
    figures = key_facts(issued.proposal)
    return Paper(
        title=TITLE,
        number=number_of(found),
        dated=write.plain_day(issued.issued_on),
        lender=issued.lender,
        recipient=_recipient(found),
        parts=[
            Words(f"Valid until {write.plain_day(issued.valid_until)}.", strong=True),
            Heading("Part 1: interest rate, fees and charges"),
            Facts(list(_first(found, figures, write))),
            *_fees(issued.proposal, figures, write),
            Heading("Contingent charges"),
            Facts(list(_contingent(found, write))),
            Heading("Part 2: other information"),
            Facts(list(_second(found))),
            Heading("If instalments are not paid"),
            *_classes(figures, write),
            Heading("How the annual percentage rate is computed"),
            Facts(list(_sheet(issued.proposal, figures, write))),
            Words(
                "The annual percentage rate (APR) is 12 times the monthly rate at which the instalments, with the fees "
                "charged monthly, repay the net disbursed amount: an internal rate of return by the reducing balance "
                "method. It is a nominal rate, to two decimals, and counts each instalment to the paisa."
            ),
            Heading("Repayment schedule"),
            plan_rows(figures.plan, write),
            Words(
                "No fee or charge that is not mentioned in this statement may be charged during the term of the loan "
                "without the explicit consent of the borrower."
            ),
            Words("I have read this statement, it was explained to me, and I have understood it."),
            Signatures(("Borrower, place and date", "For the lender")),
        ],
        file_name=f"key-facts-{found.number}",
    )


def _recipient(found: StoredStatement) -> list[str]:
    issued = found.statement
    if issued.customer_name is None:
        return ["For an applicant who is not a customer yet"]
    return [issued.customer_name, f"Customer {issued.customer_id}"]


def _first(found: StoredStatement, figures: KeyFacts, write: Hand) -> Iterator[tuple[str, str]]:
    proposal = found.statement.proposal
    terms = proposal.terms
    yield "1. Loan proposal", f"{number_of(found)}, {proposal.loan_type}"
    yield "2. Sanctioned amount", write.money(terms.principal)
    yield "3. Disbursal", f"All at once, on {write.plain_day(terms.start_date)}"
    yield "4. Loan term", counted(terms.tenure, "month")
    yield "5. Instalments", _instalments(terms, figures, write)
    yield "6. Interest rate", f"{write.rate(terms.annual_rate)} a year, fixed"
    yield "7. Floating rate", "Does not apply: the rate is fixed"
    yield "8. Fees", f"{write.money(figures.total_fees)} in all, see below" if proposal.fees else "None"
    yield "9. Annual percentage rate (APR)", write.rate(figures.apr)
    yield "10. Contingent charges", "See below"


def _instalments(terms: Terms, figures: KeyFacts, write: Hand) -> str:
    first, last = figures.plan.rows[0], figures.plan.rows[-1]
    if first is last:
        return f"1 instalment of {write.money(last.instalment)}, due on {write.plain_day(last.due_date)}"
    return (
        f"{len(figures.plan.rows)} equated monthly instalments of {write.money(terms.instalment)}, the first due on "
        f"{write.plain_day(first.due_date)}; the last is {write.money(last.instalment)}"
    )


def _fees(proposal: Proposal, figures: KeyFacts, write: Hand) -> Iterator[Part]:
    if not proposal.fees:
        return
    yield Heading("Fees")
    foot = ("Over the whole term", "", "", write.exact_money(figures.total_fees))
    rows = [_fee(fee, write) for fee in proposal.fees]
    yield Rows(("Fee", "Payable to", "Charged", "Amount"), rows, figures=3, foot=foot, widths=FEE_WIDTHS)


def _fee(fee: Fee, write: Hand) -> tuple[str, str, str, str]:
    return fee.name, PAYABLE[fee.payable_to], CHARGED[fee.charged], write.exact_money(fee.amount)


def _contingent(found: StoredStatement, write: Hand) -> Iterator[tuple[str, str]]:
    terms = found.statement.proposal.terms
    yield "Penal charges for late payment", _penal(terms, write)
    yield "Other penal charges", "None"
    yield (
        "Prepayment and foreclosure",
        f"{write.rate(terms.prepayment_charge)} of the principal prepaid" if terms.prepayment_charge else "None",
    )
    yield "Switching between fixed and floating rates", found.statement.lender.switching or "Not offered"
    yield "Any other charges", "None"


def _penal(terms: Terms, write: Hand) -> str:
    if not terms.penal_charge:
        return "None"
    return (
        f"{write.money(terms.penal_charge)} for each instalment that is not paid "
        f"{counted(terms.grace_days, 'day')} after its due date; it bears no interest"
    )


def _second(found: StoredStatement) -> Iterator[tuple[str, str]]:
    lender = found.statement.lender
    days = lender.cooling_off_days
    yield "1. Recovery agents: clause of the agreement", said(lender.recovery_clause)
    yield "2. Grievance redressal: clause of the agreement", said(lender.grievance_clause)
    yield "3. Nodal grievance redressal officer", said(lender.grievance_officer)
    yield "4. Transfer to other lenders or securitisation", said(lender.transfer)
    yield "5. Co-lending: lenders, shares, blended rate", lender.co_lending or "None: the lender alone funds the loan"
    yield (
        "6. (i) Cooling-off period",
        said("")
        if days is None
        else f"{counted(days, 'day')} from the disbursal, in which the loan may be repaid without any penalty",
    )
    yield "6. (ii) Who may approach the borrower for recovery", said(lender.recovery_agents)


def _classes(figures: KeyFacts, write: Hand) -> Iterator[Part]:
    due = write.plain_day(figures.plan.rows[0].due_date)
    yield Words(
        f"If the first instalment, due on {due}, and all after it stayed unpaid, the loan would be classified at the "
        "end of these days:"
    )
    yield Rows(("Class", "At the end of"), [(each.code, write.plain_day(each.day)) for each in figures.classes], 2)


def _sheet(proposal: Proposal, figures: KeyFacts, write: Hand) -> Iterator[tuple[str, str]]:
    terms, plan, exact = proposal.terms, figures.plan, write.exact_money
    yield "1. Sanctioned amount", exact(terms.principal)
    yield "2. Term", counted(terms.tenure, "month")
    yield "a. Instalments", f"{len(plan.rows)} of {exact(terms.instalment)}"
    yield "3. Interest rate type", "Fixed"
    yield "4. Interest rate a year", write.rate(terms.annual_rate)
    yield "5. Total interest", exact(plan.total_interest)
    yield "6. Fees charged once", exact(figures.once)
    for letter, payable_to, words in (
        ("A", PayableTo.LENDER, "the lender"),
        ("B", PayableTo.THIRD_PARTY, "third parties"),
    ):
        yield f"{letter}. Payable to {words}", exact(total(proposal.fees, Charged.ONCE, payable_to))
    if figures.monthly:
        yield "Fees charged monthly", f"{exact(figures.monthly)} with each instalment"
    yield "7. Net disbursed amount (1 − 6)", exact(figures.received)
    yield "8. Total to be paid (1 + 5)", exact(figures.total_paid)
    yield "9. Annual percentage rate", write.rate(figures.apr)
    yield "10. Disbursal", f"All at once, on {write.plain_day(terms.start_date)}"
    yield "11. Due dates", "The schedule below has each"
