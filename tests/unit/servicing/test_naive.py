"""The fold against an implementation that goes day by day."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.standing import Status, standing
from tests.support.servicing.histories import Life, lives
from tests.support.servicing.naive import ONE_DAY, NaiveLoan


@settings(max_examples=60)
@given(life=lives(), days=st.sampled_from([360, 360, 300, 200, 100, 40]))
def test_the_fold_agrees_with_living_through_every_day(life: Life, days: int) -> None:
    as_of = life.terms.start_date + timedelta(days=days)
    naive = NaiveLoan(life.terms, life.facts, as_of)
    position = fold(life.terms, life.facts, as_of)
    owed = standing(life.terms, position, as_of)
    assert owed.principal == from_paise(naive.principal)
    assert owed.interest == from_paise(naive.interest())
    assert owed.charges == from_paise(naive.charges)
    assert owed.credit == from_paise(naive.credit)
    assert owed.due == from_paise(naive.asked(as_of))
    assert owed.overdue == from_paise(naive.asked(as_of - ONE_DAY))
    first = naive.first_uncovered()
    assert owed.unpaid_from == (naive.due[first] if first else None)
    assert owed.paid_on_time == len(naive.on_time)
    assert (owed.bucket.code == "NPA") == (naive.npa and owed.status is Status.OPEN)
    assert position.covered == len(naive.covered)
    assert (position.closed_on, position.written_off_on) == (naive.closed_on, naive.written_off_on)
