"""Workbooks of a random portfolio, as XlsxWriter, openpyxl and LibreOffice write them."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import xlsxwriter

from tests.support.debian import install
from tests.support.patience import PATIENCE_SECONDS
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER

HOW = "LibreOffice writes some workbooks of the tests; on Debian and Ubuntu: apt install libreoffice-calc."

INDIAN = r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00"
NUMBERS = ("General", "0", "0.00", "#,##0")
AMOUNTS = (*NUMBERS, "#,##0.00", INDIAN, '"₹"#,##0.00', "[$₹-4009]#,##0.00", '"Rs. "#,##0', "#,##0.00;[Red]-#,##0.00")
DATES = ("dd/mm/yyyy", "m/d/yyyy", "yyyy-mm-dd", "d-mmm-yy", "dd.mm.yyyy", "mmm d, yyyy", "[$-4009]dd mmmm yyyy")
PERCENTS = ("0%", "0.00%", "0.0000%")
FORMATS = {
    "Phone Number": ("General", "0", "@"), "Monthly Salary": AMOUNTS, "Approved Limit": AMOUNTS,
    "Loan Amount": AMOUNTS, "Monthly payment": AMOUNTS, "Date of Approval": DATES, "End Date": DATES,
    "Interest Rate": ("General", "0.00", *PERCENTS), "First Name": ("General", "@"), "Last Name": ("General", "@"),
}  # fmt: skip
UNITS = {
    "Monthly Salary": ("(Rs.)", "(INR)", "[₹]"), "Approved Limit": ("(₹)", "(in Rs)"), "Loan Amount": ("(INR)",),
    "Monthly payment": ("(Rs. per month)",), "Tenure": ("(months)", "[in months]"), "Age": ("(years)",),
    "Interest Rate": ("(% p.a.)", "(%)"), "Date of Approval": ("(DD-MM-YYYY)",), "End Date": ("(dd/mm/yyyy)",),
}  # fmt: skip
SHEET_NAMES = ("Sheet 1", "ग्राहक", "Kredite für März", "借款 2024", "A & B <x>", "O'Neil's list", " padded", "data.xml")
FIRST_NAMES = ("Asha", "रवि", "José", "Søren", "=Anil", "+Meena", "D'Souza", "A & <B>", "X1")
LAST_NAMES = ("Rao", "कुमार", "Müller-Ødegård", "", "O’Neil")


class NoOffice(Exception):
    """There is no LibreOffice, and it could not be installed; the sentence says how."""


@dataclass(frozen=True)
class Planned:
    """A sheet to be written: `rows` are the values that are meant, in the order of `titles`; `order` is the file's."""

    name: str
    state: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Any]]
    order: Sequence[int]
    headers: Sequence[str]
    formats: Sequence[str]
    title: str
    header_row: int
    left: int

    def cells(self, row: Sequence[Any]) -> list[tuple[Any, str]]:
        """A row as it goes into the file, each value with its number format."""
        return [(_in_file(row[at], self.formats[at]), self.formats[at]) for at in self.order]


def planned(seed: int) -> list[Planned]:
    """The sheets of a portfolio: one of customers, one of loans, and up to two hidden ones with other values."""
    random = Random(seed)
    names = random.sample(SHEET_NAMES, 4)
    customers = [_customer(random, 1000 + at) for at in range(random.randint(1, 12))]
    loans = [_loan(random, 5000 + at, random.choice(customers)[0]) for at in range(random.randint(1, 25))]
    sheets = [
        _sheet(random, names[0], "visible", CUSTOMER_HEADER, customers),
        _sheet(random, names[1], "visible", LOAN_HEADER, loans),
    ]
    for name in names[2 : 2 + random.randint(0, 2)]:
        others = [_loan(random, 9000 + at, customers[0][0]) for at in range(3)]
        sheets.append(_sheet(random, name, random.choice(("hidden", "veryHidden")), LOAN_HEADER, others))
    random.shuffle(sheets)
    return sheets


