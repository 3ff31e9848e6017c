"""Workbooks made for a test."""

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.imports.kinds.receipts import RECEIPTS

# As people have them: without what was added later.
CUSTOMER_HEADER, LOAN_HEADER = tuple(column.title for column in CUSTOMERS.required), LOANS.titles
OPENING_HEADER, RECEIPT_HEADER = OPENINGS.titles, RECEIPTS.titles

Rows = Sequence[Sequence[Any]]


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    """An .xlsx file with these sheets, each from its rows, the header included."""
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def customer(customer_id: object = 1, **changes: object) -> list[object]:
    """A good row of customers, except for what is changed; the names are those of the fields."""
    row: dict[str, object] = {
        "customer_id": customer_id,
        "first_name": "Asha",
        "last_name": "Menon",
        "age": 41,
        "phone_number": 9812345678,
        "monthly_income": 60000,
        "approved_limit": 2200000,
    }
    return list((row | changes).values())


def loan(customer_id: object = 1, loan_id: object = 5001, **changes: object) -> list[object]:
    """A good row of loans, except for what is changed; the names are those of the fields."""
    row: dict[str, object] = {
        "customer_id": customer_id,
        "source_loan_id": loan_id,
        "loan_amount": 300000,
        "tenure": 24,
        "interest_rate": 11.25,
        "monthly_installment": 15344,
        "emis_paid_on_time": 20,
        "start_date": date(2023, 5, 17),
        "end_date": date(2025, 5, 17),
    }
    return list((row | changes).values())


def opening(loan_id: object = 5001, customer_id: object = 1, **changes: object) -> list[object]:
    """A good row of openings of a loan of 12,000 at 12% for 12 months from 31 January 2025, except for what is changed:
    as if three instalments had been paid.
    """
    row: dict[str, object] = {
        "loan_id": loan_id,
        "customer_id": customer_id,
        "opening_date": date(2025, 4, 30),
        "principal_outstanding": 9132.83,
        "interest_due": 0,
        "first_unpaid_due_date": date(2025, 5, 31),
        "instalments_left": 9,
    }
    return list((row | changes).values())


def receipt(reference: object, loan_id: object = 5001, customer_id: object = 1, **changes: object) -> list[object]:
    """A good row of receipts, except for what is changed; the names are those of the fields."""
    row: dict[str, object] = {
        "reference": reference,
        "loan_id": loan_id,
        "customer_id": customer_id,
        "payment_date": date(2025, 2, 28),
        "amount": 1066.19,
        "intent": None,
        "effect": None,
        "channel": "UPI",
        "reverses_reference": None,
    }
    return list((row | changes).values())


def openings_book(*rows: Sequence[Any]) -> bytes:
    return workbook({"openings": [OPENING_HEADER, *rows]})


def receipts_book(*rows: Sequence[Any]) -> bytes:
    return workbook({"receipts": [RECEIPT_HEADER, *rows]})


def customers_book(*rows: Sequence[Any]) -> bytes:
    return workbook({"customers": [CUSTOMER_HEADER, *rows]})


def loans_book(*rows: Sequence[Any]) -> bytes:
    return workbook({"loans": [LOAN_HEADER, *rows]})


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files in a zip, by their names."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return file.getvalue()


def one_cell_at(address: str) -> bytes:
    """A workbook of customers with one more cell."""
    parts = unpacked(customers_book(customer()))
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b'<row><c r="%b" t="n"><v>1</v></c></row></sheetData>' % address.encode()
    )
    return packed(parts)
