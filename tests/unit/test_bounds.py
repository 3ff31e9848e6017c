"""Bounds and words are said once: rules/bounds.py, rules/importing.py and rules/access.py have them.

What can be built from them is. Here is what cannot: the contract as it is published, documents, SQL, templates of
pages, and what the columns of the tables hold.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Numeric, SmallInteger

from chalicelib.console.frame.labels import IMPORT_STATES
from chalicelib.console.imports.findings import OUTCOMES
from chalicelib.imports.jobs import SheetCounts
from chalicelib.postgres import errors
from chalicelib.requests.models import (
    BUCKET_CODES,
    CreateLoanBody,
    Model,
    PatchCustomerBody,
    RegisterBody,
    ScheduleBody,
)
from chalicelib.rules import bounds
from chalicelib.rules.access import MACHINES, PEOPLE, Role
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.bounds import Range
from chalicelib.rules.importing import (
    COUNTED_OUTCOMES,
    FINDING_OUTCOMES,
    ROW_OUTCOMES,
    ImportState,
    Outcome,
    SheetKind,
)
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.statement import Computed
from chalicelib.rules.servicing.values import Kind
from chalicelib.storage.constraints import BROKEN
from chalicelib.storage.import_tables import metadata
from contract.schemas import resolved

PROJECT = Path(__file__).parents[2]
CHALICELIB = PROJECT / "chalicelib"
PUBLISHED = CHALICELIB / "api" / "published" / "openapi.json"
MAX_SMALLINT = 2**15 - 1

ABOVE_NOTHING = {"exclusiveMinimum": 0, "maximum": bounds.MAX_AMOUNT}


def numbers(values: Range) -> dict[str, int]:
    return {"minimum": values.least, "maximum": values.most}


def lengths(values: Range) -> dict[str, int]:
    return {"minLength": values.least, "maxLength": values.most}


# What the contract says of a field or parameter, wherever it says anything.
IN_THE_CONTRACT: Mapping[str, Mapping[str, int]] = {
    "age": numbers(bounds.AGE),
    "tenure": numbers(bounds.TENURE),
    "interest_rate": numbers(bounds.RATE),
    "score": numbers(bounds.SCORE),
    "loan_amount": numbers(bounds.LOAN_AMOUNT),
    "approved_limit": numbers(bounds.LIMIT),
    "monthly_income": ABOVE_NOTHING,
    "monthly_installment": ABOVE_NOTHING,
    "days": numbers(bounds.KEY_DAYS),
    "reason": lengths(bounds.REASON_LENGTH),
    "reference": lengths(bounds.REFERENCE_LENGTH),
    "channel": lengths(bounds.CHANNEL_LENGTH),
    "instalments_left": numbers(bounds.TENURE),
    "interest_due": numbers(bounds.LIMIT),
    "file_name": lengths(bounds.FILE_NAME_LENGTH),
    "first_name": lengths(bounds.NAME_LENGTH),
    "last_name": {"maxLength": bounds.NAME_LENGTH.most},
    "login": lengths(bounds.LOGIN_LENGTH),
    "q": {"maxLength": bounds.MAX_SEARCH_LENGTH},
    "Idempotency-Key": lengths(bounds.IDEMPOTENCY_KEY_LENGTH),
    **{
        name: numbers(Range(1, bounds.MAX_ID))
        for name in ("customer_id", "loan_id", "application_id", "import_id", "key_id", "user_id")
    },
}

# All lists of words that the contract has for a field.
WORDS_IN_THE_CONTRACT: Mapping[str, list[list[str]]] = {
    "role": [[*PEOPLE], [*MACHINES], [*Role]],
    "outcome": [[*FINDING_OUTCOMES], ["approved", "refused"]],
    "state": [[*ImportState], [ImportState.AWAITING_UPLOAD], [*State], ["current", "ended"]],
    "kind": [[*SheetKind], [*Kind], [*Computed], [*SubjectKind], ["key", "user", "anyone"]],
    "class": [[*BUCKET_CODES]],
}


def schemas(part: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in the contract with the name of the field or parameter that it says something of."""
    if isinstance(part, list):
        for each in part:
            yield from schemas(each, name)
    elif isinstance(part, dict):
        name = part["name"] if "in" in part and isinstance(part.get("name"), str) else name
        yield name, part
        for key, each in part.items():
            if key == "properties":
                for field, schema in each.items():
                    yield from schemas(schema, field)
            elif key not in ("example", "examples"):
                yield from schemas(each, name)


