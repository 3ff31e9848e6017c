"""The queries on loan applications: every one is kept, with what it was decided from."""

from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, insert

from chalicelib.rules.decision import Decision
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.storage.tables import loan_applications


def add(
    connection: Connection,
    customer_id: int,
    request: LoanRequest,
    facts: Facts,
    decision: Decision,
    decided_on: date,
    loan_id: int | None,
) -> int:
    """Inserts an application with its facts and result, and returns its number."""
    statement = (
        insert(loan_applications)
        .values(
            customer_id=customer_id,
            loan_amount=request.loan_amount,
            interest_rate=request.interest_rate,
            tenure=request.tenure,
            decided_on=decided_on,
            policy=decision.policy,
            facts=stored_facts(facts),
            approved=decision.approved,
            score=decision.score,
            reasons=[reason.code for reason in decision.reasons],
            corrected_interest_rate=decision.corrected_interest_rate,
            monthly_installment=decision.monthly_installment,
            loan_id=loan_id,
        )
        .returning(loan_applications.c.application_id)
    )
    return int(connection.execute(statement).scalar_one())


def stored_facts(facts: Facts) -> dict[str, int | str]:
    """Facts as JSON keeps them: money as text, because a JSON number may be read back as a float."""
    return {name: value if isinstance(value, int) else str(value) for name, value in asdict(facts).items()}
