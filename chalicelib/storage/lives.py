"""What is stored of a loan's life, as the rules of servicing take it: its terms, its facts and its position."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.values import Fact, Kind, Terms, terms_of
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.servicing import StoredLife


@dataclass(frozen=True)
class Life:
    """`facts` are all of them, or None if they were not read because the position is all that is needed.

    `disbursal` is that of a loan which was made here by a release that recorded none: a fact, if not yet stored.
    """

    stored: StoredLife
    terms: Terms
    facts: Sequence[Fact] | None
    position: Position
    disbursal: Fact | None

    @property
    def loan(self) -> LoanOnRecord:
        return self.stored.loan

    @property
    def last_number(self) -> int:
        return self.stored.last_number + (self.disbursal is not None)

    def position_on(self, day: date) -> Position:
        """The position that the facts up to a day make. The facts must have been read if some are later."""
        if self.position.on is None or self.position.on <= day:
            return self.position
        assert self.facts is not None
        return fold(self.terms, self.facts, day)


def life_of(stored: StoredLife) -> Life:
    """The same as values of the rules. A loan that has no position yet, or one by other rules, gets it by a replay."""
    serviced = stored.position is not None and stored.position.is_serviced
    terms = stored.terms if serviced and stored.terms else agreed_terms(stored.loan)
    disbursal = missing_disbursal(stored)
    facts = None if stored.transactions is None else [each.fact for each in stored.transactions]
    if disbursal:
        facts = [disbursal]
    position = fold(terms, facts or ()) if stored.position is None or stored.is_outdated else stored.position
    return Life(stored, terms, facts, position, disbursal)


def missing_disbursal(stored: StoredLife) -> Fact | None:
    """The disbursal of a loan that was made here before disbursals were recorded.

    A loan of which a workbook says that instalments were paid has a past that is not known here; like one that was made
    elsewhere, it needs an opening.
    """
    loan = stored.loan
    if stored.position or stored.transactions or loan.source_loan_id is not None or loan.emis_paid_on_time:
        return None
    return Fact(1, Kind.DISBURSAL, loan.loan_amount, loan.start_date)


def agreed_terms(loan: LoanOnRecord) -> Terms:
    """The terms of a loan as it was recorded, without charges."""
    return terms_of(loan.loan_amount, loan.interest_rate, loan.tenure, loan.start_date, loan.monthly_installment)


def end_date_of(life: Life, position: Position) -> date | None:
    """What the loan says of its end: its last due date, or when it was over; before servicing, what was stated."""
    return position.end_date if position.is_serviced else life.stored.stated_end_date


def loan_at(life: Life, position: Position, paid_before: int) -> LoanOnRecord:
    """What the loan says of itself at the position; `paid_before` is how many EMIs were stated before servicing."""
    return life.loan._replace(
        emis_paid_on_time=position.paid_on_time if position.is_serviced else paid_before,
        end_date=end_date_of(life, position),
        is_open=position.is_open,
    )
