"""The template workbook: what is filled in comes through the import, and its rules are those of the import."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import Column
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.rows import read_chunks
from chalicelib.imports.template import NOTES, edition, write_template
from chalicelib.rules.typed import Problem
from tests.support.workbooks import loan

COLUMNS = [(kind, column) for kind in KINDS for column in kind.columns]


def template() -> Workbook:
    file = BytesIO()
    write_template(file)
    return load_workbook(file)


def saved(book: Workbook) -> BytesIO:
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file


def test_a_template_that_was_filled_in_is_read_without_complaint() -> None:
    book = template()
    for kind in KINDS:
        book[kind.name].append([column.example for column in kind.columns])
    layouts, findings = find_layouts(read_workbook(saved(book)))
    chunks = list(read_chunks(layouts))
    assert [layout.kind.name for layout in layouts] == [kind.name for kind in KINDS]
    assert [len(chunk.row_numbers) for chunk in chunks if chunk.row_numbers] == [1] * len(KINDS)
    assert not any(chunk.findings for chunk in chunks)
    assert [(finding.sheet, finding.code) for finding in findings] == [(NOTES, "unknown_sheet")]


def test_a_template_with_one_sheet_filled_in_is_read_without_complaint() -> None:
    book = template()
    book["loans"].append(loan())
    layouts, _ = find_layouts(read_workbook(saved(book)))
    chunks = list(read_chunks(layouts))
    assert sum(len(chunk.row_numbers) for chunk in chunks) == 1
    assert not any(chunk.findings for chunk in chunks)


def test_the_template_has_the_columns_of_each_kind_and_a_frozen_header() -> None:
    book = template()
    assert book.sheetnames == [*(kind.name for kind in KINDS), NOTES]
    for kind in KINDS:
        sheet = book[kind.name]
        assert [cell.value for cell in sheet[1]] == [column.title for column in kind.columns]
        assert sheet.freeze_panes == "A2"
        assert {str(each.sqref).split(":")[0] for each in sheet.data_validations.dataValidation} == {
            f"{get_column_letter(number)}2" for number, _ in enumerate(kind.columns, start=1)
        }


def test_a_rate_typed_as_12_percent_stays_a_percentage_because_its_cells_have_no_format() -> None:
    """In cells of the format 0.00, Excel and LibreOffice make 0.12 of it; in others they take up its percent format."""
    rate = next(column for column in KINDS[1].columns if column.title == "Interest Rate")
    sheet = template()[KINDS[1].name]
    letter = get_column_letter(KINDS[1].columns.index(rate) + 1)
    assert sheet.column_dimensions[letter].number_format == sheet[f"{letter}2"].number_format == "General"


@pytest.mark.parametrize("column", [column for _, column in COLUMNS], ids=lambda column: column.title)
def test_what_a_rule_allows_the_import_takes(column: Column) -> None:
    rule = column.reader
    allowed: list[Any] = [column.example]
    if rule.check in ("whole", "date"):
        allowed += [rule.least, rule.most]
    if rule.check == "decimal":
        allowed += [float(rule.least), rule.most]
    if rule.check == "textLength":
        allowed += ["x" * rule.most]
    for value in allowed:
        assert not isinstance(rule.read(value), Problem), value


@pytest.mark.parametrize("column", [column for _, column in COLUMNS], ids=lambda column: column.title)
def test_what_a_rule_refuses_the_import_does_not_take(column: Column) -> None:
    rule = column.reader
    refused: list[Any] = []
    if rule.check == "whole":
        refused = [rule.least - 1, rule.most + 1, rule.least + 0.5]
    if rule.check == "decimal":
        refused = [float(rule.least) - 0.01, rule.most + 1]
    if rule.check == "date":
        refused = [rule.least - timedelta(days=1), rule.most + timedelta(days=1)]
    if rule.check == "textLength":
        refused = ["x" * (rule.most + 1)]
    if rule.check == "list":
        refused = ["gift", 1.0]
    if rule.check == "custom":
        refused = [981234567, "98123456789", "phone"]
    assert refused
    for value in refused:
        assert isinstance(rule.read(value), Problem), value


def test_the_examples_of_the_notes_are_no_rows_but_show_what_a_row_is() -> None:
    rows = list(template()[NOTES].iter_rows(values_only=True))
    told = [row[:2] for row in rows if row[0] in {kind.name for kind in KINDS}]
    assert told == [(kind.name, column.title) for kind, column in COLUMNS]


def test_the_edition_is_the_same_until_the_template_says_something_else() -> None:
    assert edition() == edition()
    assert len(edition()) == 12
