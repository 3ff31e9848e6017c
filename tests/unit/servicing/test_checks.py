"""What may not be recorded, and the figure that would be right."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chalicelib.rules.bounds import MAX_AMOUNT
from chalicelib.rules.servicing.checks import check, record, record_next
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.opening import propose_opening
from chalicelib.rules.servicing.position import NOTHING
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.settlement import payoff, settlement
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms
from tests.support.servicing.histories import disbursed, loan, paid, prepayment, receipt, reversal

MADE = loan(100_000, 12, 24, date(2024, 1, 5))
TODAY = date(2024, 3, 20)
NEW = [disbursed(MADE)]
ON_TIME = paid(MADE, (MADE.instalment, date(2024, 2, 5)), (MADE.instalment, date(2024, 3, 5)))
OPENING = propose_opening(MADE, date(2024, 3, 10), 2, emis_paid_on_time=1)


def refusal(facts: Sequence[Fact], fact: Fact, made: Terms = MADE, today: date = TODAY) -> Refused:
    with pytest.raises(Refused) as refused:
        record(made, facts, fact, today)
    assert str(refused.value) == refused.value.sentence
    return refused.value


def fact(kind: Kind, amount: str | int | Decimal, intent: Intent | None = None, effect: Effect | None = None) -> Fact:
    return Fact(100, kind, Decimal(amount), TODAY, intent, effect)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (fact(Kind.RECEIPT, 0), Code.AMOUNT_NOT_POSITIVE),
        (fact(Kind.RECEIPT, -5), Code.AMOUNT_NOT_POSITIVE),
        (fact(Kind.RECEIPT, "10.005"), Code.AMOUNT_FINER_THAN_A_PAISA),
        (fact(Kind.RECEIPT, "NaN"), Code.AMOUNT_FINER_THAN_A_PAISA),
        (receipt(100, 10, TODAY + timedelta(days=1)), Code.FUTURE_DATE),
        (receipt(100, 10, date(2024, 1, 4)), Code.BEFORE_DISBURSAL),
        (fact(Kind.RECEIPT, 10, Intent.CHARGES), Code.UNKNOWN_INTENT),
        (fact(Kind.WAIVER, 10, Intent.SETTLEMENT), Code.UNKNOWN_INTENT),
        (fact(Kind.REFUND, 10, Intent.INSTALMENT), Code.UNKNOWN_INTENT),
        (fact(Kind.RECEIPT, 10, Intent.PREPAYMENT), Code.EFFECT_NEEDED),
        (fact(Kind.RECEIPT, 10, Intent.INSTALMENT, Effect.SHORTER_TENURE), Code.EFFECT_NOT_WANTED),
    ],
)
def test_what_makes_no_sense_is_bad_input(wrong: Fact, code: Code) -> None:
    refused = refusal(ON_TIME, wrong)
    assert refused.code is code
    assert refused.code.is_bad_input


def test_a_date_out_of_bounds_is_refused_with_both_bounds() -> None:
    assert refusal(ON_TIME, receipt(9, 10, date(2024, 1, 4))).figures["from"] == date(2024, 1, 5)
    assert refusal(ON_TIME, receipt(9, 10, date(2024, 3, 21))).figures["to"] == TODAY


def test_a_loan_that_is_not_serviced_takes_nothing_but_its_beginning() -> None:
    for kind in (Kind.RECEIPT, Kind.REFUND, Kind.WAIVER, Kind.WRITE_OFF):
        assert refusal([], fact(kind, 10)).code is Code.NOT_SERVICED
    with pytest.raises(Refused) as refused:
        settlement(MADE, NOTHING, TODAY)
    assert refused.value.code is Code.NOT_SERVICED
    assert record(MADE, [], disbursed(MADE), TODAY) == fold(MADE, NEW)
    assert record(MADE, [], OPENING, TODAY).is_serviced


def test_a_loan_begins_once_and_as_its_terms_say() -> None:
    assert refusal(NEW, OPENING._replace(number=2)).code is Code.ALREADY_SERVICED
    assert refusal([OPENING], disbursed(MADE)._replace(number=2)).code is Code.ALREADY_SERVICED
    early = disbursed(MADE)._replace(value_date=date(2024, 1, 4))
    assert refusal([], early).code is Code.BEFORE_DISBURSAL
    other = refusal([], disbursed(MADE)._replace(amount=Decimal(99_000)))
    assert (other.code, other.figures["amount"]) == (Code.DISBURSAL_DIFFERS, MADE.principal)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"interest_due": Decimal("-1")}, "interest due must be rupees"),
        ({"interest_due": Decimal("0.005")}, "interest due must be rupees"),
        ({"first_unpaid_due_date": date(2024, 4, 6)}, "near it is 2024-04-05 and 2024-05-05"),
        ({"first_unpaid_due_date": date(2024, 1, 5)}, "near it is 2024-02-05"),
        ({"instalments_left": 0}, "must be from 1 to 598"),
        ({"instalments_left": 599}, "must be from 1 to 598"),
        ({"emis_paid_on_time": -1}, "EMIs paid on time"),
    ],
)
def test_an_opening_that_cannot_be_is_refused(wrong: dict[str, object], says: str) -> None:
    assert OPENING.opening is not None
    opening = OPENING.opening._replace(**wrong)  # type: ignore[arg-type]
    refused = refusal([], OPENING._replace(opening=opening))
    assert refused.code is Code.OPENING_INVALID
    assert says in refused.sentence


def test_an_opening_needs_its_figures_and_a_principal_within_the_loan() -> None:
    assert "needs the interest due" in refusal([], OPENING._replace(opening=None)).sentence
    assert "cannot be more than the loan" in refusal([], OPENING._replace(amount=Decimal(100_001))).sentence
    for paid_instalments in (-1, 24):
        with pytest.raises(Refused) as refused:
            propose_opening(MADE, TODAY, paid_instalments, 0)
        assert refused.value.code is Code.OPENING_INVALID
    with pytest.raises(Refused) as refused:
        propose_opening(MADE, date(2024, 1, 1), 0, 0)
    assert refused.value.code is Code.BEFORE_DISBURSAL


def test_a_settlement_must_equal_its_quote() -> None:
    total = payoff(MADE, fold(MADE, ON_TIME), TODAY)
    refused = refusal(ON_TIME, fact(Kind.RECEIPT, "1000", Intent.SETTLEMENT))
    parts = settlement(MADE, fold(MADE, ON_TIME), TODAY).parts
    assert (refused.code, refused.figures) == (
        Code.SETTLEMENT_DIFFERS,
        {"amount": 1000, "settlement": total, **parts},
    )
    assert sum(parts.values()) == total
    told = f"principal {parts['principal']}, interest {parts['interest']}"
    assert refused.sentence == f"The settlement on 2024-03-20 is {total}, not 1000: {told}."


def test_a_prepayment_in_arrears_is_refused_with_what_is_overdue() -> None:
    refused = refusal(NEW, prepayment(9, 1000, TODAY, Effect.SHORTER_TENURE))
    assert (refused.code, refused.figures["overdue"]) == (Code.IN_ARREARS, MADE.instalment * 2)
    # What is due on the day itself is not overdue yet.
    assert record(MADE, NEW, prepayment(9, 1000, date(2024, 2, 5), Effect.SHORTER_TENURE), TODAY)


def test_a_closed_loan_takes_refunds_and_from_files_money() -> None:
    closed = [*NEW, receipt(2, 150_000, date(2024, 1, 5))]
    for kind in (Kind.RECEIPT, Kind.WAIVER, Kind.WRITE_OFF):
        refused = refusal(closed, fact(kind, 10))
        assert (refused.code, refused.figures["closed_on"]) == (Code.CLOSED, date(2024, 1, 5))
    assert record(MADE, closed, fact(Kind.RECEIPT, 10), TODAY, reported=True).credit == 50_010_00
    assert record_next(MADE, fold(MADE, closed), fact(Kind.RECEIPT, 10), TODAY, reported=True).credit == 50_010_00
    assert record(MADE, closed, fact(Kind.REFUND, 50_000), TODAY).credit == 0
    too_much = refusal(closed, fact(Kind.REFUND, "50000.01"))
    assert (too_much.code, too_much.figures["credit"]) == (Code.REFUND_ABOVE_CREDIT, 50_000)
    # Once more paid off is not paid off.
    assert refusal(closed, fact(Kind.RECEIPT, 10, Intent.SETTLEMENT)).code is Code.CLOSED
    # Before it was closed it was open.
    assert record(MADE, [*ON_TIME[:2], receipt(7, 150_000, TODAY)], receipt(9, 10, date(2024, 3, 1)), TODAY)


def test_a_loan_takes_nothing_more_on_the_day_on_which_it_ended() -> None:
    total = payoff(MADE, fold(MADE, ON_TIME), TODAY)
    settled = [*ON_TIME, receipt(4, total, TODAY, Intent.SETTLEMENT)]
    owed = standing(MADE, fold(MADE, ON_TIME), TODAY).outstanding
    written_off = [*ON_TIME, Fact(4, Kind.WRITE_OFF, owed, TODAY)]
    late = (
        fact(Kind.RECEIPT, 10),
        fact(Kind.RECEIPT, 10, Intent.INSTALMENT),
        fact(Kind.RECEIPT, 10, Intent.PREPAYMENT, Effect.SHORTER_TENURE),
        fact(Kind.RECEIPT, total, Intent.SETTLEMENT),
        fact(Kind.WAIVER, 10),
    )
    for each in late:
        closed = refusal(settled, each)
        assert (closed.code, closed.figures["closed_on"]) == (Code.CLOSED, TODAY)
        assert "reverse what closed it first" in closed.sentence
        over = refusal(written_off, each)
        assert (over.code, over.figures["written_off_on"]) == (Code.WRITTEN_OFF, TODAY)
    assert refusal(written_off, fact(Kind.REFUND, 10)).code is Code.WRITTEN_OFF
    # What a file reports was paid already, and is kept whatever the order.
    assert record(MADE, settled, late[0], TODAY, reported=True).credit == 10_00
    assert record(MADE, written_off, late[0], TODAY, reported=True).written_off_on == TODAY


def test_no_loan_keeps_more_credit_than_an_amount_may_be() -> None:
    most = Decimal(MAX_AMOUNT)
    closed = [*NEW, receipt(2, most, TODAY)]
    refused = refusal(closed, receipt(3, most, date(2024, 3, 1)))
    assert (refused.code, refused.figures["highest"]) == (Code.CREDIT_TOO_HIGH, most)
    with pytest.raises(Refused) as of_a_file:
        record_next(MADE, fold(MADE, closed), receipt(3, most, TODAY), TODAY, reported=True)
    assert of_a_file.value.code is Code.CREDIT_TOO_HIGH


def test_a_file_may_report_a_prepayment_before_the_instalments_that_came_first() -> None:
    early = prepayment(9, 10_000, date(2024, 3, 10), Effect.SHORTER_TENURE)
    position, recorded = fold(MADE, NEW), list(NEW)
    for each in (early, *ON_TIME[1:]):
        position = record(MADE, recorded, each, TODAY, reported=True)
        recorded.append(each)
    assert position == fold(MADE, [*ON_TIME, early])
    assert position.paid_on_time == 2


def test_a_waiver_is_at_most_what_is_owed_of_its_part() -> None:
    owed = standing(MADE, fold(MADE, NEW), TODAY)
    cases = {None: owed.outstanding, Intent.INTEREST: owed.interest, Intent.PRINCIPAL: owed.principal}
    for intent, most in {**cases, Intent.CHARGES: Decimal(0)}.items():
        refused = refusal(NEW, fact(Kind.WAIVER, str(most + Decimal("0.01")), intent))
        assert (refused.code, refused.figures["owed"]) == (Code.WAIVER_ABOVE_OWED, most)
        if most:
            assert record(MADE, NEW, fact(Kind.WAIVER, str(most), intent), TODAY)


def test_a_write_off_is_of_all_that_is_owed_and_the_last_fact() -> None:
    owed = standing(MADE, fold(MADE, NEW), TODAY).outstanding
    refused = refusal(NEW, fact(Kind.WRITE_OFF, 10))
    assert (refused.code, refused.figures["owed"]) == (Code.WRITE_OFF_DIFFERS, owed)
    written_off = [*NEW, fact(Kind.WRITE_OFF, str(owed))]
    after = receipt(101, 10, TODAY + timedelta(days=1))
    refused = refusal(written_off, after, today=after.value_date)
    assert (refused.code, refused.figures["written_off_on"]) == (Code.WRITTEN_OFF, TODAY)
    # Money that came before it makes it smaller.
    assert record(MADE, written_off, receipt(101, 10, date(2024, 2, 1)), TODAY).written_off_on == TODAY
    earlier = standing(MADE, fold(MADE, ON_TIME, date(2024, 3, 1)), date(2024, 3, 1)).outstanding
    backdated = Fact(9, Kind.WRITE_OFF, earlier, date(2024, 3, 1))
    refused = refusal(ON_TIME, backdated)
    assert (refused.code, refused.figures["fact"]) == (Code.LATER_FACT_STANDS, 3)


def test_a_reversal_is_of_one_fact_that_stands() -> None:
    assert refusal(ON_TIME, reversal(9, receipt(77, 10, TODAY), TODAY)).code is Code.UNKNOWN_FACT
    assert refusal(ON_TIME, reversal(9, ON_TIME[0], TODAY)).code is Code.REVERSAL_OF_A_DISBURSAL
    once = [*ON_TIME, reversal(9, ON_TIME[2], TODAY)]
    again = refusal(once, reversal(10, ON_TIME[2], TODAY))
    assert (again.code, again.figures["reversed_by"]) == (Code.ALREADY_REVERSED, 9)
    of_reversal = refusal(once, reversal(10, once[-1], TODAY))
    assert (of_reversal.code, of_reversal.figures) == (Code.REVERSAL_OF_A_REVERSAL, {"reverses": 9, "reversal_of": 3})
    assert refusal(once, reversal(10, ON_TIME[1], TODAY + timedelta(days=1))).code is Code.FUTURE_DATE


def test_an_opening_is_reversed_only_when_nothing_stands_on_it() -> None:
    used = [OPENING, receipt(2, 100, TODAY)]
    refused = refusal(used, reversal(3, OPENING, TODAY))
    assert (refused.code, refused.figures["fact"]) == (Code.OPENING_IN_USE, 2)
    undone = [*used, reversal(3, used[1], TODAY)]
    assert record(MADE, undone, reversal(4, OPENING, TODAY), TODAY) == NOTHING
    assert record(MADE, [OPENING, reversal(2, OPENING, TODAY)], OPENING._replace(number=3), TODAY).is_serviced


def test_what_a_later_refund_stands_on_is_not_reversed() -> None:
    facts = [*NEW, receipt(2, 150_000, date(2024, 1, 5)), Fact(3, Kind.REFUND, Decimal(50_000), TODAY)]
    refused = refusal(facts, reversal(4, facts[1], TODAY))
    assert (refused.code, refused.figures["fact"]) == (Code.LATER_FACT_STANDS, 3)
    assert "Transaction 3" in refused.sentence


def test_what_is_recorded_at_the_end_is_checked_without_the_other_facts() -> None:
    position = fold(MADE, ON_TIME)
    with pytest.raises(Refused) as refused:
        record_next(MADE, position, fact(Kind.RECEIPT, 10, Intent.SETTLEMENT), TODAY)
    assert refused.value.code is Code.SETTLEMENT_DIFFERS
    check(MADE, position, receipt(9, 10, TODAY), TODAY, since=position.since)
    assert record_next(MADE, position, receipt(9, 10, TODAY), TODAY).on == TODAY
    assert due_date(MADE.start_date, 3) == position.unpaid_from
