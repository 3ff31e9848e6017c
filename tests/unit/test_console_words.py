"""What people type and what pages say: amounts in and out, and a word for everything there is."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

import pytest
from pydantic import BaseModel

from chalicelib import runtime
from chalicelib.console.administration.audit_labels import written
from chalicelib.console.applications.explaining import PARTS, policy_in_words
from chalicelib.console.customers.fields import CORRECTABLE, FIELDS, Correction
from chalicelib.console.frame import rendering
from chalicelib.console.frame.reading import plain_amount, read
from chalicelib.console.imports.findings import OUTCOMES
from chalicelib.console.loans.listing import LoansListQuery
from chalicelib.errors import InvalidRequest
from chalicelib.requests.models import CheckEligibilityBody, PatchCustomerBody, RegisterBody
from chalicelib.rules.changes import Change, ChangeCode
from chalicelib.rules.importing import FINDING_OUTCOMES
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.reasons import Reason, StatedReason
from chalicelib.rules.score import Part
from chalicelib.rules.sentences import change_sentence, reason_sentence
from chalicelib.storage.customers import Customer


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a laptop; nothing here opens the database."""
    caches = (runtime.settings, rendering.formats)
    environ = {
        "STAGE": "local",
        "DATABASE_URL": "postgresql://nobody@nowhere.invalid/loans",
        "IMPORT_BUCKET": "loans-test-workbooks",
        "IMPORT_QUEUE_URL": "http://localhost/000000000000/loans-test-imports",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("120030", "120030"),
        ("1,20,030", "120030"),
        ("120,030.50", "120030.50"),
        ("₹ 1,20,030", "120030"),
        ("₹500", "500"),
        ("12,50", "12,50"),
        ("1,2", "1,2"),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_an_amount_may_be_typed_with_its_currency_and_grouped(typed: str, plain: str) -> None:
    assert plain_amount(typed) == plain


def test_a_reason_is_said_with_amounts_as_the_locale_writes_them() -> None:
    figures = {
        "current_emis": Decimal("26000.50"),
        "max_emi_share_of_income": Decimal("0.5"),
        "monthly_income": Decimal(52_000),
    }
    assert reason_sentence(StatedReason(Reason.EMI_BURDEN_TOO_HIGH, figures), rendering.formats()) == (
        "The monthly instalments of the current loans, ₹26,000.50, are more than 50% of the monthly income, ₹52,000."
    )
    raised = StatedReason(Reason.RATE_RAISED_TO_FLOOR, {"score": 46, "interest_rate": Decimal("12.7500")})
    assert reason_sentence(raised, rendering.formats()) == (
        "At a credit score of 46 the interest rate is at least 12.75% a year."
    )


def test_a_change_is_said_with_amounts_as_the_locale_writes_them() -> None:
    fallen = Change(ChangeCode.CURRENT_PRINCIPAL_AT_MOST, Decimal("0.75"), {"current_principal": Decimal(1_200_000)})
    assert change_sentence(fallen, rendering.formats()) == "The current loans, ₹12,00,000, must fall to ₹0.75."
    above = Change(ChangeCode.SCORE_ABOVE, 10, {"score": 9})
    assert change_sentence(above, rendering.formats()) == "The credit score, 9, must be above 10."


def test_every_part_of_a_score_and_every_field_of_a_customer_has_a_name() -> None:
    assert set(PARTS) == set(Part)
    of_a_customer = {field.name for field in fields(Customer)} - {"customer_id"}
    assert set(FIELDS) == of_a_customer


def test_the_forms_of_a_customer_have_every_field_that_can_be_registered_or_corrected() -> None:
    assert set(RegisterBody.model_fields) <= set(FIELDS)
    assert set(Correction.model_fields) == set(PatchCustomerBody.model_fields) == {*CORRECTABLE, "reason"}


def test_every_outcome_of_a_finding_has_a_name() -> None:
    assert tuple(OUTCOMES) == FINDING_OUTCOMES


def test_a_policy_is_said_in_full() -> None:
    assert ("Limit of a new customer", "36 × monthly income") in policy_in_words(STANDARD_1)
    assert policy_in_words(STANDARD_1)[-4:] == [
        ("Score above 50", "at the requested rate"),
        ("Score above 30", "at 12% a year or more"),
        ("Score above 10", "at 16% a year or more"),
        ("Score of 10 or less", "refused"),
    ]


@pytest.mark.parametrize(
    ("model", "typed", "sentence"),
    [
        (
            CheckEligibilityBody,
            {"loan_amount": "2,00,00,00,00,00,000.5"},
            'must be at most ₹10,00,00,00,00,000; got "2,00,00,00,00,00,000.5"',
        ),
        (
            RegisterBody,
            {"monthly_income": "0"},
            'must be above ₹0; got "0"',
        ),
        (CheckEligibilityBody, {"loan_amount": "0.5"}, 'must be at least ₹1; got "0.5"'),
        (CheckEligibilityBody, {"loan_amount": "5.005"}, 'must have at most 2 decimals; got "5.005"'),
        (LoansListQuery, {"amount_from": "much"}, 'must be an amount, for example 1,20,000; got "much"'),
        (LoansListQuery, {"amount_to": "-5"}, 'must be above ₹0; got "-5"'),
        (CheckEligibilityBody, {"loan_amount": "much"}, 'must be an amount, for example 1,20,000; got "much"'),
        (
            Correction,
            {"approved_limit": ""},
            "is required",
        ),
    ],
)
def test_a_form_says_what_is_wrong_with_an_amount_and_quotes_what_was_typed(
    model: type[BaseModel], typed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(model, typed)
    (name,) = typed
    assert refused.value.fields[name] == [sentence]


def test_the_log_counts_the_rows_of_a_sheet_in_the_words_of_the_import() -> None:
    sheets = [
        {"sheet": "customers", "rows_found": 59, "inserted": 56, "rejected": 3},
        {"sheet": "loans", "rows_found": 1, "updated": 1},
    ]
    assert written("sheets", sheets) == "customers: 59 rows, 56 new, 3 rejected; loans: 1 row, 1 updated"
