"""The workbook to start from: a sheet of each kind with its columns, rules that Excel checks, and notes in words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import IO, Any, Literal

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from chalicelib.ingest.cells import FIRST_DATE, LAST_DATE, MAX_AMOUNT, MAX_ID, MAX_NAME_LENGTH
from chalicelib.ingest.kinds import KINDS, MAX_PAID, Column, Kind
from chalicelib.ingest.report_cells import BOLD, TITLE_FONT, fit_to_width, header, styled
from chalicelib.rules.bounds import AGE, RATE, TENURE

LAST_ROW = 1_048_576
NOTES = "Notes"


@dataclass(frozen=True)
class Rule:
    """What Excel refuses to take in a column, in the words of a data validation, and an example of what is taken.

    `kind` is Excel's name of the check; the `formula` is that of a custom one, with {cell} for the first cell.
    """

    kind: Literal["whole", "decimal", "date", "textLength", "custom"]
    least: Any
    most: Any
    words: str
    example: Any
    number_format: str = "General"
    formula: str = ""


def _id(words: str, example: int) -> Rule:
    return Rule("whole", 1, MAX_ID, words, example, "0")


def _name(words: str, example: str, least: int) -> Rule:
    return Rule("textLength", least, MAX_NAME_LENGTH, words, example, "@")


def _amount(words: str, example: int, least: str) -> Rule:
    return Rule("decimal", least, MAX_AMOUNT, words, example, "#,##0.00")


def _date(words: str, example: date) -> Rule:
    return Rule("date", FIRST_DATE, LAST_DATE, words, example, "yyyy-mm-dd")


CUSTOMER_ID = _id("The customer's number: a whole number from 1. It is kept.", 101)

# A test holds these to what the import takes, column by column.
RULES: Mapping[str, Mapping[str, Rule]] = {
    "customers": {
        "Customer ID": CUSTOMER_ID,
        "First Name": _name(f"Text of 1 to {MAX_NAME_LENGTH} characters, in any script.", "Asha", 1),
        "Last Name": _name(f"Text of at most {MAX_NAME_LENGTH} characters; may be left empty.", "Menon", 0),
        "Age": Rule("whole", *AGE, f"Years: a whole number from {AGE}.", 41, "0"),
        "Phone Number": Rule(
            "custom", None, None, "10 digits, as a number or as text.", 9812345678, "0",
            formula='AND(LEN({cell})=10,ISNUMBER(--{cell}),ISERROR(SEARCH("[.eE+-]",{cell})))',
        ),
        "Monthly Salary": _amount("Rupees a month, above 0.", 60_000, "0.01"),
        "Approved Limit": _amount("Rupees, 0 or more. It is kept as it is.", 2_160_000, "0"),
    },
    "loans": {
        "Customer ID": CUSTOMER_ID,
        "Loan ID": _id("The loan's number: a whole number from 1. If another loan has it, this one gets a new.", 5001),
        "Loan Amount": _amount("Rupees, above 0.", 300_000, "0.01"),
        "Tenure": Rule("whole", *TENURE, f"Months: a whole number from {TENURE}.", 24, "0"),
        "Interest Rate": Rule("decimal", *RATE, f"Percent a year, from {RATE}; 11.25 means 11.25%.", 11.25, "0.00"),
        "Monthly payment": _amount("Rupees, above 0. It is kept as it is.", 14_015, "0.01"),
        "EMIs paid on Time": Rule("whole", 0, MAX_PAID, "A whole number from 0; not more than Tenure.", 20, "0"),
        "Date of Approval": _date(f"A date from {FIRST_DATE} to {LAST_DATE}.", date(2024, 5, 17)),
        "End Date": _date("A date not before Date of Approval. Without it the loan is current.", date(2026, 5, 17)),
    },
}  # fmt: skip

GENERAL_NOTES = (
    "Fill in the sheets customers and loans, one row each, and upload the workbook. Either sheet may stay empty.",
    "The columns may be moved, but not renamed. Columns of your own are ignored.",
    "A row that is wrong is set aside with its reason; the others are imported all the same.",
    "Of two rows about the same customer or loan, the lower one counts.",
    "A customer or loan that is known already is changed to what the row says.",
    "A loan whose customer is not known yet waits until the customer arrives.",
    "Dates may be typed as 2024-03-31 or 31/03/2024, the day before the month.",
    "Nothing on this sheet is imported.",
)


def write_template(file: IO[bytes]) -> None:
    """Writes the template workbook to `file`."""
    book = Workbook(write_only=True)
    for kind in KINDS:
        _write_kind(book, kind)
    _write_notes(book)
    book.save(file)


@cache
def edition() -> str:
    """A mark of what the template says: another one whenever a column, a rule or a note is another."""
    said = repr((RULES, GENERAL_NOTES, [(kind.name, [column.title for column in kind.columns]) for kind in KINDS]))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def rule_for(kind: Kind, column: Column) -> Rule:
    """What the template says about a column."""
    return RULES[kind.name][column.title]


def _write_kind(book: Workbook, kind: Kind) -> None:
    sheet: Any = book.create_sheet(kind.name)
    sheet.freeze_panes = "A2"
    fit_to_width(sheet)
    for number, column in enumerate(kind.columns, start=1):
        letter = get_column_letter(number)
        rule = rule_for(kind, column)
        sheet.column_dimensions[letter].width = max(14, len(column.title) + 4)
        sheet.column_dimensions[letter].number_format = rule.number_format
        sheet.data_validations.append(_validation(rule, column, letter))
    sheet.append(header(sheet, [column.title for column in kind.columns]))


def _validation(rule: Rule, column: Column, letter: str) -> DataValidation:
    made = DataValidation(
        type=rule.kind,
        operator=None if rule.formula else "between",
        formula1=rule.formula.format(cell=f"{letter}2") or _bound(rule.least),
        formula2=None if rule.formula else _bound(rule.most),
        allow_blank=True,
        showErrorMessage=True,
        showInputMessage=True,
        errorTitle=column.title,
        error=rule.words,
        promptTitle=column.title,
        prompt=rule.words,
    )
    made.add(f"{letter}2:{letter}{LAST_ROW}")
    return made


def _bound(value: Any) -> str:
    return f"DATE({value.year},{value.month},{value.day})" if isinstance(value, date) else str(value)


def _write_notes(book: Workbook) -> None:
    """One column of a kind to a row: a row with several of them would be taken for the header of a sheet to import."""
    sheet: Any = book.create_sheet(NOTES)
    for letter, width in zip("ABCD", (12, 22, 72, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    fit_to_width(sheet)
    sheet.append([styled(sheet, "How to fill in this workbook", TITLE_FONT)])
    for note in GENERAL_NOTES:
        sheet.append([note])
    sheet.append([])
    sheet.append(header(sheet, ["Sheet", "Column", "It must be", "Example"]))
    for kind in KINDS:
        for column in kind.columns:
            sheet.append(_note(sheet, kind, column))


def _note(sheet: Any, kind: Kind, column: Column) -> list[Any]:
    rule = rule_for(kind, column)
    example = styled(sheet, rule.example)
    example.number_format = rule.number_format
    example.alignment = Alignment(horizontal="left")
    return [kind.name, styled(sheet, column.title, BOLD), rule.words, example]
