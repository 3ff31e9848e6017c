"""Policies: what makes sense, what is refused, and that what is stored decides again as it did."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.decision import decide
from chalicelib.rules.policy import POLICIES, PRUDENT_1, STANDARD_1, Policy, PolicyError, Slab, policy_named
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.stored import (
    StoredValueError,
    facts_as_stored,
    facts_from_stored,
    policy_as_stored,
    policy_from_stored,
)
from tests.support.strategies import able_customers, facts_of_customers, policies, requests

STORED_FACTS = facts_as_stored(Facts(Decimal(23_000), Decimal(828_000), 0, 0, 0, 0, Decimal(0), Decimal(0)))


@given(income=st.integers(1, 10**9))
def test_the_limit_is_36_incomes(income: int) -> None:
    assert STANDARD_1.approved_limit(Decimal(income)) == 36 * income


@pytest.mark.parametrize(("income", "limit"), [("23000", "800000"), ("24000", "900000"), ("23611.11", "800000")])
def test_a_limit_can_be_rounded_to_a_lakh_half_up(income: str, limit: str) -> None:
    to_a_lakh = replace(STANDARD_1, limit_rounding_step=Decimal(100_000))
    assert to_a_lakh.approved_limit(Decimal(income)) == Decimal(limit)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "name must be up to 64 small letters"),
        ({"name": "Standard 1"}, "not 'Standard 1'"),
        ({"income_multiple": Decimal(0)}, "income_multiple must be above 0"),
        ({"income_multiple": 36}, "income_multiple must be of type Decimal, not 36"),
        ({"income_multiple": Decimal("NaN")}, "income_multiple must be a finite number, not NaN"),
        ({"limit_rounding_step": Decimal(-1)}, "limit_rounding_step must be above 0"),
        ({"limit_rounding_step": Decimal("0.001")}, "in whole paise, not 0.001"),
        ({"max_emi_share_of_income": Decimal(0)}, "max_emi_share_of_income must be above 0 and at most 1"),
        ({"max_emi_share_of_income": Decimal("1.2")}, "max_emi_share_of_income must be above 0 and at most 1"),
        ({"max_emi_share_of_income": 0.5}, "max_emi_share_of_income must be of type Decimal, not 0.5"),
        ({"max_emi_share_of_income": Decimal("Infinity")}, "must be a finite number"),
        ({"counts_requested_loan": 1}, "counts_requested_loan must be of type bool, not 1"),
        ({"score_without_history": 101}, "score_without_history must lie between 0 and 100"),
        ({"score_without_history": -1}, "score_without_history must lie between 0 and 100"),
        ({"punctuality_points": 80}, "add up to 100, not 80 and 30"),
        ({"punctuality_points": 110, "completion_points": -10}, "must not be negative"),
        ({"punctuality_points": True, "completion_points": 99}, "punctuality_points must be of type int, not True"),
        ({"slabs": ()}, "at least one slab"),
        ({"slabs": [Slab(50, Decimal(0))]}, "slabs must be a tuple of Slab"),
        ({"slabs": (Slab(50, 12.5),)}, "slabs must be a tuple of Slab"),  # type: ignore[arg-type]
        ({"slabs": (Slab(50, Decimal("NaN")),)}, "slabs must be a tuple of Slab"),
        ({"slabs": (Slab(30, Decimal(12)), Slab(50, Decimal(12)))}, "from the highest score to the lowest"),
        ({"slabs": (Slab(50, Decimal(0)), Slab(50, Decimal(12)))}, "each once"),
        ({"slabs": (Slab(100, Decimal(0)),)}, "at least 0 and below 100"),
        ({"slabs": (Slab(-1, Decimal(0)),)}, "at least 0 and below 100"),
        ({"slabs": (Slab(50, Decimal(16)), Slab(30, Decimal(12)))}, "must not have a lower rate_floor"),
        ({"slabs": (Slab(50, Decimal(101)),)}, "between 0 and 100 percent"),
        ({"slabs": (Slab(50, Decimal("12.00001")),)}, "at most 4 decimals"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        replace(STANDARD_1, **change)


def test_an_unknown_policy_is_refused_naming_those_there_are() -> None:
    with pytest.raises(PolicyError, match=r"'generous-7'.*standard-1, prudent-1"):
        policy_named("generous-7")


def test_a_built_in_policy_is_found_by_its_name() -> None:
    assert [policy_named(name) for name in POLICIES] == [STANDARD_1, PRUDENT_1]


def test_prudent_differs_from_standard_in_one_value() -> None:
    assert replace(STANDARD_1, name="prudent-1", counts_requested_loan=True) == PRUDENT_1


@given(policy=policies())
def test_a_policy_comes_back_from_json_as_it_was(policy: Policy) -> None:
    assert policy_from_stored(json.loads(json.dumps(policy_as_stored(policy)))) == policy


@given(facts=facts_of_customers())
def test_facts_come_back_from_json_as_they_were(facts: Facts) -> None:
    restored = facts_from_stored(json.loads(json.dumps(facts_as_stored(facts))))
    # Also in the number of their zeros.
    assert repr(restored) == repr(facts)


@given(facts=able_customers(), request=requests, policy=policies())
def test_what_is_stored_decides_again_as_it_did(facts: Facts, request: LoanRequest, policy: Policy) -> None:
    stored = json.dumps([facts_as_stored(facts), policy_as_stored(policy)])
    facts_again, policy_again = json.loads(stored)
    again = decide(facts_from_stored(facts_again), request, policy_from_stored(policy_again))
    assert again == decide(facts, request, policy)


@given(facts=able_customers(), request=requests, policy=policies())
def test_zeros_that_a_column_adds_do_not_change_a_decision(facts: Facts, request: LoanRequest, policy: Policy) -> None:
    stored = replace(
        facts,
        monthly_income=facts.monthly_income.quantize(Decimal("0.01")),
        approved_limit=facts.approved_limit.quantize(Decimal("0.01")),
    )
    padded = replace(
        request,
        loan_amount=request.loan_amount.quantize(Decimal("0.01")),
        interest_rate=request.interest_rate.quantize(Decimal("0.0001")),
    )
    assert decide(stored, padded, policy) == decide(facts, request, policy)


def test_money_is_stored_as_text_and_counts_as_numbers() -> None:
    assert STORED_FACTS["monthly_income"] == "23000"
    assert STORED_FACTS["loans"] == 0
    assert policy_as_stored(STANDARD_1)["slabs"][1] == {"score_above": 30, "rate_floor": "12"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"monthly_income": 23000.0}, "monthly_income must be stored as str, not 23000.0"),
        ({"monthly_income": "a lot"}, "monthly_income must be a decimal number as text, not 'a lot'"),
        ({"loans": "2"}, "loans must be stored as int, not '2'"),
        ({"loans": True}, "loans must be stored as int, not True"),
        ({"age": 23}, "A stored Facts needs exactly the fields monthly_income, "),
    ],
)
def test_facts_that_were_not_stored_by_us_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StoredValueError, match=sentence):
        facts_from_stored(STORED_FACTS | change)


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"slabs": [{"score_above": 50}]}, StoredValueError, "A stored Slab needs exactly the fields score_above"),
        ({"slabs": ["50"]}, StoredValueError, "A stored Slab needs exactly"),
        ({"slabs": "none"}, StoredValueError, "slabs must be stored as list"),
        ({"counts_requested_loan": "yes"}, StoredValueError, "counts_requested_loan must be stored as bool"),
        ({"max_emi_share_of_income": "1.5"}, PolicyError, "at most 1, not 1.5"),
        ({"max_emi_share_of_income": "NaN"}, PolicyError, "must be a finite number"),
    ],
)
def test_a_stored_policy_that_makes_no_sense_is_refused(
    change: dict[str, Any], kind: type[ValueError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        policy_from_stored(policy_as_stored(STANDARD_1) | change)
