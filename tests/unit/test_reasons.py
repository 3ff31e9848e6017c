"""Each reason has a case that gives it, and a sentence that names the customer's own figures."""

import json
from dataclasses import replace
from decimal import Decimal
from string import Formatter

import pytest
from hypothesis import given

from chalicelib.rules.decision import decide
from chalicelib.rules.figures import percent, rupees
from chalicelib.rules.policy import PRUDENT_1, STANDARD_1, Policy
from chalicelib.rules.reasons import FIGURES, Reason, StatedReason
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.sentences import REASONS, reason_sentence
from chalicelib.rules.stored import reason_as_stored, reason_from_stored
from tests.support.strategies import rates
from tests.support.strategies import rupees as amounts

CUSTOMER = Facts(Decimal("50000.00"), Decimal("1800000.00"), 1, 0, 100, 60, Decimal("300000.00"), Decimal("12000.50"))
ASKED = LoanRequest(Decimal(200_000), Decimal("10.50"), 24)

CASES: list[tuple[Reason, Facts, LoanRequest, Policy, str]] = [
    (
        Reason.EMI_BURDEN_TOO_HIGH,
        replace(CUSTOMER, current_emis=Decimal("26000.50")),
        ASKED,
        STANDARD_1,
        "The monthly instalments of the current loans, 26000.50, are more than 50% of the monthly income, 50000.",
    ),
    (
        Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN,
        CUSTOMER,
        replace(ASKED, loan_amount=Decimal(300_000)),
        PRUDENT_1,
        "The monthly instalments of the current loans, 12000.50, and of this loan, 14122.04 at 12% a year, "
        "are together more than 50% of the monthly income, 50000.",
    ),
    (
        Reason.CURRENT_LOANS_EXCEED_LIMIT,
        replace(CUSTOMER, current_principal=Decimal(1_900_000)),
        ASKED,
        STANDARD_1,
        "The current loans add up to 1900000, which is more than the approved limit, 1800000.",
    ),
    (
        Reason.AMOUNT_EXCEEDS_LIMIT,
        CUSTOMER,
        replace(ASKED, loan_amount=Decimal("1800000.01")),
        STANDARD_1,
        "The requested amount, 1800000.01, is more than the approved limit, 1800000.",
    ),
    (
        Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN,
        CUSTOMER,
        replace(ASKED, loan_amount=Decimal(1_600_000), tenure=600, interest_rate=Decimal(0)),
        PRUDENT_1,
        "The current loans, 300000, and the requested amount, 1600000, are together more than the approved limit, "
        "1800000.",
    ),
    (
        Reason.SCORE_TOO_LOW,
        replace(CUSTOMER, emis_paid_on_time=10),
        ASKED,
        STANDARD_1,
        "The credit score is 7; a loan needs a score above 10.",
    ),
    (
        Reason.NO_LOAN_HISTORY,
        Facts(Decimal(50_000), Decimal(1_800_000), 0, 0, 0, 0, Decimal(0), Decimal(0)),
        ASKED,
        STANDARD_1,
        "There are no earlier loans, so the credit score is 75.",
    ),
    (
        Reason.RATE_RAISED_TO_FLOOR,
        CUSTOMER,
        ASKED,
        STANDARD_1,
        "At a credit score of 42 the interest rate is at least 12% a year.",
    ),
]


@pytest.mark.parametrize(("reason", "facts", "request_", "policy", "sentence"), CASES, ids=[str(c[0]) for c in CASES])
def test_a_reason_is_given_with_its_sentence(
    reason: Reason, facts: Facts, request_: LoanRequest, policy: Policy, sentence: str
) -> None:
    decision = decide(facts, request_, policy)
    assert [(given_.code, reason_sentence(given_)) for given_ in decision.reasons] == [(reason, sentence)]


def test_every_reason_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(Reason)


def figures_in(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_given_the_figures_that_its_sentence_names(reason: Reason) -> None:
    assert figures_in(REASONS[reason]) == set(FIGURES[reason])


class Whispering:
    """Somebody who writes figures in a way of their own."""

    def money(self, amount: Decimal) -> str:
        return f"some {rupees(amount)}"

    def rate(self, percent: Decimal) -> str:
        return f"{percent:.1f} per cent"


def test_whoever_shows_a_reason_writes_its_amounts_and_rates() -> None:
    reason = decide(replace(CUSTOMER, current_emis=Decimal("26000.50")), ASKED, STANDARD_1).reasons[0]
    assert reason_sentence(reason, Whispering()) == (
        "The monthly instalments of the current loans, some 26000.50, are more than 50.0 per cent of the monthly "
        "income, some 50000."
    )


@pytest.mark.parametrize(("reason", "facts", "request_", "policy", "sentence"), CASES, ids=[str(c[0]) for c in CASES])
def test_a_reason_is_stored_with_its_figures_and_its_sentence_and_read_back(
    reason: Reason, facts: Facts, request_: LoanRequest, policy: Policy, sentence: str
) -> None:
    (given_,) = decide(facts, request_, policy).reasons
    stored = json.loads(json.dumps(reason_as_stored(given_)))
    assert (stored["code"], stored["sentence"]) == (reason.value, sentence)
    assert reason_from_stored(stored) == given_


def test_a_reason_that_was_stored_without_its_figures_has_its_sentence_only() -> None:
    assert reason_from_stored({"code": "SCORE_TOO_LOW", "sentence": "The credit score is 7."}) is None
    assert reason_from_stored({"code": "SCORE_TOO_LOW", "sentence": "It is 7.", "figures": {"score": 7}}) is None
    whole = {"code": "SCORE_TOO_LOW", "sentence": "It is 7.", "figures": {"score": 7, "score_above": 10, "more": "1"}}
    assert reason_from_stored(whole) == StatedReason(Reason.SCORE_TOO_LOW, {"score": 7, "score_above": 10})


def test_a_code_is_its_own_name_so_that_it_never_changes_unseen() -> None:
    assert all(reason.value == reason.name for reason in Reason)


def test_only_the_remarks_do_not_refuse() -> None:
    remarks = {reason for reason in Reason if not reason.refuses}
    assert remarks == {Reason.NO_LOAN_HISTORY, Reason.RATE_RAISED_TO_FLOOR}


def test_a_share_with_a_fraction_is_written_with_it() -> None:
    strict = replace(STANDARD_1, max_emi_share_of_income=Decimal("0.333"))
    (reason,) = decide(replace(CUSTOMER, current_emis=Decimal(20_000)), ASKED, strict).reasons
    assert "more than 33.3% of the monthly income" in reason_sentence(reason)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("828000.00", "828000"), ("8E+5", "800000"), ("26000.5", "26000.50"), ("0.00", "0"), ("0.01", "0.01")],
)
def test_an_amount_is_written_without_needless_zeros(amount: str, text: str) -> None:
    assert rupees(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "text"), [("12", "12"), ("12.50", "12.5"), ("1E+2", "100"), ("0E-4", "0"), ("100.0", "100")]
)
def test_a_rate_is_written_without_needless_zeros(value: str, text: str) -> None:
    assert percent(Decimal(value)) == text


@given(amount=amounts, rate=rates)
def test_what_is_written_is_the_number(amount: Decimal, rate: Decimal) -> None:
    assert Decimal(rupees(amount)) == amount
    assert Decimal(percent(rate)) == rate
