"""The rows of the sample portfolio."""

from datetime import date
from typing import NamedTuple


class Customer(NamedTuple):
    """A row of customers; money in rupees, income a month."""

    customer_id: int
    first_name: str
    last_name: str
    age: int
    phone_number: int
    monthly_income: int
    approved_limit: int


class Loan(NamedTuple):
    """A row of loans; money in rupees, rate in percent a year, tenure in months."""

    customer_id: int
    loan_id: int
    loan_amount: int
    tenure: int
    interest_rate: float
    monthly_payment: int
    emis_paid_on_time: int
    approved_on: date
    ends_on: date
