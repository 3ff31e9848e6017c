"""Workbooks of any size for the benches: customers and loans in one book, a tenth as many customers as loans, and
receipts in another.

openpyxl makes a book of one row of each kind; its XML is then written over and over, which is forty times as fast
as having openpyxl write every cell, and gives the same cells.
"""

import random
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from chalicelib.imports.kinds.columns import Kind
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS

Cells = list[object]

ROWS_A_WRITE = 5_000
FIRST_DAY = date(2015, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)
NAMES = ("Asha", "Rudra", "Meera", "Kabir", "Ilaria", "Noor", "Dev", "Zoya", "Arjun", "Tara")


def make_book(path: Path, loans: int, behind: int = 0) -> Path:
    """A workbook of that many loans, numbered behind others; written once: the same numbers give the same file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        customers, others = max(1, loans // 10), behind // 10

        def customer(chance: random.Random, number: int, of: int) -> Cells:
            return _customer(chance, others + number, of)

        def loan(chance: random.Random, number: int, of: int) -> Cells:
            owner, _, *rest = _loan(chance, number, of)
            return [others + owner, behind + number, *rest]

        _write(unfinished, {CUSTOMERS: (customer, customers), LOANS: (loan, loans)}, customers)
        unfinished.rename(path)
    return path


def make_receipts_book(path: Path, kind: Kind, loans: int, customers: int, day: date, each: int = 1) -> Path:
    """A workbook with so many receipts for each loan of `portfolios.fill_serviced`, one a day up to that day; written
    once. They stand by day, so that no two of a loan are near each other.
    """

    def receipt(chance: random.Random, number: int, customers: int) -> Cells:
        loan = 1 + (number - 1) % loans
        cells = {
            "Reference": f"UTR{number:09d}-{each}",
            "Loan ID": loan,
            "Customer ID": 1 + loan % customers,
            "Payment Date": day - timedelta(days=each - 1 - (number - 1) // loans),
            "Amount": chance.randrange(10_000, 500_000) / 100,
            "Channel": "upi",
        }
        return [cells.get(column.title) for column in kind.columns]

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        _write(unfinished, {kind: (receipt, loans * each)}, customers)
        unfinished.rename(path)
    return path


Sheets = dict[Kind, tuple[Callable[[random.Random, int, int], Cells], int]]


def _write(path: Path, sheets: Sheets, customers: int) -> None:
    chance = random.Random(1)
    with zipfile.ZipFile(_skeleton(sheets)) as skeleton, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for part in skeleton.namelist():
            sheet = re.fullmatch(r"xl/worksheets/sheet(\d)\.xml", part)
            if sheet is None:
                book.writestr(part, skeleton.read(part))
                continue
            make, count = list(sheets.values())[int(sheet[1]) - 1]
            head, foot = re.split(r'<row r="2">.*</row>', skeleton.read(part).decode())
            rows = (_row(number + 1, make(chance, number, customers)) for number in range(1, count + 1))
            with book.open(part, "w", force_zip64=True) as xml:
                xml.write(head.encode())
                while some := "".join(islice(rows, ROWS_A_WRITE)):
                    xml.write(some.encode())
                xml.write(foot.encode())


def _skeleton(sheets: Sheets) -> BytesIO:
    book = Workbook(write_only=True)
    for kind in sheets:
        sheet = book.create_sheet(kind.name)
        sheet.append([column.title for column in kind.columns])
        # A date, so that the style of dates is there.
        sheet.append([FIRST_DAY])
    file = BytesIO()
    book.save(file)
    return file


def _customer(chance: random.Random, number: int, _customers: int) -> Cells:
    income = chance.randrange(20, 300) * 1000
    return [number, chance.choice(NAMES), f"Sample{number}", chance.randrange(21, 70), 9_000_000_000 + number,
            income, income * 36]  # fmt: skip


def _loan(chance: random.Random, number: int, customers: int) -> list[Any]:
    tenure = chance.choice((12, 24, 36, 48, 60))
    start = FIRST_DAY + timedelta(days=chance.randrange(3650))
    amount = chance.randrange(50, 900) * 1000
    return [
        chance.randint(1, customers),
        number,
        amount,
        tenure,
        chance.randrange(800, 1900) / 100,
        round(amount / tenure * 1.12, 2),
        chance.randint(0, tenure),
        start,
        start + timedelta(days=30 * tenure),
    ]


def _row(number: int, cells: Cells) -> str:
    written = "".join(_cell(f"{letter}{number}", cell) for letter, cell in zip("ABCDEFGHI", cells, strict=False))
    return f'<row r="{number}">{written}</row>'


def _cell(address: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{address}" t="inlineStr"><is><t>{value}</t></is></c>'
    if isinstance(value, date):
        return f'<c r="{address}" s="1" t="n"><v>{(value - EXCEL_EPOCH).days}</v></c>'
    return f'<c r="{address}" t="n"><v>{value}</v></c>'
