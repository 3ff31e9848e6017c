"""The books of one loan while days pass and facts are entered. Private to the rules of servicing.

A `Ledger` is made of a position and gives the next one; nothing keeps it in between. Amounts are whole paise, and the
interest of the period that is running is a whole number of paise-days, so nothing is ever rounded twice.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from operator import attrgetter

from chalicelib.rules.money import PERCENT_MONTHS, half_up, whole_paise
from chalicelib.rules.servicing.buckets import Bucket, holding_from
from chalicelib.rules.servicing.days import A_DAY, due_date, dues_by
from chalicelib.rules.servicing.demands import asking_nothing, covered_by, demanded, reached_by
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.projection import Outlook, last_demanded
from chalicelib.rules.servicing.values import Terms

_VALUES = attrgetter(*Position._fields)


class Ledger:
    """The state of `position`, to be moved on. Every name that Position has means the same here."""

    def __init__(self, terms: Terms, position: Position, buckets: Sequence[Bucket]) -> None:
        self.terms = terms
        self.start = terms.start_date
        percent, parts = terms.annual_rate.as_integer_ratio()
        # Interest of a month, in paise, is principal x percent / parts.
        self.percent, self.parts = percent, parts * PERCENT_MONTHS
        self.penal_charge = whole_paise(terms.penal_charge) if terms.penal_charge else 0
        self.held_from = holding_from(buckets)
        (
            self.since,
            self.on,
            self.rank,
            self.principal,
            self.period,
            self.paise_days,
            self.interest_accrued,
            self.interest_taken,
            self.charges,
            self.credit,
            self.received,
            self.demands,
            self.final,
            self.covered,
            self.last,
            self.unpaid_from,
            self.paid_on_time,
            self.held,
            self.judged,
            self.late,
            self.prepaid,
            self.lowered,
            self.closed_on,
            self.written_off_on,
            self.end_date,
        ) = position
        self.exact_before = self._exactly_covered() if self.last < self.final else None

    def position(self) -> Position:
        """What to go on from."""
        if self.on is not None:
            self._look_ahead(self.on)
        return Position._make(_VALUES(self))

    # --- days pass

    def advance(self, to: date) -> None:
        """Lets the days up to the beginning of `to` pass. Raises ValueError if that is before the last fact."""
        if self.on is None or to == self.on:
            return
        if to < self.on:
            raise ValueError(f"The books stand at {self.on}, which is after {to}.")
        self._accrue(self.on, to)
        self._judge(to)
        self.late = self.unpaid_from is not None and self.unpaid_from < to
        self.prepaid = self.lowered = 0
        self.on = to

    def _accrue(self, since: date, to: date) -> None:
        """Interest of the days from `since` to `to`: the rest of a period, whole periods, the beginning of one."""
        period = dues_by(self.start, to) + 1
        if period == self.period:
            self.paise_days += self.principal * (to - since).days
            return
        ends = due_date(self.start, self.period)
        self.paise_days += self.principal * (ends - since).days
        whole = half_up(self.principal * self.percent, self.parts) * (period - self.period - 1)
        self.interest_accrued += self.running_interest() + whole
        self.period = period
        self.paise_days = self.principal * self.day_of_period(to)

    def _judge(self, to: date) -> None:
        """What the day-ends before `to` bring: penal charges for instalments that were not covered then, and NPA."""
        if self.unpaid_from is None or to <= self.unpaid_from:
            return
        if self.penal_charge and (to - self.unpaid_from).days > self.terms.grace_days:
            over = self.grace_over(to)
            self.charges += self.penal_charge * max(0, over - max(self.judged, self.covered))
            self.judged = max(self.judged, over)
        self.judge_class(to)

    def judge_class(self, today: date) -> None:
        """Holds the loan in its class (NPA) if the first uncovered instalment has missed enough day-ends."""
        if self.unpaid_from is not None and self.held_from is not None:
            self.held = self.held or (today - self.unpaid_from).days >= self.held_from

    def grace_over(self, day: date) -> int:
        """The number of the last instalment whose grace days ended before `day`."""
        return min(self.final, dues_by(self.start, day - timedelta(days=self.terms.grace_days + 1)))

    def day_of_period(self, day: date) -> int:
        """How many days of the running period have passed when `day` begins."""
        return (day - due_date(self.start, self.period - 1)).days

    # --- what is owed

    def running_interest(self) -> int:
        """The interest of the running period so far: half_up of its exact sum."""
        if not self.paise_days:
            return 0
        days = (due_date(self.start, self.period) - due_date(self.start, self.period - 1)).days
        return half_up(self.paise_days * self.percent, self.parts * days)

    def interest(self) -> int:
        """All interest that is owed now."""
        return self.interest_accrued + self.running_interest() - self.interest_taken

    def demanded_by(self, number: int) -> int:
        """What of the demands up to instalment `number` is not covered; never more than there is left to pay."""
        return self._demanded_of(number, self.interest())

    def _demanded_of(self, number: int, interest: int) -> int:
        if number <= self.covered:
            return 0
        left = self.principal + interest
        return left if number >= self.final else min(left, demanded(self.demands, number) - self.received)

    def covered_with(self, received: int) -> int:
        """The last instalment that so much money covers; the final one asks for what is left, whatever was received."""
        return max(self.covered, covered_by(self.demands, received, self.final - 1))

    def due(self) -> int:
        """What is demanded and not covered, today's instalment included."""
        return self.demanded_by(self.dues_by(self.on))

    def overdue(self) -> int:
        """What was demanded before today and is not covered."""
        return self.demanded_by(self.dues_by(self.on - A_DAY)) if self.on else 0

    def dues_by(self, day: date | None) -> int:
        """How many instalments have been demanded up to and including `day`."""
        return min(self.final, dues_by(self.start, day)) if day else 0

    def outlook(self) -> Outlook:
        """What the instalments that are still to come depend on."""
        assert self.on is not None
        running = self.running_interest()
        interest = self.interest_accrued + running - self.interest_taken
        return Outlook(
            self.start,
            self.on,
            self.percent,
            self.parts,
            self.principal,
            interest,
            running,
            self._demanded_of(self.dues_by(self.on), interest),
            self.period,
            self.paise_days,
            self.demands,
            self.received,
            self.final,
        )

    # --- what a fact changed

    def settle_up(self) -> None:
        """After a fact: which instalments are covered, which of them on time, what is next, and whether it is over."""
        assert self.on is not None
        if self.written_off_on is None:
            self._cover(self.on)

    def _cover(self, today: date) -> None:
        paid_up = self.principal == 0 and self.interest() == 0
        self._count_covered(today, paid_up)
        self.unpaid_from = None if paid_up else due_date(self.start, self.covered + 1)
        self.held = self.held and self.unpaid_from is not None and self.unpaid_from < today
        if paid_up and self.charges == 0 and self.closed_on is None:
            self.closed_on = today

    def _count_covered(self, today: date, paid_up: bool) -> None:
        """Instalments that are covered by their due dates count as paid on time.

        So do those that will never be demanded because nothing is left, unless something was overdue this morning.
        Among these are those of 0 paise: before that, nobody has paid anything for them. The one that the last of the
        money went to asked for what was left, which may be less than an instalment.
        """
        if paid_up:
            reached = reached_by(self.demands, self.received, self.final)
        else:
            reached = covered_by(self.demands, self.received, self.final - 1)
        missed = self._asking(max(self.covered, self.dues_by(today - A_DAY)))
        if paid_up and not self.late:
            on_time = self.final
        else:
            on_time = self._asking(max(reached, self.dues_by(today)) if paid_up else reached)
        if self.covered < self.final:
            # An opening may leave more instalments than the tenure had.
            self.paid_on_time = min(self.terms.tenure, self.paid_on_time + max(0, on_time - missed))
        self.covered = max(self.covered, self.final if paid_up else reached)

    def _asking(self, number: int) -> int:
        """How many instalments up to `number` ask for something."""
        return number - asking_nothing(self.demands, number)

    def _look_ahead(self, today: date) -> None:
        """Where the loan ends if all is paid as demanded from now on."""
        if self.written_off_on is not None:
            self.last = self.covered
        elif not self._is_as_foreseen(today):
            self.last = last_demanded(self.outlook())
        self.exact_before = None
        self.end_date = self._end_date(today)

    def _end_date(self, today: date) -> date | None:
        if self.closed_on or self.written_off_on:
            return self.closed_on or self.written_off_on
        end = due_date(self.start, self.last)
        return end if end >= today else None

    def _exactly_covered(self) -> int | None:
        """The number of the last covered instalment if nothing was received beyond it; otherwise None."""
        return self.covered if demanded(self.demands, self.covered) == self.received else None

    def _is_as_foreseen(self, today: date) -> bool:
        """Whether all that happened since `last` was found is what was foreseen: one instalment on its due date."""
        return (
            self.exact_before is not None
            and self.exact_before + 1 == self.covered == self._exactly_covered()
            and due_date(self.start, self.covered) == today
            and self.interest() == 0
        )
