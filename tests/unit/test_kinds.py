"""The kinds of sheet, and what the tables of the database have to hold of them."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import CheckConstraint

from chalicelib.imports import headers
from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID, CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.imports.kinds.readers import text_of_name
from chalicelib.imports.kinds.receipts import RECEIPTS
from chalicelib.imports.merging import MERGES
from chalicelib.imports.reading.cells import Cell
from chalicelib.imports.reading.sheets import FileRefused, Sheet
from chalicelib.imports.rows import read_chunks
from chalicelib.imports.staging import PLACE
from chalicelib.storage.import_tables import import_sheets, metadata
from chalicelib.storage.tables import waiting_loans

of_each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@of_each_kind
def test_the_staging_table_of_a_kind_has_its_columns(kind: Kind) -> None:
    assert metadata.tables[kind.staging].c.keys() == ["import_id", *PLACE, *kind.names]


@pytest.mark.parametrize("kind", [CUSTOMERS, LOANS], ids=lambda kind: kind.name)
def test_the_table_of_a_kind_has_its_columns(kind: Kind) -> None:
    assert set(kind.names) <= set(metadata.tables[kind.name].c.keys())


@pytest.mark.parametrize("kind", [OPENINGS, RECEIPTS], ids=lambda kind: kind.name)
def test_a_row_that_is_recorded_waits_with_all_that_it_says(kind: Kind) -> None:
    assert metadata.tables[f"waiting_{kind.name}"].c.keys() == ["import_id", *PLACE, *kind.names]


def test_a_loan_waits_with_all_that_its_row_says() -> None:
    assert set(waiting_loans.c.keys()) == {"loan_id", *LOANS.names, "import_id"}


def test_the_database_takes_the_counts_of_every_kind_and_of_no_other() -> None:
    checks = [each for each in import_sheets.constraints if isinstance(each, CheckConstraint)]
    known = next(str(each.sqltext) for each in checks if each.name == "import_sheets_kind_known")
    assert set(re.findall(r"'(\w+)'", known)) == {kind.name for kind in KINDS}


def test_every_kind_has_a_merge() -> None:
    assert set(MERGES) == set(KINDS)


@of_each_kind
def test_a_kind_is_known_by_columns_of_its_own(kind: Kind) -> None:
    others = {column.title for other in KINDS if other is not kind for column in other.columns}
    assert {column.title for column in kind.columns} - others
    assert set(kind.key) < set(kind.names)


@of_each_kind
def test_the_checks_of_a_row_are_about_columns_that_there_are(kind: Kind) -> None:
    for check in (*kind.refused_by, *kind.flagged_by):
        assert {check.column, check.against} <= set(kind.names)


def test_only_customers_may_have_columns_whose_absence_keeps_what_is_stored() -> None:
    """The merge of no other kind knows of them yet."""
    assert [kind.name for kind in KINDS if kind.kept and kind is not CUSTOMERS] == []


@of_each_kind
def test_what_tells_rows_apart_is_never_optional(kind: Kind) -> None:
    assert {column.name for column in kind.required} >= set(kind.key)


MAIL = Column("E-mail", "email", text_of_name(least=0), "Text.", "a@b.example", if_blank="", if_absent=None)
PEOPLE = replace(CUSTOMERS, columns=(*CUSTOMERS.columns, MAIL))


def values_of(header: list[str], *rows: list[Cell]) -> tuple[list[Any], list[Finding]]:
    """What is read of the column E-mail, and what is said of the sheet."""
    sheet = Sheet("people", len(rows) + 1, lambda: iter(enumerate([header, *rows], start=1)))
    (layout,), _ = find_layouts([sheet])
    (chunk,) = read_chunks([layout])
    return list(chunk.columns[-1]), [*layout.findings, *chunk.findings]


def test_a_column_that_is_not_there_is_not_a_column_of_empty_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "KINDS", (PEOPLE, LOANS))
    row: list[Cell] = [1, "Asha", "Menon", 41, 9812345678, 60000, 2200000]
    assert values_of([*PEOPLE.titles], [*row, "", "a@b.example"], [*row, "", ""]) == (["a@b.example", ""], [])
    values, ((_, number, outcome, title, _, code, message),) = values_of(
        [column.title for column in CUSTOMERS.required], row
    )
    assert values == [None]
    assert (number, outcome, title, code) == (1, "flagged", "E-mail", "absent_column")
    assert message == "The sheet has no column E-mail; what is stored was left as it was."
    with pytest.raises(FileRefused, match="lacks the columns Age"):
        values_of([title for title in PEOPLE.titles if title != "Age"])


def test_columns_that_two_kinds_share_do_not_tell_a_sheet_of_either(monkeypatch: pytest.MonkeyPatch) -> None:
    colour = Column("Favourite colour", "colour", text_of_name(least=1), "", "")
    colours = Kind("colours", "colour", ("customer_id",), (CUSTOMER_ID, colour))
    monkeypatch.setattr(headers, "KINDS", (*KINDS, colours))
    customers = Sheet("customers", 1, lambda: iter([(1, [column.title for column in CUSTOMERS.columns])]))
    notes = Sheet("notes", 1, lambda: iter([(1, ["Customer ID", "is a number"])]))
    layouts, findings = find_layouts([customers, notes])
    assert [layout.kind for layout in layouts] == [CUSTOMERS]
    assert [(finding.sheet, finding.code) for finding in findings] == [("notes", "unknown_sheet")]


def test_who_sends_another_sheet_is_told_of_every_kind_that_is_taken() -> None:
    sheet = Sheet("Notes", 1, lambda: iter([(1, ["Colour", "Size"])]))
    with pytest.raises(FileRefused) as refused:
        find_layouts([sheet])
    for kind in KINDS:
        assert f"{kind.name}: {kind.columns[0].title}, " in str(refused.value)
