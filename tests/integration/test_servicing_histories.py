"""What is stored of a loan is what its facts make, whatever happened to it and in whatever order it was recorded."""

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import LoanError
from chalicelib.postgres.database import Database
from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.values import Fact, Intent, Kind, Terms
from chalicelib.services.servicing import Wanted
from chalicelib.services.servicing_accounts import view_account
from tests.support.lending import record
from tests.support.loan_lives import made_before, replayed, row, stored_position
from tests.support.people import TEST
from tests.support.servicing.histories import Life, lives

modest = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def made_on(database: Database, terms: Terms) -> int:
    """A loan on these terms that was made here when no disbursal was recorded."""
    return made_before(
        database,
        loan_amount=terms.principal,
        tenure=terms.tenure,
        interest_rate=terms.annual_rate,
        monthly_installment=terms.instalment,
        start_date=terms.start_date,
        end_date=None,
    )


def wanted(fact: Fact) -> Wanted:
    amount = None if fact.kind is Kind.REVERSAL else fact.amount
    return Wanted(fact.kind, amount, fact.value_date, fact.intent, fact.effect, fact.reverses)


def told(fact: Fact) -> Fact:
    """As it is recorded: a receipt that did not say what it is for is for instalments."""
    return fact._replace(intent=Intent.INSTALMENT) if fact.kind is Kind.RECEIPT and not fact.intent else fact


def check_stored(database: Database, loan_id: int) -> None:
    """The position is the replay's, the columns beside it are the position's, and the loan says what it says."""
    position = replayed(database, loan_id)
    assert stored_position(database, loan_id) == position
    columns = row(
        database,
        "SELECT principal * 100, charges * 100, credit * 100, unpaid_from, held, repayments_left, last_fact_on "
        "FROM loan_positions WHERE loan_id = :id",
        id=loan_id,
    )
    assert tuple(columns) == (
        position.principal,
        position.charges,
        position.credit,
        position.unpaid_from,
        position.held,
        position.repayments_left,
        position.on,
    )
    said = row(database, "SELECT emis_paid_on_time, end_date, is_open FROM loans WHERE loan_id = :id", id=loan_id)
    assert tuple(said) == (position.paid_on_time, position.end_date, position.is_open)


@modest
@given(life=lives(charged=False))
def test_a_life_is_stored_as_the_rules_have_it(database: Database, life: Life) -> None:
    loan_id = made_on(database, life.terms)
    for fact in life.facts[1:]:
        made = record(database, loan_id, wanted(fact), life.today, TEST)
        assert made.transaction.number == fact.number
    if life.facts[1:]:
        assert stored_position(database, loan_id) == life.position
        check_stored(database, loan_id)
    for day in (life.terms.start_date, life.today):
        assert view_account(database, loan_id, day).account == account(life.terms, map(told, life.facts), day)


@modest
@given(life=lives(charged=False), data=st.data())
def test_the_order_of_recording_changes_nothing(database: Database, life: Life, data: st.DataObject) -> None:
    loan_id = made_on(database, life.terms)
    facts = [fact for fact in life.facts[1:] if fact.kind is not Kind.REVERSAL]
    accepted = [life.facts[0]]
    for fact in data.draw(st.permutations(facts)):
        with suppress(LoanError):
            record(database, loan_id, wanted(fact), life.today, TEST)
            accepted.append(fact)
    if len(accepted) > 1:
        assert stored_position(database, loan_id) == fold(life.terms, accepted)
        check_stored(database, loan_id)
