"""What people type and what pages say: amounts in and out, and a word for everything there is."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from chalicelib import runtime
from chalicelib.console.applications.explaining import PARTS, policy_in_words
from chalicelib.console.frame import rendering
from chalicelib.console.frame.history import FIELDS
from chalicelib.console.frame.typed import AMOUNT_COLUMNS, finding_sentence, plain_amount, refused, with_amounts
from chalicelib.errors import InvalidRequest
from chalicelib.imports.findings import StoredFinding
from chalicelib.imports.kinds import KINDS
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import Part
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


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "The instalments of the current loans, 26000.50, are more than 50% of the monthly income, 52000.",
            "The instalments of the current loans, ₹26,000.50, are more than 50% of the monthly income, ₹52,000.",
        ),
        ("At a credit score of 46 the interest rate is at least 12.75% a year.",) * 2,
        ("The credit score, 9, must be above 10.",) * 2,
        ("The current loans, 1200000, must fall to 0.75.", "The current loans, ₹12,00,000, must fall to ₹0.75."),
        ("120.25% of 12345.6 and 1234%",) * 2,
    ],
)
def test_amounts_in_a_sentence_are_written_as_the_locale_does_and_other_numbers_stay(sentence: str, shown: str) -> None:
    assert with_amounts(sentence) == shown


def test_every_part_of_a_score_and_every_field_of_a_customer_has_a_name() -> None:
    assert set(PARTS) == set(Part)
    of_a_customer = {field.name for field in fields(Customer)} - {"customer_id"}
    assert set(FIELDS) == of_a_customer | {"waiting_loans_applied", "loan_ids"}


def test_a_policy_is_said_in_full() -> None:
    assert ("Limit of a new customer", "36 × monthly income") in policy_in_words(STANDARD_1)
    assert policy_in_words(STANDARD_1)[-4:] == [
        ("Score above 50", "at the requested rate"),
        ("Score above 30", "at 12% a year or more"),
        ("Score above 10", "at 16% a year or more"),
        ("Score of 10 or less", "refused"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "said", "shown"),
    [
        (
            "Loan Amount",
            "2000000000000",
            "must be at most 1000000000000. Invalid value: 2000000000000.",
            "must be at most ₹10,00,00,00,00,000. Invalid value: ₹20,00,00,00,00,000.",
        ),
        (
            "Loan Amount",
            "-5000.5",
            "must be at most 1000000000000. Invalid value: -5000.5.",
            "must be at most ₹10,00,00,00,00,000. Invalid value: -5000.5.",
        ),
        (
            "Loan ID",
            "1000000000000000",
            "must be a whole number from 1 to 999999999999999. Invalid value: 1000000000000000.",
            "must be a whole number from 1 to 999999999999999. Invalid value: 1000000000000000.",
        ),
    ],
)
def test_a_finding_groups_amounts_and_leaves_ids_and_odd_values_as_the_file_has_them(
    column: str, value: str, said: str, shown: str
) -> None:
    finding = StoredFinding(1, "loans", 5, "rejected", column, value, "out_of_range", f"{column} {said}")
    assert finding_sentence(finding) == f"{column} {shown}"


def test_the_columns_that_are_read_as_amounts_are_shown_as_amounts() -> None:
    read = {column.title for kind in KINDS for column in kind.columns if column.reader.check == "decimal"}
    assert read - {"Interest Rate"} == AMOUNT_COLUMNS


def test_the_bound_of_an_amount_is_grouped_and_what_was_typed_is_quoted_as_it_was() -> None:
    sentence = 'must be an amount in rupees, 1 to 1000000000000; got "20000000000000.5"'
    error = InvalidRequest("No.", {"loan_amount": [sentence], "phone_number": ['must have 10 digits; got "1234567"']})
    form = refused({}, error)
    grouped = 'must be an amount in rupees, 1 to ₹10,00,00,00,00,000; got "20000000000000.5"'
    assert form.sentences("loan_amount") == [grouped]
    assert form.sentences("phone_number") == ['must have 10 digits; got "1234567"']