def by_xlsxwriter(sheets: Sequence[Planned]) -> bytes:
    """The workbook as XlsxWriter writes it."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        if sheet.title:
            page.merge_range(0, sheet.left, 0, sheet.left + len(sheet.order) - 1, sheet.title, book.add_format())
        page.write_row(sheet.header_row, sheet.left, [sheet.headers[at] for at in sheet.order])
        for number, row in enumerate(sheet.rows, start=sheet.header_row + 1):
            for column, (value, code) in enumerate(sheet.cells(row), start=sheet.left):
                look = book.add_format({"num_format": code})
                write = page.write_datetime if isinstance(value, date) else page.write
                write(number, column, value, look)
        if sheet.state == "visible":
            page.activate()
            page.set_first_sheet()
        else:
            page.hide() if sheet.state == "hidden" else page.very_hidden()
    book.close()
    return file.getvalue()


def by_openpyxl(sheets: Sequence[Planned]) -> bytes:
    """The workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    del book["Sheet"]
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        page.sheet_state = sheet.state
        left = sheet.left + 1
        if sheet.title:
            page.cell(1, left, sheet.title)
            page.merge_cells(start_row=1, end_row=1, start_column=left, end_column=left + len(sheet.order) - 1)
        for column, at in enumerate(sheet.order, start=left):
            page.cell(sheet.header_row + 1, column, sheet.headers[at])
        for number, row in enumerate(sheet.rows, start=sheet.header_row + 2):
            for column, (value, code) in enumerate(sheet.cells(row), start=left):
                cell = page.cell(number, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"
                cell.number_format = code
    book.active = next(at for at, sheet in enumerate(sheets) if sheet.state == "visible")
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def by_libreoffice(files: Sequence[Path], folder: Path) -> None:
    """Opens files and saves them as .xlsx of the same names into the folder. Raises NoOffice."""
    profile = (folder / "profile").as_uri()
    subprocess.run(
        [soffice(), f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(folder), *map(str, files)],
        check=True, capture_output=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip


@cache
def soffice() -> str:
    """The program, which root on Debian gets by apt if it is missing. Raises NoOffice."""
    if found := _found():
        return found
    failure = install("libreoffice-calc", _found)
    if found := _found():
        return found
    raise NoOffice(" ".join(filter(None, (HOW, failure))))


def _found() -> str | None:
    return shutil.which("soffice")


def _sheet(random: Random, name: str, state: str, titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> Planned:
    title = random.choice(("", "Loan book of the Pune branch, ₹", "Portfolio"))
    return Planned(
        name, state, titles, rows,
        order=random.sample(range(len(titles)), len(titles)),
        headers=[_spelt(random, title) for title in titles],
        formats=[random.choice(FORMATS.get(title, NUMBERS)) for title in titles],
        title=title,
        header_row=random.randint(1, 3) if title else 0,
        left=random.randint(0, 2),
    )  # fmt: skip


def _spelt(random: Random, title: str) -> str:
    spelling = random.choice((str, str.upper, str.lower, str.title))(title)
    spelling = spelling.replace(" ", random.choice((" ", "\n", "\u00a0", "  ", "_")))
    unit = random.choice(("", *UNITS.get(title, ())))
    return spelling + (random.choice((" ", "\n", "\u00a0")) + unit if unit else "")


def _in_file(value: Any, code: str) -> Any:
    if isinstance(value, Decimal):
        return float(value / 100) if "%" in code else float(value)
    if code == "@" and isinstance(value, int):
        return str(value)
    return None if value == "" else value


def _amount(random: Random, most: int) -> Decimal:
    return (
        Decimal(random.randint(100, most * 100)).scaleb(-2)
        if random.random() < 0.5
        else Decimal(random.randint(1, most))
    )


def _customer(random: Random, number: int) -> tuple[Any, ...]:
    return (
        number, random.choice(FIRST_NAMES), random.choice(LAST_NAMES), random.randint(18, 90),
        random.randint(6_000_000_000, 9_999_999_999), _amount(random, 500_000), _amount(random, 30_000_000),
    )  # fmt: skip


def _loan(random: Random, number: int, customer: int) -> tuple[Any, ...]:
    tenure = random.randint(1, 240)
    start = date(2004, 1, 1) + timedelta(days=random.randint(0, 7000))
    rate = Decimal(random.randint(0, 400_000)).scaleb(-4)
    end = random.choice((None, start + timedelta(days=30 * tenure)))
    return (
        customer, number, _amount(random, 30_000_000), tenure, rate, _amount(random, 500_000),
        random.randint(0, tenure), start, end,
    )  # fmt: skip