@pytest.fixture(scope="module")
def contract() -> list[tuple[str, dict[str, Any]]]:
    document = json.loads(PUBLISHED.read_text())
    components = document["components"]["schemas"]
    # A list of words stands in a component of its own.
    return [
        (name, resolved(part, components) if "/schemas/" in part.get("$ref", "") else part)
        for name, part in schemas(document)
    ]


@pytest.mark.parametrize(("name", "said"), IN_THE_CONTRACT.items(), ids=str)
def test_the_contract_has_the_bounds_of_a_field(
    contract: list[tuple[str, dict[str, Any]]], name: str, said: Mapping[str, int]
) -> None:
    keys = {"minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength"}
    found = [{key: part[key] for key in keys & part.keys()} for field, part in contract if field == name]
    assert said in found
    assert all(each in ({}, said) for each in found), found


@pytest.mark.parametrize(("name", "lists"), WORDS_IN_THE_CONTRACT.items(), ids=str)
def test_the_contract_has_the_words_of_a_field(
    contract: list[tuple[str, dict[str, Any]]], name: str, lists: list[list[str]]
) -> None:
    found = [part["enum"] for field, part in contract if field == name and isinstance(part.get("enum"), list)]
    assert found
    assert all(each in lists for each in found), found


COLUMNS: Sequence[Column[Any]] = [column for table in metadata.tables.values() for column in table.columns]


def named(kind: type[Any]) -> set[str]:
    return {column.name for column in COLUMNS if isinstance(column.type, kind)}


def test_the_columns_hold_what_the_bounds_allow() -> None:
    most = {bounds.AMOUNT_DECIMALS: bounds.MAX_AMOUNT, bounds.RATE_DECIMALS: bounds.RATE.most}
    for column in COLUMNS:
        if isinstance(column.type, Numeric):
            precision, scale = column.type.precision or 0, column.type.scale or 0
            assert 10 ** (precision - scale) > most[scale], column
    small = {"age": bounds.AGE, "tenure": bounds.TENURE, "score": bounds.SCORE, "emis_paid_on_time": bounds.PAID}
    small |= dict.fromkeys(("instalments_left", "repayments_left"), bounds.INSTALMENTS_LEFT)
    assert named(SmallInteger) - {"attempts", "fold_revision"} == small.keys()
    assert max(values.most for values in small.values()) == MAX_SMALLINT
    assert bounds.MAX_ID == 2**63 - 1
    assert named(BigInteger) >= {"customer_id", "loan_id", "source_loan_id", "import_id"}


def test_every_outcome_of_a_row_has_a_column_and_every_word_a_use() -> None:
    assert [field.name for field in fields(SheetCounts)][3:] == [*COUNTED_OUTCOMES]
    assert {*ROW_OUTCOMES, *FINDING_OUTCOMES} == {*Outcome}
    assert {f"staged_{kind}" for kind in SheetKind} <= metadata.tables.keys()
    assert {*PEOPLE, *MACHINES, Role.ANYONE} == {*Role}


def test_pages_have_a_word_for_every_state_and_outcome() -> None:
    assert IMPORT_STATES.keys() == {*ImportState}
    assert list(OUTCOMES) == [*FINDING_OUTCOMES]


SAID_IN_SQL = (
    (r"\bstate (?:=|<>) '(\w+)'", ImportState),
    (r"\boutcome (?:=|<>) '(\w+)'", Outcome),
    (r"\b(?:THEN|ELSE) '(\w+)'", Outcome),
    (r"row_number, '(\w+)'", Outcome),
)
SAID_ON_PAGES = ((r'\bstate [!=]= "(\w+)"', ImportState), (r'\boutcome [!=]= "(\w+)"', Outcome))


