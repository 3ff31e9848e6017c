"""The state of a loan as of its last fact: what `fold` makes of all facts, and `step` of one more."""

from datetime import date
from typing import NamedTuple

from chalicelib.rules.servicing.demands import Steps, asking_nothing

# Counted up with each change of the rules that makes another position of facts which were recorded already, so that
# what is stored is made anew (services/servicing_upkeep.py). CONTRIBUTING.md says what else it takes.
FOLD_REVISION = 1


class Position(NamedTuple):
    """What is needed to go on from here without the earlier facts. All amounts in whole paise.

    `since`             when servicing began: the value date of the disbursal or the opening
    `on`, `rank`        the value date of the last fact, and its place among the facts of one day
    `principal`         outstanding
    `period`            the number of the interest period that `on` lies in; 0 before the disbursal
    `paise_days`        the exact interest of that period so far: the sum of the principal of each of its days
    `interest_accrued`  of the periods that have ended, each rounded by itself
    `interest_taken`    paid, waived or written off
    `charges`           owed
    `credit`            the customer's money that nothing was left to take; refundable
    `received`          what counts towards the demands
    `demands`           the instalments, as steps (from, instalment)
    `final`             the number of the instalment that asks for whatever is left
    `covered`           the number of the last instalment that is covered, `final` if nothing more will be demanded
    `last`              the number of the last instalment that will be demanded, if all is paid as demanded from now on
    `unpaid_from`       the due date of the first instalment that is not covered, also if it lies ahead
    `paid_on_time`      how many instalments were, the opening's included
    `held`              whether the class stays (NPA) until all arrears are paid
    `judged`            up to which instalment it is decided whether there is a penal charge
    `late`              whether an instalment was overdue when the day `on` began
    `prepaid`           the principal that was prepaid on the day `on`
    `lowered`           the number of the instalment from which a prepayment of the day `on` lowered them; 0 if none did
    `closed_on`, `written_off_on`
    `end_date`          the due date of `last`; of a loan that has ended, when; None if it has outlived its due dates
    """

    since: date | None
    on: date | None
    rank: int
    principal: int
    period: int
    paise_days: int
    interest_accrued: int
    interest_taken: int
    charges: int
    credit: int
    received: int
    demands: Steps
    final: int
    covered: int
    last: int
    unpaid_from: date | None
    paid_on_time: int
    held: bool
    judged: int
    late: bool
    prepaid: int
    lowered: int
    closed_on: date | None
    written_off_on: date | None
    end_date: date | None

    @property
    def is_serviced(self) -> bool:
        """Whether the loan was disbursed here, or has an opening."""
        return self.period > 0

    @property
    def is_open(self) -> bool:
        """Whether anything can still be owed: serviced, neither closed nor written off."""
        return self.is_serviced and self.closed_on is None and self.written_off_on is None

    @property
    def repayments_left(self) -> int:
        """How many instalments are not covered and will be demanded, if all is paid as demanded from now on.

        Those of 0 paise are among them until the loan is paid up: nobody paid them, although none can be late.
        """
        if not self.is_open or self.covered == self.final:
            return 0
        return max(0, self.last - self.covered) + asking_nothing(self.demands, self.covered)


NOTHING = Position(
    since=None,
    on=None,
    rank=0,
    principal=0,
    period=0,
    paise_days=0,
    interest_accrued=0,
    interest_taken=0,
    charges=0,
    credit=0,
    received=0,
    demands=((1, 0),),
    final=0,
    covered=0,
    last=0,
    unpaid_from=None,
    paid_on_time=0,
    held=False,
    judged=0,
    late=False,
    prepaid=0,
    lowered=0,
    closed_on=None,
    written_off_on=None,
    end_date=None,
)
