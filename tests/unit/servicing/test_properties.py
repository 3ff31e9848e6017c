"""What holds for every loan, whatever happened to it and in whichever order it was recorded."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.rules.money import ZERO, from_paise
from chalicelib.rules.schedule import schedule
from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.checks import record, record_next
from chalicelib.rules.servicing.days import A_DAY, due_date, dues_by
from chalicelib.rules.servicing.entering import rank_of
from chalicelib.rules.servicing.fold import fold, follows, history, in_order, order_of, split, step
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import NOTHING, Position
from chalicelib.rules.servicing.projection import Outlook, ahead, last_demanded
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.settlement import payoff, settlement
from chalicelib.rules.servicing.standing import Status, standing
from chalicelib.rules.servicing.statement import statement
from chalicelib.rules.servicing.stored import (
    position_as_json,
    position_as_stored,
    position_from_stored,
    terms_as_stored,
    terms_from_stored,
)
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Opening, Terms
from tests.support.servicing.histories import (
    Life,
    disbursed,
    lives,
    loan,
    paid,
    prepayment,
    rates,
    receipt,
    renumbered,
    reversal,
    terms,
)

# Cheap each, and together they see some thousand lives.
few = settings(max_examples=50)


@few
@given(life=lives())
def test_what_was_disbursed_is_paid_waived_written_off_or_outstanding(life: Life) -> None:
    entries, position = history(life.terms, life.facts)
    gone = dict.fromkeys(Kind, ZERO)
    for entry in entries:
        gone[entry.fact.kind] += entry.split.principal
    assert life.terms.principal == sum(gone.values()) + from_paise(position.principal)
    assert gone[Kind.DISBURSAL] == gone[Kind.REFUND] == 0


@few
@given(life=lives())
def test_each_receipt_is_interest_and_principal_and_charges_and_credit(life: Life) -> None:
    for entry in history(life.terms, life.facts).entries:
        shares = entry.split[:4]
        if entry.fact.kind is Kind.RECEIPT:
            assert sum(shares) == entry.fact.amount
            assert min(shares) >= 0
            assert entry.counted <= entry.split.interest + entry.split.principal
        if entry.fact.kind is Kind.WAIVER:
            assert sum(shares) <= entry.fact.amount
        if entry.fact.kind is Kind.REFUND:
            assert sum(shares) == -entry.fact.amount


@few
@given(life=lives(), data=st.data())
def test_any_order_of_recording_gives_the_same_state(life: Life, data: st.DataObject) -> None:
    shuffled = renumbered(data.draw(st.permutations(life.facts)))
    assert fold(life.terms, shuffled) == life.position
    assert fold(life.terms, reversed(shuffled)) == life.position


def test_a_year_of_receipts_recorded_in_over_a_thousand_orders_is_the_same_to_the_paisa() -> None:
    year = a_year_of_receipts()
    position = fold(YEAR, year)
    draw = Random(7)
    for order in range(1_200):
        shuffled = year[1:]
        draw.shuffle(shuffled)
        assert fold(YEAR, renumbered([year[0], *shuffled])) == position
        if order % 25 == 0:
            assert recorded_one_by_one(renumbered([year[0], *shuffled])) == position


YEAR = loan(60_000, 12, 12, date(2025, 1, 31), penal_charge=Decimal(100), grace_days=5)


def a_year_of_receipts() -> list[Fact]:
    """On time, late, in parts, early, a bounced one that is reversed, and prepayments with both effects."""
    facts = [disbursed(YEAR)]
    for number in range(1, 11):
        due = due_date(YEAR.start_date, number)
        amount = YEAR.instalment if number % 3 else YEAR.instalment / 2 + Decimal("0.005")
        facts.append(receipt(len(facts) + 1, amount, due + timedelta(days=(number * 7) % 11 - 3)))
        if number % 3 == 0:
            facts.append(receipt(len(facts) + 1, amount, due + timedelta(days=9)))
    facts.append(prepayment(len(facts) + 1, 5_000, date(2025, 6, 10), Effect.SHORTER_TENURE))
    facts.append(prepayment(len(facts) + 1, 4_000, date(2025, 8, 31), Effect.LOWER_INSTALMENT))
    facts.append(reversal(len(facts) + 1, facts[4], date(2025, 12, 1)))
    return facts


def recorded_one_by_one(facts: Sequence[Fact]) -> Position:
    """As a file does it; what reverses a receipt that has not come yet waits for it."""
    position, recorded = NOTHING, list[Fact]()
    for fact in sorted(facts, key=lambda fact: fact.kind is Kind.REVERSAL):
        position = record(YEAR, recorded, fact, date(2025, 12, 31), reported=True)
        recorded.append(fact)
    return position


@few
@given(life=lives(), chosen=st.integers(0, 10**6))
def test_what_was_recorded_and_reversed_was_never_recorded(life: Life, chosen: int) -> None:
    assume(len(life.facts) > 1)
    gone = life.facts[1:][chosen % (len(life.facts) - 1)]
    undone = reversal(len(life.facts) + 1, gone, life.today)
    if refusal := refusal_of(life, undone):
        assert refusal in (Code.REVERSAL_OF_A_REVERSAL, Code.ALREADY_REVERSED, Code.LATER_FACT_STANDS)
        return
    position = record(life.terms, life.facts, undone, life.today)
    assert position == fold(life.terms, [fact for fact in life.facts if fact is not gone])


@few
@given(life=lives())
def test_a_stored_position_is_a_replay_after_every_fact(life: Life) -> None:
    position, before = NOTHING, list[Fact]()
    for fact in in_order(life.facts):
        assert follows(position, fact)
        position = step(life.terms, stored_and_back(position), fact)
        before.append(fact)
        assert position == fold(life.terms, before)


@few
@given(life=lives())
def test_what_is_recorded_at_the_end_is_one_step_and_anything_else_a_replay(life: Life) -> None:
    position, before = NOTHING, list[Fact]()
    for fact in life.facts:
        everything = record(life.terms, before, fact, life.today)
        if follows(position, fact):
            assert record_next(life.terms, position, fact, life.today) == everything
        elif fact.kind is not Kind.REVERSAL:
            with pytest.raises(ValueError, match="comes before the last one"):
                step(life.terms, position, fact)
        position = everything
        before.append(fact)
    assert position == life.position


@few
@given(life=lives(), days=st.integers(0, 500))
def test_a_quote_that_is_paid_on_its_day_closes_the_loan_at_nothing(life: Life, days: int) -> None:
    day = life.terms.start_date + timedelta(days=days)
    facts = [fact for fact in in_order(life.facts, day) if fact.kind is not Kind.WRITE_OFF]
    before = fold(life.terms, facts)
    number = len(life.facts) + 1
    if not before.is_open:
        with pytest.raises(Refused) as refused:
            settlement(life.terms, before, day)
        assert refused.value.code is Code.CLOSED
        return
    quote = settlement(life.terms, before, day)
    assert quote.total == quote.principal + quote.interest + quote.charges + quote.prepayment_charge
    settled = receipt(number, quote.total, day, Intent.SETTLEMENT)
    after = record(life.terms, facts, settled, day)
    owed = standing(life.terms, after, day)
    assert (owed.status, owed.outstanding, owed.credit, after.closed_on) == (Status.CLOSED, ZERO, ZERO, day)
    assert dict(quote.next_days)[day + A_DAY] == payoff(life.terms, before, day + A_DAY)
    with pytest.raises(Refused) as refused:
        record(life.terms, facts, settled._replace(amount=quote.total + Decimal("0.01")), day)
    assert refused.value.code is Code.SETTLEMENT_DIFFERS
    assert refused.value.figures["settlement"] == quote.total


@few
@given(life=lives(), chosen=st.integers(0, 10**6), share=st.integers(1, 99))
def test_splitting_a_receipt_on_one_day_changes_nothing(life: Life, chosen: int, share: int) -> None:
    receipts = [f for f in in_order(life.facts) if f.kind is Kind.RECEIPT and f.amount > Decimal("0.01")]
    assume(receipts)
    whole = receipts[chosen % len(receipts)]
    part = from_paise(max(1, int(whole.amount) * share))
    halves = [whole._replace(amount=part), whole._replace(number=1000, amount=whole.amount - part)]
    others = [fact for fact in life.facts if fact is not whole]
    assert fold(life.terms, others + halves) == life.position
    together = account(life.terms, life.facts, life.today)
    apart = account(life.terms, others + halves, life.today)
    assert apart.standing == together.standing
    assert [replace(row, covered_by=()) for row in apart.instalments] == [
        replace(row, covered_by=()) for row in together.instalments
    ]


@few
@given(made=terms(st.integers(1, 40)))
def test_paid_on_its_due_dates_a_loan_is_its_published_schedule(made: Terms) -> None:
    published = schedule(made.principal, made.annual_rate, made.tenure, made.start_date)
    facts = paid(made, *((row.instalment, row.due_date) for row in published.rows if row.instalment))
    entries, position = history(made, facts)
    assert [(entry.split.interest, entry.split.principal) for entry in entries[1:]] == [
        (row.interest, row.principal) for row in published.rows if row.instalment
    ]
    assert position.closed_on == position.end_date == entries[-1].fact.value_date
    assert position.paid_on_time == made.tenure
    for row in published.rows:
        owed = standing(made, fold(made, facts, row.due_date - A_DAY), row.due_date)
        assert owed.due == row.instalment
        assert owed.overdue == owed.charges == 0


@few
@given(made=terms(st.integers(1, 40)))
def test_a_new_loan_will_ask_for_its_published_schedule(made: Terms) -> None:
    published = schedule(made.principal, made.annual_rate, made.tenure, made.start_date)
    shown = account(made, [disbursed(made)], made.start_date)
    ahead = [(row.number, row.due_date, row.demanded) for row in shown.instalments if row.state is State.TO_COME]
    assert ahead == [(row.number, row.due_date, row.instalment) for row in published.rows if row.instalment]
    assert shown.standing.end_date == published.rows[-1].due_date


@few
@given(life=lives(), days=st.integers(-5, 600))
def test_nothing_is_ever_below_zero(life: Life, days: int) -> None:
    day = life.terms.start_date + timedelta(days=days)
    owed = standing(life.terms, fold(life.terms, life.facts, day), day)
    assert min(owed.principal, owed.interest, owed.charges, owed.credit, owed.due, owed.overdue) >= 0
    assert owed.overdue <= owed.due <= owed.principal + owed.interest
    assert owed.outstanding == owed.principal + owed.interest + owed.charges
    assert not (owed.credit and owed.outstanding)
    assert 0 <= owed.paid_on_time <= life.terms.tenure
    assert 0 <= owed.repayments_left <= life.terms.tenure
    assert (owed.overdue > 0) == (owed.days_past_due > 0)


@few
@given(
    made=terms(st.integers(1, 12)),
    first=st.integers(1, 15),
    left=st.integers(1, 20),
    stated=st.integers(0, 25),
    gaps=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 100)), max_size=12),
)
def test_no_loan_has_more_instalments_paid_on_time_than_its_tenure(
    made: Terms, first: int, left: int, stated: int, gaps: list[tuple[int, int]]
) -> None:
    opened = Opening(ZERO, due_date(made.start_date, first), left, stated)
    day = due_date(made.start_date, first - 1)
    facts = [Fact(1, Kind.OPENING, made.principal, day, opening=opened)]
    position = fold(made, facts)
    assert position.paid_on_time == min(stated, max(0, made.tenure - left))
    for gap, share in [*gaps, (0, 100)]:
        day += timedelta(days=gap)
        owed = standing(made, position, day).outstanding
        amount = from_paise(max(1, int(owed * 100) * share // 100))
        facts.append(receipt(len(facts) + 1, amount, day))
        before, position = position, fold(made, facts)
        assert before.paid_on_time <= position.paid_on_time <= made.tenure
    assert not position.principal


def test_thirty_payments_of_a_paisa_cost_the_same_interest_as_one_of_thirty() -> None:
    made = loan(1000, 12, 6, date(2024, 1, 1))
    days = [made.start_date + timedelta(days=day) for day in range(1, 31)]
    many = fold(made, paid(made, *((Decimal("0.01"), day) for day in days)))
    one = fold(made, paid(made, (Decimal("0.30"), days[-1])))
    assert many.principal == one.principal == 100_000
    assert many.interest_taken == one.interest_taken == 30
    for day in (days[-1], due_date(made.start_date, 1), due_date(made.start_date, 4)):
        assert payoff(made, many, day) == payoff(made, one, day)


@few
@given(rate=rates, gaps=st.lists(st.integers(0, 5), min_size=2, max_size=12))
def test_the_interest_of_a_period_is_rounded_once_however_many_receipts_fall_in_it(
    rate: Decimal, gaps: list[int]
) -> None:
    made = loan("98765.43", rate, 12, date(2024, 1, 1))
    day, receipts = made.start_date, []
    for gap in gaps:
        day += timedelta(days=gap)
        receipts.append((Decimal("0.01"), day))
    assume(day < due_date(made.start_date, 2))
    ends = due_date(made.start_date, 2)
    many = fold(made, paid(made, *receipts))
    # As long as nothing of the principal is paid, each month's interest is that of the schedule.
    assume(many.principal == 9876543)
    owed = standing(made, many, ends)
    monthly = schedule(made.principal, rate, 12, made.start_date).rows[0].interest
    assert owed.interest + from_paise(many.interest_taken) == 2 * monthly


@few
@given(life=lives(), first=st.integers(-10, 370), length=st.integers(0, 200))
def test_a_statement_adds_up_and_has_every_fact(life: Life, first: int, length: int) -> None:
    since = life.terms.start_date + timedelta(days=first)
    until = since + timedelta(days=length)
    made = statement(life.terms, life.facts, since, until)
    balance = made.opening_balance
    for line in made.lines:
        balance += line.debit - line.credit
        assert line.balance == balance
        assert min(line.debit, line.credit) == 0
        assert since <= line.value_date <= until
    assert balance == made.closing_balance
    assert made.closing_balance == made.opening_balance + made.total_debit - made.total_credit
    owed = standing(life.terms, fold(life.terms, life.facts, until), until)
    assert made.closing_balance == owed.outstanding - owed.credit
    shown = sorted(line.fact.number for line in made.lines if line.fact)
    assert shown == sorted(fact.number for fact in life.facts if since <= fact.value_date <= until)


@few
@given(life=lives(), days=st.integers(0, 400))
def test_the_instalments_of_an_account_agree_with_its_sums(life: Life, days: int) -> None:
    day = life.terms.start_date + timedelta(days=days)
    entries, position = history(life.terms, life.facts, day)
    shown = account(life.terms, life.facts, day)
    of = {state: [row for row in shown.instalments if row.state is state] for state in State}
    assert all(row.demanded == row.paid + row.left for row in shown.instalments)
    assert all(row.paid == sum((cover.amount for cover in row.covered_by), ZERO) for row in shown.instalments)
    assert [row.number for row in shown.instalments] == sorted({row.number for row in shown.instalments})
    if position.is_open:
        asked = sum((row.left for row in of[State.OVERDUE]), ZERO)
        assert asked == shown.standing.overdue
        assert asked + sum((row.left for row in of[State.DUE_TODAY]), ZERO) == shown.standing.due
        assert max((row.number for row in shown.instalments), default=0) <= life.terms.tenure
        if position.principal:
            assert shown.instalments[-1].number == position_on(life, day).last
            assert shown.instalments[-1].due_date == due_date(life.terms.start_date, position_on(life, day).last)
    counted = sum((entry.counted for entry in entries), ZERO)
    assert sum((row.paid for row in shown.instalments), ZERO) <= counted
    # Whoever counts the rows that were paid on time gets what the position says, but for those never demanded.
    assert len(of[State.PAID_ON_TIME]) <= shown.standing.paid_on_time


def position_on(life: Life, day: date) -> Position:
    """As a further step of nothing would leave it: `last` looks ahead from the day."""
    books = Ledger(life.terms, fold(life.terms, life.facts, day), BUCKETS)
    books.advance(day)
    return books.position()


@few
@given(life=lives())
def test_paying_everything_as_asked_ends_when_and_as_it_was_foreseen(life: Life) -> None:
    facts = [fact for fact in in_order(life.facts) if fact.kind is not Kind.WRITE_OFF]
    position = fold(life.terms, facts)
    assume(position.is_open and position.principal and not position.charges and position.end_date)
    assert position.on is not None
    assert position.end_date is not None
    shown = account(life.terms, facts, position.on)
    # An instalment that is paid today comes before today's prepayment, which then lowers further ones by more.
    assume(position.rank <= rank_of(receipt(0, 1, position.on)) or not shown.standing.due)
    for row in shown.instalments:
        if row.left:
            day = max(row.due_date, position.on)
            facts.append(receipt(len(facts) + 1000, row.left, day))
    end = fold(life.terms, facts)
    assume(not end.charges)
    assert end.closed_on == max(position.end_date, position.on)
    assert end.last == position.last


@few
@given(life=lives(), days=st.integers(0, 400))
def test_the_last_instalment_is_told_from_the_annuity_formula_as_from_a_walk_over_all_months(
    life: Life, days: int
) -> None:
    facts = in_order(life.facts)
    lived = [fold(life.terms, facts[:many]) for many in range(1, len(facts) + 1)]
    # The last time at which there is something to come, at the latest the day of the disbursal: many a life ends.
    outlooks = (
        outlook_of(life.terms, position, later)
        for position in reversed(lived)
        if position.is_open
        for later in (days, 0)
    )
    outlook, to_come = next((outlook, found) for outlook in outlooks if (found := list(ahead(outlook))))
    assert last_demanded(outlook) == to_come[-1].number


def outlook_of(made: Terms, position: Position, days: int) -> Outlook:
    """What is to come of a loan, so many days after its last fact."""
    assert position.on is not None
    books = Ledger(made, position, BUCKETS)
    books.advance(position.on + timedelta(days=days))
    return books.outlook()


@few
@given(life=lives())
def test_reading_a_receipt_before_it_is_recorded_shows_what_it_will_pay(life: Life) -> None:
    counting = in_order(life.facts)
    for fact in counting:
        before = fold(life.terms, [each for each in counting if order_of(each) < order_of(fact)])
        entry = next(e for e in history(life.terms, counting).entries if e.fact is fact)
        assert split(life.terms, before, fact) == entry.split


@few
@given(life=lives())
def test_terms_and_positions_survive_being_stored(life: Life) -> None:
    assert terms_from_stored(json.loads(json.dumps(terms_as_stored(life.terms)))) == life.terms
    assert stored_and_back(life.position) == life.position
    # A workbook writes it in a way of its own, because it writes many.
    assert json.loads(position_as_json(life.position)) == position_as_stored(life.position)


@few
@given(life=lives())
def test_the_callers_precision_changes_nothing(life: Life) -> None:
    with localcontext(prec=3):
        assert fold(life.terms, life.facts) == life.position


@given(start=st.dates(date(2000, 1, 1), date(2060, 12, 31)), days=st.integers(0, 4000))
def test_a_day_lies_between_the_due_dates_that_are_counted(start: date, days: int) -> None:
    day = start + timedelta(days=days)
    number = dues_by(start, day)
    assert due_date(start, number) <= day < due_date(start, number + 1)


def refusal_of(life: Life, fact: Fact) -> Code | None:
    try:
        record(life.terms, life.facts, fact, life.today)
    except Refused as refusal:
        return refusal.code
    return None


def stored_and_back(position: Position) -> Position:
    return position_from_stored(json.loads(json.dumps(position_as_stored(position))))
