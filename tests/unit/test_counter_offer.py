"""Counter-offers: the largest amount, the shortest tenure, and what would have to change, against brute force."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.bounds import LOAN_AMOUNT
from chalicelib.rules.burden import burden
from chalicelib.rules.changes import Change, ChangeCode, changes_needed
from chalicelib.rules.counter_offer import CounterOffer, Offer, counter_offer
from chalicelib.rules.decision import decide
from chalicelib.rules.money import emi
from chalicelib.rules.policy import PRUDENT_1, STANDARD_1, Policy, Slab
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.sentences import change_sentence, statement
from tests.support.portfolios import PORTFOLIOS, facts_in
from tests.support.strategies import able_customers, built_in_policies, policies, rates, requests, tenures

CUSTOMER = Facts(Decimal(50_000), Decimal(1_800_000), 2, 1, 48, 40, Decimal(300_000), Decimal(12_000))
# 70 x 60/100 is a score of 42, in the slab of 12%.
MIDDLING = replace(CUSTOMER, loans=1, loans_paid_in_full=0, tenure_total=100, emis_paid_on_time=60)
ASKED = LoanRequest(Decimal(900_000), Decimal("10.5"), 24)

LONGEST = 600
PAISA = Decimal("0.01")
# From a bound to the nearest value that does not reach it.
SHORT_OF: dict[ChangeCode, Decimal | int] = {
    ChangeCode.CURRENT_EMIS_AT_MOST: PAISA,
    ChangeCode.MONTHLY_INCOME_AT_LEAST: -PAISA,
    ChangeCode.APPROVED_LIMIT_AT_LEAST: -PAISA,
    ChangeCode.CURRENT_PRINCIPAL_AT_MOST: PAISA,
    ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST: -1,
}


def offered(facts: Facts, policy: Policy, amount: str, tenure: int, rate: str) -> Offer:
    instalment = emi(Decimal(amount), Decimal(rate), tenure)
    carried = burden(facts, policy, Decimal(amount), instalment)
    return Offer(Decimal(amount), tenure, Decimal(rate), instalment, carried)


def approved_offer(facts: Facts, request: LoanRequest, policy: Policy) -> Offer | None:
    decision = decide(facts, request, policy)
    terms = (decision.corrected_interest_rate, decision.monthly_installment)
    carried = burden(facts, policy, request.loan_amount, decision.monthly_installment)
    return Offer(request.loan_amount, request.tenure, *terms, carried) if decision.approved else None


def first(offers: Iterator[Offer | None]) -> Offer | None:
    return next((offer for offer in offers if offer), None)


def largest_by_trying(facts: Facts, request: LoanRequest, policy: Policy, most: int) -> Offer | None:
    amounts = (replace(request, loan_amount=Decimal(amount)) for amount in range(most, 0, -1))
    return first(approved_offer(facts, smaller, policy) for smaller in amounts)


def shortest_by_trying(facts: Facts, request: LoanRequest, policy: Policy) -> Offer | None:
    longer = (replace(request, tenure=tenure) for tenure in range(1, LONGEST + 1))
    return first(approved_offer(facts, each, policy) for each in longer)


def after(facts: Facts, changes: tuple[Change, ...]) -> Facts:
    """The facts once each change has come about, and no further than it must."""
    bounds = {change.code.removesuffix("_at_most").removesuffix("_at_least"): change.bound for change in changes}
    return replace(facts, **bounds)  # type: ignore[arg-type]  # a change is named for the fact it bounds


def test_prudent_offers_what_the_income_has_room_for() -> None:
    counter = counter_offer(CUSTOMER, ASKED, PRUDENT_1)
    assert counter.largest_amount == offered(CUSTOMER, PRUDENT_1, "280317", 24, "10.5")
    assert counter.shortest_tenure == offered(CUSTOMER, PRUDENT_1, "900000", 107, "10.5")
    assert counter.largest_amount.monthly_installment == Decimal("12999.99")
    assert statement(counter) == (
        "Over 24 months, up to 280317 would be approved at 10.5% a year, 12999.99 a month. "
        "The amount of 900000 would be approved over 107 months at 10.5% a year, 12988.52 a month. "
        "For the loan as asked: The monthly income, 50000, must be at least 107476.88."
    )


def test_standard_offers_the_limit_for_an_amount_above_it() -> None:
    counter = counter_offer(CUSTOMER, replace(ASKED, loan_amount=Decimal(2_000_000)), STANDARD_1)
    assert counter.largest_amount == offered(CUSTOMER, STANDARD_1, "1800000", 24, "10.5")
    assert counter.shortest_tenure is None
    assert [(change.code, change.bound) for change in counter.changes] == [("approved_limit_at_least", 2_000_000)]
    assert "The amount of 2000000 would not be approved over any tenure." in statement(counter)


def test_a_raised_rate_is_offered_at_that_rate_and_nothing_has_to_change() -> None:
    counter = counter_offer(MIDDLING, ASKED, STANDARD_1)
    largest, shortest = (
        offered(MIDDLING, STANDARD_1, *terms) for terms in (("1800000", 24, "12"), ("900000", 1, "12"))
    )
    assert counter == CounterOffer(ASKED, largest, shortest, ())


def test_an_offer_above_the_share_of_the_income_says_so() -> None:
    assert statement(counter_offer(MIDDLING, ASKED, STANDARD_1)) == (
        "Over 24 months, up to 1800000 would be approved at 12% a year, 84732.25 a month. "
        "With it, instalments take 96732.25 a month, 193.5% of the income: more than the policy's 50%. "
        "The amount of 900000 would be approved over 1 month at 12% a year, 909000 a month. "
        "With it, instalments take 921000 a month, 1842% of the income: more than the policy's 50%."
    )


def test_a_limit_with_paise_is_offered_in_whole_rupees() -> None:
    facts = replace(CUSTOMER, approved_limit=Decimal("500000.99"))
    largest = counter_offer(facts, ASKED, STANDARD_1).largest_amount
    assert largest is not None
    assert largest.loan_amount == 500_000


def test_nothing_is_offered_above_what_can_be_applied_for() -> None:
    rich = replace(CUSTOMER, approved_limit=Decimal(36 * 10**12))
    largest = counter_offer(rich, replace(ASKED, loan_amount=Decimal(1)), STANDARD_1).largest_amount
    assert largest is not None
    assert largest.loan_amount == LOAN_AMOUNT.most


HOPELESS: list[tuple[Facts, LoanRequest, Policy, list[str], list[tuple[ChangeCode, str, str]]]] = [
    (
        replace(CUSTOMER, current_emis=Decimal("26000.50")),
        ASKED,
        STANDARD_1,
        ["no amount", "not be approved over any tenure"],
        [
            (
                ChangeCode.CURRENT_EMIS_AT_MOST,
                "25000",
                "The monthly instalments of the current loans, 26000.50, must fall to 25000.",
            )
        ],
    ),
    (
        replace(CUSTOMER, current_principal=Decimal(2_000_000)),
        ASKED,
        STANDARD_1,
        ["no amount"],
        [
            (
                ChangeCode.CURRENT_PRINCIPAL_AT_MOST,
                "1800000",
                "The current loans, 2000000, must fall to 1800000.",
            )
        ],
    ),
    (
        replace(CUSTOMER, current_principal=Decimal(1_000_000)),
        replace(ASKED, tenure=600, interest_rate=Decimal(0)),
        PRUDENT_1,
        ["up to 800000 would be approved"],
        [(ChangeCode.CURRENT_PRINCIPAL_AT_MOST, "900000", "The current loans, 1000000, must fall to 900000.")],
    ),
    (
        CUSTOMER,
        replace(ASKED, loan_amount=Decimal(1_800_001), tenure=600, interest_rate=Decimal(0)),
        PRUDENT_1,
        ["up to 1500000 would be approved"],
        [
            (
                ChangeCode.APPROVED_LIMIT_AT_LEAST,
                "2100001",
                "The approved limit, 1800000, must be at least 2100001.",
            )
        ],
    ),
    (
        replace(MIDDLING, emis_paid_on_time=10),
        ASKED,
        STANDARD_1,
        ["no amount", "not be approved over any tenure"],
        [
            (
                ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST,
                "16",
                "6 more instalments paid on time would bring the credit score, 7, above 10, if the current loans "
                "have as many to come.",
            )
        ],
    ),
    (
        replace(MIDDLING, emis_paid_on_time=10, current_principal=Decimal(0), current_emis=Decimal(0)),
        ASKED,
        STANDARD_1,
        ["no amount"],
        [(ChangeCode.SCORE_ABOVE, "10", "The credit score, 7, must be above 10.")],
    ),
    (
        CUSTOMER,
        replace(ASKED, tenure=12),
        PRUDENT_1,
        ["up to"],
        [
            (
                ChangeCode.MONTHLY_INCOME_AT_LEAST,
                "182667.48",
                "The monthly income, 50000, must be at least 182667.48.",
            )
        ],
    ),
]


@pytest.mark.parametrize(("facts", "request_", "policy", "words", "changes"), HOPELESS)
def test_what_would_have_to_change_is_said_with_its_bound(
    facts: Facts,
    request_: LoanRequest,
    policy: Policy,
    words: list[str],
    changes: list[tuple[ChangeCode, str, str]],
) -> None:
    counter = counter_offer(facts, request_, policy)
    assert [(change.code, change.bound, change_sentence(change)) for change in counter.changes] == [
        (code, Decimal(bound), sentence) for code, bound, sentence in changes
    ]
    assert all(word in statement(counter) for word in [*words, *(sentence for _, _, sentence in changes)])


def test_every_change_is_asked_for_by_some_case() -> None:
    assert {code for *_, changes in HOPELESS for code, *_ in changes} == set(ChangeCode)


def test_all_changes_are_named_together() -> None:
    facts = replace(MIDDLING, emis_paid_on_time=0, current_emis=Decimal(26_000), current_principal=Decimal(1_900_000))
    assert [change.code for change in changes_needed(facts, ASKED, STANDARD_1)] == [
        ChangeCode.CURRENT_EMIS_AT_MOST,
        ChangeCode.CURRENT_PRINCIPAL_AT_MOST,
        ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST,
    ]


def test_more_instalments_than_the_current_loans_have_left_are_not_promised() -> None:
    # The loan of 600 months has ended, late; only one of 12 months is current, and the facts do not say so.
    facts = replace(MIDDLING, loans=2, loans_paid_in_full=0, tenure_total=612, emis_paid_on_time=0)
    (change,) = changes_needed(facts, ASKED, STANDARD_1)
    assert change_sentence(change) == (
        "97 more instalments paid on time would bring the credit score, 0, above 10, if the current loans have as many "
        "to come."
    )


def test_where_the_new_instalment_takes_all_there_is_the_current_ones_must_fall_to_nothing() -> None:
    facts = replace(CUSTOMER, monthly_income=2 * emi(ASKED.loan_amount, ASKED.interest_rate, ASKED.tenure))
    assert [(change.code, change.bound) for change in changes_needed(facts, ASKED, PRUDENT_1)] == [
        (ChangeCode.CURRENT_EMIS_AT_MOST, 0)
    ]


def test_the_rate_after_a_better_score_is_the_one_that_the_income_must_carry() -> None:
    # One instalment more brings this score from 0 to 70, past every slab: the loan is at the requested rate.
    facts = replace(CUSTOMER, loans=1, loans_paid_in_full=0, tenure_total=1, emis_paid_on_time=0)
    changes = changes_needed(facts, replace(ASKED, tenure=48), PRUDENT_1)
    left = Decimal(25_000) - emi(ASKED.loan_amount, ASKED.interest_rate, 48)
    assert [(change.code, change.bound) for change in changes] == [
        (ChangeCode.CURRENT_EMIS_AT_MOST, left),
        (ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST, 1),
    ]


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[Facts, LoanRequest, Policy]:
    """Amounts of a few rupees, where every bound binds in turn and the rounding of instalments is coarse."""
    facts = draw(able_customers(most=30_000))
    facts = replace(facts, monthly_income=draw(st.integers(1, 3_000)) / Decimal(100))
    request = LoanRequest(
        Decimal(draw(st.integers(100, 35_000))) / 100,
        draw(st.sampled_from([Decimal(0), Decimal("0.01"), Decimal(8), Decimal("13.5"), Decimal(100)])),
        draw(st.sampled_from([1, 2, 7, 24, 599, 600])),
    )
    return facts, request, draw(st.one_of(built_in_policies, policies()))


@given(case=small_cases())
def test_the_largest_amount_is_the_one_found_by_trying_each(case: tuple[Facts, LoanRequest, Policy]) -> None:
    facts, request, policy = case
    most = int(facts.approved_limit) + 2
    assert counter_offer(*case).largest_amount == largest_by_trying(facts, request, policy, most)


@given(case=small_cases())
def test_the_shortest_tenure_is_the_one_found_by_trying_each(case: tuple[Facts, LoanRequest, Policy]) -> None:
    assert counter_offer(*case).shortest_tenure == shortest_by_trying(*case)


@given(facts=able_customers(most=10**15), request=requests, policy=st.one_of(built_in_policies, policies()))
def test_an_offer_is_approved_as_it_stands_and_a_rupee_more_or_a_month_less_is_not(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    counter = counter_offer(facts, request, policy)
    largest, shortest = counter.largest_amount, counter.shortest_tenure
    amount = largest.loan_amount if largest else Decimal(0)
    assert largest == (approved_offer(facts, replace(request, loan_amount=amount), policy) if largest else None)
    assert amount == LOAN_AMOUNT.most or not approved_offer(facts, replace(request, loan_amount=amount + 1), policy)
    tenure = shortest.tenure if shortest else LONGEST + 1
    assert shortest == (approved_offer(facts, replace(request, tenure=tenure), policy) if shortest else None)
    assert tenure == 1 or not approved_offer(facts, replace(request, tenure=tenure - 1), policy)


@given(facts=able_customers(), request=requests, policy=st.one_of(built_in_policies, policies()))
def test_with_all_changes_the_loan_as_asked_is_approved_and_with_any_of_them_short_it_is_not(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    changes = changes_needed(facts, request, policy)
    assert bool(changes) is not decide(facts, request, policy).approved
    if any(change.code is ChangeCode.SCORE_ABOVE for change in changes):
        return
    changed = after(facts, changes)
    assert decide(changed, request, policy).approved
    for change in changes:
        short = change._replace(bound=change.bound + SHORT_OF[change.code])
        assert not decide(after(changed, (short,)), request, policy).approved


@given(facts=able_customers(), rate=rates, tenure=tenures, policy=built_in_policies)
def test_asking_for_the_largest_amount_is_approved_without_a_change(
    facts: Facts, rate: Decimal, tenure: int, policy: Policy
) -> None:
    largest = counter_offer(facts, LoanRequest(Decimal(10**12), rate, tenure), policy).largest_amount
    if largest:
        again = LoanRequest(largest.loan_amount, largest.interest_rate, largest.tenure)
        assert not decide(facts, again, policy).calls_for_counter_offer
        assert changes_needed(facts, again, policy) == ()


@pytest.mark.parametrize("policy", [STANDARD_1, PRUDENT_1], ids=lambda policy: policy.name)
@pytest.mark.parametrize("portfolio", PORTFOLIOS, ids=lambda folder: folder.parent.name)
def test_over_a_portfolio_every_offer_is_approved(portfolio: Path, policy: Policy) -> None:
    grid = [
        LoanRequest(Decimal(amount), Decimal("9.5"), tenure)
        for amount, tenure in product((40_000, 900_000, 9_000_000), (6, 60))
    ]
    for facts, request in product(facts_in(portfolio, date(2024, 1, 15)), grid):
        counter = counter_offer(facts, request, policy)
        for offer in (counter.largest_amount, counter.shortest_tenure):
            if offer:
                asked = LoanRequest(offer.loan_amount, request.interest_rate, offer.tenure)
                assert approved_offer(facts, asked, policy) == offer
        assert bool(counter.changes) is not decide(facts, request, policy).approved


def test_a_score_that_no_payment_can_reach_is_only_named() -> None:
    by_completion = replace(PRUDENT_1, punctuality_points=5, completion_points=95, slabs=(Slab(10, Decimal(0)),))
    facts = replace(MIDDLING, emis_paid_on_time=10)
    codes = [
        change.code for change in changes_needed(facts, ASKED, replace(by_completion, counts_requested_loan=False))
    ]
    assert codes == [ChangeCode.SCORE_ABOVE]


@pytest.mark.parametrize("code", ChangeCode)
def test_every_change_is_in_the_document(code: ChangeCode) -> None:
    assert f"\n| `{code}` |" in (Path(__file__).parents[2] / "docs" / "decision-rules.md").read_text()