@pytest.mark.parametrize(
    ("pattern", "known", "ending"),
    [(*each, "py") for each in SAID_IN_SQL] + [(*each, "html") for each in SAID_ON_PAGES],
)
def test_what_statements_and_templates_compare_with_is_a_word_that_there_is(
    pattern: str, known: type[ImportState | Outcome], ending: str
) -> None:
    for path in CHALICELIB.rglob(f"*.{ending}"):
        if "versions" not in path.parts:
            # In a merge, a row whose outcome is not known yet is pending.
            own = {"pending"} if path.parent.name == "merging" else set()
            assert set(re.findall(pattern, path.read_text())) <= {*known} | own, path


def test_no_form_has_a_length_of_its_own() -> None:
    for path in (CHALICELIB / "console").rglob("*.html"):
        assert not re.findall(r"\bm(?:ax|in)length=\W*\d+", path.read_text()), path


@pytest.mark.parametrize("model", [RegisterBody, CreateLoanBody, PatchCustomerBody, ScheduleBody])
def test_the_api_document_says_what_the_model_of_a_request_says(model: type[Model]) -> None:
    told = (PROJECT / "docs" / "api.md").read_text()
    for name, schema in model.model_json_schema()["properties"].items():
        described = next(each["description"] for each in (schema, *schema.get("anyOf", [])) if "description" in each)
        if name != "reason":
            assert f"| `{name}` | {described} |" in told, name


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("imports", f"| `Age` | a whole number, {bounds.AGE} |"),
        ("imports", f"| `Tenure` | a whole number of months, {bounds.TENURE} |"),
        ("imports", f"| `Interest Rate` | percent a year, {bounds.RATE};"),
        ("imports", f"| `EMIs paid on Time` | a whole number, 0 to {bounds.PAID.most:,};"),
        ("imports", f"| `First Name` | text of at most {bounds.NAME_LENGTH.most} characters,"),
        ("imports", f"| `Phone Number` | {bounds.PHONE_DIGITS} digits;"),
        ("imports", f"an id above {bounds.MAX_ID_IN_A_FILE:,}"),
        ("imports", f"a name of more than {bounds.NAME_LENGTH.most} characters"),
        ("imports", f"file of more than {bounds.MAX_FILE_BYTES // 2**20} MiB"),
        *(("imports", f"| {outcome} | ") for outcome in ROW_OUTCOMES),
        *(("api", f"`{state}`") for state in ImportState),
        ("api", f"`Idempotency-Key`: {bounds.IDEMPOTENCY_KEY_LENGTH} printable ASCII characters"),
        ("api", f"| `reference` | text of {bounds.REFERENCE_LENGTH} characters,"),
        ("api", f"| `channel` | text of {bounds.CHANNEL_LENGTH} characters,"),
        ("imports", f"| `Channel` | text of at most {bounds.CHANNEL_LENGTH.most} characters;"),
        ("imports", f"| `Reference` | text of at most {bounds.REFERENCE_LENGTH.most} characters,"),
        ("access", f"A password has {bounds.PASSWORD_LENGTH} characters"),
        ("access", f"takes one: {bounds.REASON_LENGTH} characters"),
        ("decision-rules", f"from {bounds.TENURE} months"),
        ("decision-rules", f"kept within {bounds.SCORE.least} and {bounds.SCORE.most}"),
    ],
)
def test_the_documents_have_the_bounds(document: str, said: str) -> None:
    assert said in " ".join((PROJECT / "docs" / f"{document}.md").read_text().split())


def test_what_is_said_of_broken_constraints_is_about_constraints_that_there_are() -> None:
    named = {constraint.name for table in metadata.tables.values() for constraint in table.constraints}
    named |= {index.name for table in metadata.tables.values() for index in table.indexes if index.unique}
    assert BROKEN.keys() <= named
    assert errors._broken == BROKEN


def test_a_range_includes_both_its_ends_and_reads_as_a_person_says_it() -> None:
    assert str(Range(18, 120)) == "18 to 120"
    assert [number in Range(1, 3) for number in range(5)] == [False, True, True, True, False]


def test_the_largest_amount_is_said_in_words_as_it_is() -> None:
    lakh, crore = 10**5, 10**7
    assert (lakh * crore, "1 lakh crore") == (bounds.MAX_AMOUNT, bounds.MAX_AMOUNT_IN_WORDS)
