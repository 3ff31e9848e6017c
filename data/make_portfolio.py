"""Makes the sample portfolio: `python -m data.make_portfolio` writes its three workbooks here.

customer_data.xlsx and loan_data.xlsx are as another system would hand them over, receipt_data.xlsx has the openings of
some of the loans and a year of receipts (make_receipts.py).

Nobody in it exists. It has the columns and the quirks of a real lender's files: loan ids that stand on loans of
two customers, blank rows at the end, instalments that are not the EMI of the stated rate, customers without
loans, and credit limits that follow no formula. The same bytes come out of every run.
"""

import re
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from random import Random
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from chalicelib.imports.kinds.customers import CUSTOMERS as CUSTOMER_SHEET
from chalicelib.imports.kinds.loans import LOANS as LOAN_SHEET
from chalicelib.imports.kinds.openings import OPENINGS as OPENING_SHEET
from chalicelib.imports.kinds.receipts import RECEIPTS as RECEIPT_SHEET
from chalicelib.rules.calendar import MONTHS_A_YEAR, add_months
from chalicelib.rules.money import emi
from data.make_receipts import UNTIL, OpeningRow, ReceiptRow, make_receipts
from data.portfolio_rows import Customer, Loan

HERE = Path(__file__).parent

SEED = 20260630
# The day the portfolio was drawn up: nothing is paid after it.
AS_OF = date(2026, 6, 30)
FIRST_APPROVAL = date(2010, 1, 4)

CUSTOMERS = 400
CUSTOMERS_WITHOUT_LOANS = 24
LOANS = 1200
COLLIDING_LOANS = 46
MAX_LOANS_A_CUSTOMER = 7


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words("""
    Aadhira Abhinav Aditi Aishwarya Akash Amrita Anirudh Anjali Arjun Avani Bhairavi Bhaskar Chandni Charan Damini
    Darshan Deepika Devendra Diya Eshan Falguni Farhan Gauri Girish Harini Harsh Hemant Indira Ishaan Ishita Jagdish
    Janaki Jatin Kalyani Karthik Kavya Keshav Lakshmi Lalit Madhav Malini Manoj Meera Mohan Mrinal Naina Naveen Neha
    Nikhil Omkar Pallavi Parth Pooja Pranav Priya Radhika Raghav Rajeshwari Ritika Rohan Sahana Samar Sanjana Sarika
    Shreya Siddharth Sneha Sudhir Suhas Tanvi Tarun Tejas Trisha Uday Uma Vaishnavi Varun Vasudha Vidya Vikram Yamini
    Yash Zoya
""")
LAST_NAMES = _words("""
    Acharya Agarwal Ahluwalia Bajwa Banerjee Bhandari Bhatt Bose Chakraborty Chaudhary Chauhan Dalal Das Deshmukh
    Dhillon Dutta Gadgil Ganguly Ghosh Gokhale Gowda Gupta Hegde Iyengar Jadhav Jain Joshi Kamath Kapoor Kashyap Khan
    Kulkarni Kurup Lobo Malhotra Mathew Mehta Menon Mishra Mukherjee Naidu Nair Nambiar Pandey Parekh Patil Pillai
    Prasad Qureshi Raman Rao Rathore Reddy Saxena Sengupta Shetty Shinde Sinha Subramaniam Tandon Thakur Tiwari Trivedi
    Varghese Venkatesan Verma Wagle Yadav
""")
DATE_FORMAT = "mm-dd-yy"


class Habit(NamedTuple):
    """How a customer pays: between which shares of the instalments due are paid on time."""

    weight: int
    least: float
    most: float


HABITS = (Habit(66, 0.95, 1.0), Habit(14, 0.6, 0.8), Habit(11, 0.3, 0.5), Habit(9, 0.0, 0.1))


def make_portfolio() -> tuple[list[Customer], list[Loan]]:
    """The customers by number and the loans in no order, the same every time."""
    random = Random(SEED)
    customers = [_customer(random, customer_id) for customer_id in range(1, CUSTOMERS + 1)]
    loans = [
        _loan(random, customer, habit, loan_id)
        for (customer, habit), loan_id in zip(
            _borrowers(random, customers), random.sample(range(1000, 10_000), LOANS), strict=True
        )
    ]
    random.shuffle(loans)
    return customers, _with_collisions(random, loans)


def _customer(random: Random, customer_id: int) -> Customer:
    income = random.randrange(25, 300) * 1000
    # About half of what a multiple of 36 would give, seldom more than that; in lakhs.
    limit = round(36 * income * min(random.lognormvariate(-0.6, 0.7), 1.8) / 100_000) * 100_000
    return Customer(
        customer_id,
        random.choice(FIRST_NAMES),
        random.choice(LAST_NAMES),
        random.randint(21, 68),
        random.choice((7, 8, 9)) * 10**9 + random.randrange(10**8, 10**9),
        income,
        min(max(limit, 200_000), 5_000_000),
    )


