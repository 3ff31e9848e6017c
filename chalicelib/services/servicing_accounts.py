"""The use cases that look at the life of a loan: each reads it in one statement and asks the rules."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.errors import InvalidRequest
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.servicing import account as accounts
from chalicelib.rules.servicing import prepayment, settlement, statement
from chalicelib.rules.servicing.account import Account
from chalicelib.rules.servicing.opening import due_but_the_last, propose_opening
from chalicelib.rules.servicing.prepayment import Comparison
from chalicelib.rules.servicing.refusals import Code, already_serviced, check_open
from chalicelib.rules.servicing.settlement import Settlement
from chalicelib.rules.servicing.statement import Statement
from chalicelib.rules.servicing.values import Fact, Terms
from chalicelib.rules.wording import Sentence
from chalicelib.services.servicing import disbursed
from chalicelib.services.servicing_lives import check_day, check_reachable, read_life
from chalicelib.services.servicing_refusals import told_refusals
from chalicelib.storage.lives import Life, agreed_terms
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.servicing import END_OF_DAY, Asked, Transaction

_OF_A_PROPOSAL = {Code.OPENING_INVALID: "paid", Code.BEFORE_DISBURSAL: "on"}


@dataclass(frozen=True)
class LoanAccount:
    """A loan on a day, with all its transactions in the order of recording, whatever their dates.

    `since` is the day from which the loan is serviced here, None if it needs an opening first. The status of
    `account.standing` is NOT_SERVICED before that day.
    """

    loan: LoanOnRecord
    terms: Terms
    account: Account
    since: date | None
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True)
class LoanSettlement:
    """What pays a loan off."""

    loan: LoanOnRecord
    settlement: Settlement


@dataclass(frozen=True)
class LoanStatement:
    """A statement of account with the transactions that its lines are about."""

    loan: LoanOnRecord
    terms: Terms
    statement: Statement
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True)
class ProposedOpening:
    """An opening that a person can confirm: the fact, and how many instalments it takes as paid."""

    loan: LoanOnRecord
    fact: Fact
    paid: int


@retried
def view_account(database: Database, loan_id: int, as_of: date, *, scope: Scope = EVERYBODY) -> LoanAccount:
    """The account of a loan on any day, past or future. Raises LoanNotFound, and InvalidRequest if that is too far."""
    check_reachable(as_of, "as_of")
    with database.reading() as connection:
        life = read_life(connection, loan_id, Asked(history=True), scope=scope)
    seen = accounts.account(life.terms, life.facts or (), as_of)
    return LoanAccount(life.loan, life.terms, seen, life.position.since, _transactions(life))


@retried
def quote_settlement(database: Database, loan_id: int, on: date, *, scope: Scope = EVERYBODY) -> LoanSettlement:
    """What pays a loan off on a day. A settlement of that value date takes exactly this.

    Raises LoanNotFound, LoanNotServiced, LoanClosed and LoanWrittenOff, and InvalidRequest for a day before the
    servicing began or too far ahead.
    """
    with database.reading() as connection:
        life = read_life(connection, loan_id, Asked(before=(on, END_OF_DAY)), scope=scope)
    check_day(life, on, "on")
    with told_refusals(life.loan):
        return LoanSettlement(life.loan, settlement.settlement(life.terms, life.position_on(on), on))


@retried
def view_statement(
    database: Database, loan_id: int, *, since: date | None, until: date, scope: Scope = EVERYBODY
) -> LoanStatement:
    """The statement of a loan, from when its servicing began if `since` is None.

    Raises LoanNotFound, LoanNotServiced, and InvalidRequest if it would end before it begins or is too far ahead.
    """
    check_reachable(until, "to")
    with database.reading() as connection:
        life = read_life(connection, loan_id, Asked(history=True), scope=scope)
    with told_refusals(life.loan):
        if life.position.since is None:
            check_open(life.position)
    begins = since or life.position.since or until
    if until < begins:
        words = "A statement cannot end on {until:day}, before it begins on {begins:day}."
        sentence = Sentence(words, until=until, begins=begins)
        # With both of them, the query was refused before it came here.
        raise InvalidRequest(sentence, {"to" if since is None else "from": [sentence]})
    made = statement.statement(life.terms, life.facts or (), begins, until)
    return LoanStatement(life.loan, life.terms, made, _transactions(life))


@retried
def compare_prepayments(
    database: Database, loan_id: int, amount: Decimal, *, on: date, scope: Scope = EVERYBODY
) -> Comparison:
    """A prepayment of `amount` rupees on a day by either effect, and none; on a day to come as if nothing happened
    until then. Raises what recording it on that day would raise.
    """
    with database.reading() as connection:
        life = read_life(connection, loan_id, Asked(before=(on, prepayment.FIRST_RANK)), scope=scope)
    check_day(life, on, "on")
    with told_refusals(life.loan):
        return prepayment.compare_prepayments(life.terms, life.position_on(on), amount, on, facts=life.facts or ())


@retried
def propose(
    database: Database, loan_id: int, on: date, *, paid: int | None = None, scope: Scope = EVERYBODY
) -> ProposedOpening:
    """The opening of a loan as if `paid` instalments had been paid on their due dates, and no other.

    If it is None, all that are due by `on`, but for the last. Raises LoanNotFound, LoanAlreadyServiced, and
    InvalidRequest if it leaves nothing to open.
    """
    with database.reading() as connection:
        life = read_life(connection, loan_id, Asked(), scope=scope)
    check_reachable(on, "on")
    terms = agreed_terms(life.loan)
    wanted = due_but_the_last(terms, on) if paid is None else paid
    with told_refusals(life.loan, _OF_A_PROPOSAL):
        _check_not_begun(life)
        fact = propose_opening(terms, on, wanted, life.loan.emis_paid_on_time, life.last_number + 1)
    return ProposedOpening(life.loan, fact, wanted)


def _check_not_begun(life: Life) -> None:
    """Raises Refused if the loan is serviced already."""
    if life.position.since is not None:
        raise already_serviced(life.position.since)


def _transactions(life: Life) -> tuple[Transaction, ...]:
    return disbursed(life) if life.disbursal else tuple(life.stored.transactions or ())
