"""The template workbook: what is filled in comes through the import, and its rules are those of the import."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from chalicelib.ingest.cells import Problem
from chalicelib.ingest.headers import find_layouts
from chalicelib.ingest.kinds import KINDS, Column, Kind
from chalicelib.ingest.rows import read_chunks
from chalicelib.ingest.template import NOTES, RULES, edition, rule_for, write_template
from chalicelib.ingest.workbook import read_workbook
from tests.support.workbooks import customer, loan

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
    book["customers"].append(customer())
    book["loans"].append(loan())
    layouts, findings = find_layouts(read_workbook(saved(book)))
    chunks = list(read_chunks(layouts))
    assert [layout.kind.name for layout in layouts] == ["customers", "loans"]
    assert [len(chunk.row_numbers) for chunk in chunks if chunk.row_numbers] == [1, 1]
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


def test_every_rule_is_about_a_column_that_there_is() -> None:
    assert {name: set(rules) for name, rules in RULES.items()} == {
        kind.name: {column.title for column in kind.columns} for kind in KINDS
    }


@pytest.mark.parametrize(("kind", "column"), COLUMNS, ids=lambda part: getattr(part, "title", None))
def test_what_a_rule_allows_the_import_takes(kind: Kind, column: Column) -> None:
    rule = rule_for(kind, column)
    allowed: list[Any] = [rule.example]
    if rule.kind in ("whole", "date"):
        allowed += [rule.least, rule.most]
    if rule.kind == "decimal":
        allowed += [float(rule.least), rule.most]
    if rule.kind == "textLength":
        allowed += ["x" * rule.most]
    for value in allowed:
        assert not isinstance(column.parse(value), Problem), value


@pytest.mark.parametrize(("kind", "column"), COLUMNS, ids=lambda part: getattr(part, "title", None))
def test_what_a_rule_refuses_the_import_does_not_take(kind: Kind, column: Column) -> None:
    rule = rule_for(kind, column)
    refused: list[Any] = []
    if rule.kind == "whole":
        refused = [rule.least - 1, rule.most + 1, rule.least + 0.5]
    if rule.kind == "decimal":
        refused = [float(rule.least) - 0.01, rule.most + 1]
    if rule.kind == "date":
        refused = [rule.least - timedelta(days=1), rule.most + timedelta(days=1)]
    if rule.kind == "textLength":
        refused = ["x" * (rule.most + 1)]
    if rule.kind == "custom":
        refused = [981234567, "98123456789", "phone"]
    assert refused
    for value in refused:
        assert isinstance(column.parse(value), Problem), value


def test_the_examples_of_the_notes_are_no_rows_but_show_what_a_row_is() -> None:
    rows = list(template()[NOTES].iter_rows(values_only=True))
    told = [row[:2] for row in rows if row[0] in RULES]
    assert told == [(kind.name, column.title) for kind, column in COLUMNS]


def test_the_edition_is_the_same_until_the_template_says_something_else() -> None:
    assert edition() == edition()
    assert len(edition()) == 12