def _borrowers(random: Random, customers: Sequence[Customer]) -> list[tuple[Customer, Habit]]:
    """Who takes each of the loans; most customers have two to four, some have none."""
    habits = random.choices(HABITS, [habit.weight for habit in HABITS], k=len(customers))
    borrowing = random.sample(list(zip(customers, habits, strict=True)), CUSTOMERS - CUSTOMERS_WITHOUT_LOANS)
    more = random.sample(borrowing * (MAX_LOANS_A_CUSTOMER - 1), LOANS - len(borrowing))
    return borrowing + more


def _loan(random: Random, customer: Customer, habit: Habit, loan_id: int) -> Loan:
    amount = random.randint(1, 10) * 100_000
    tenure = round(random.triangular(1, 60, 8)) * 3
    rate = round(random.uniform(8, 18), 2)
    approved_on = FIRST_APPROVAL + (AS_OF - FIRST_APPROVAL) * random.random() ** 1.3
    due = min(tenure, _full_months(approved_on, AS_OF))
    return Loan(
        customer.customer_id,
        loan_id,
        amount,
        tenure,
        rate,
        _stated_payment(random, amount, rate, tenure),
        round(due * random.uniform(habit.least, habit.most)),
        approved_on,
        add_months(approved_on, tenure),
    )


def _stated_payment(random: Random, amount: int, rate: float, tenure: int) -> int:
    """What the file says is paid each month: mostly more than the EMI of the stated rate, sometimes less."""
    exact = emi(Decimal(amount), Decimal(repr(rate)), tenure)
    return int(exact * Decimal(repr(round(min(0.93 + random.expovariate(2.2), 3.6), 4))))


def _full_months(start: date, end: date) -> int:
    months = (end.year - start.year) * MONTHS_A_YEAR + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


def _with_collisions(random: Random, loans: Sequence[Loan]) -> list[Loan]:
    """The loans, some of which have the number of an earlier loan of another customer."""
    changed = list(loans)
    half = len(loans) // 2
    firsts = random.sample(range(half), COLLIDING_LOANS)
    seconds = random.sample(range(half, len(loans)), COLLIDING_LOANS)
    for first, second in zip(firsts, seconds, strict=True):
        if loans[first].customer_id != loans[second].customer_id:
            changed[second] = loans[second]._replace(loan_id=loans[first].loan_id)
    return changed


def customers_workbook(customers: Sequence[Customer]) -> bytes:
    """An .xlsx file with a row for each customer, and below them rows that hold only a style."""
    book, sheet = _book([column.title for column in CUSTOMER_SHEET.required])
    for customer in customers:
        sheet.append(customer)
    for column in (2, 3):
        sheet.cell(row=len(customers) + 4, column=column).number_format = "@"
    return _fixed_bytes(book)


def loans_workbook(loans: Sequence[Loan]) -> bytes:
    """An .xlsx file with a row for each loan."""
    book, sheet = _book(LOAN_SHEET.titles)
    for loan in loans:
        dates = [datetime.combine(day, time()) for day in (loan.approved_on, loan.ends_on)]
        sheet.append([*loan[:-2], *dates])
        for cell in sheet[sheet.max_row][-2:]:
            cell.number_format = DATE_FORMAT
    return _fixed_bytes(book)


def receipts_workbook(openings: Sequence[OpeningRow], receipts: Sequence[ReceiptRow]) -> bytes:
    """An .xlsx file with a sheet of openings and one of receipts."""
    book, sheet = _book(OPENING_SHEET.titles, "Openings")
    more = book.create_sheet("Receipts")
    more.append(list(RECEIPT_SHEET.titles))
    for target, rows in ((sheet, openings), (more, receipts)):
        for row in rows:
            target.append([datetime.combine(each, time()) if isinstance(each, date) else each for each in row])
            for cell, value in zip(target[target.max_row], row, strict=True):
                if isinstance(value, date):
                    cell.number_format = DATE_FORMAT
    return _fixed_bytes(book)


def _book(header: Sequence[str], title: str = "Sheet1") -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    sheet.append(list(header))
    return book, sheet


def _fixed_bytes(book: Workbook) -> bytes:
    """The book as a file that does not tell when it was written, which openpyxl notes in three places."""
    written, fixed = BytesIO(), BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = re.sub(rb"(\d{4}-\d\d-\d\d)T[\d:]+Z", b"2026-06-30T00:00:00Z", source.read(name))
            target.writestr(zipfile.ZipInfo(name, date_time=(2026, 6, 30, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def main(until: date = UNTIL) -> None:
    """Writes the workbooks beside this file; receipts go up to `until`."""
    customers, loans = make_portfolio()
    (HERE / "customer_data.xlsx").write_bytes(customers_workbook(customers))
    (HERE / "loan_data.xlsx").write_bytes(loans_workbook(loans))
    (HERE / "receipt_data.xlsx").write_bytes(receipts_workbook(*make_receipts(loans, until)))


if __name__ == "__main__":
    main(*map(date.fromisoformat, sys.argv[1:2]))
