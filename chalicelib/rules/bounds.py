"""What a value may be, said once.

The checks of the tables, the fields of requests, the cells of a workbook, the template and the forms are built from
this; tests/unit/test_bounds.py holds the contract and the documents to it. A limit that one module alone knows stands
there.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Range(NamedTuple):
    """The numbers from `least` to `most`, both included. As text it is how a person reads it: 18 to 120."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int | Decimal) and self.least <= number <= self.most


# In years.
AGE = Range(18, 120)
# Nobody who may be a customer was born earlier, and no workbook counts days from before.
FIRST_BIRTH = date(1900, 1, 1)
# In months.
TENURE = Range(1, 600)
# In percent a year.
RATE = Range(0, 100)
RATE_DECIMALS = 4
# Points of a credit score.
MAX_SCORE = 100
SCORE = Range(0, MAX_SCORE)

# In rupees. What the columns of amounts hold with room to spare: a lakh crore.
MAX_AMOUNT = 10**12
MAX_AMOUNT_IN_WORDS = "1 lakh crore"
AMOUNT_DECIMALS = 2
LIMIT = Range(0, MAX_AMOUNT)
# Of a loan that is asked for here. A workbook may bring smaller ones.
LOAN_AMOUNT = Range(1, MAX_AMOUNT)

# The numbers that customers, loans and all else are known by.
MAX_ID = 2**63 - 1
# Excel itself keeps no more digits of a number, so a longer one in a file is not the one that was meant.
MAX_ID_IN_A_FILE = 10**15 - 1
# Instalments paid of a loan. More than the tenure are flagged and not rejected; the column holds no more than this.
PAID = Range(0, 32_767)

FIRST_DATE = date(1950, 1, 1)
LAST_DATE = date(2199, 12, 31)
# Of a loan whose life elsewhere an opening stands for.
INSTALMENTS_LEFT = Range(1, 600)

PHONE_DIGITS = 10

# In characters.
NAME_LENGTH = Range(1, 100)
# Of what somebody types to find a customer.
MAX_SEARCH_LENGTH = 100
# A reason has words: what is typed to get past the field has not.
REASON_LENGTH = Range(10, 300)
# What the outside world knows a transaction by, and how the money came.
REFERENCE_LENGTH = Range(1, 100)
CHANNEL_LENGTH = Range(1, 50)
FILE_NAME_LENGTH = Range(1, 255)
# Of a fee and of a kind of loan, as a customer reads them.
FEE_NAME_LENGTH = Range(1, 60)
LOAN_TYPE_LENGTH = Range(1, 60)
# Of a loan.
MAX_FEES = 20
LOGIN_LENGTH = Range(1, 100)
EMAIL_LENGTH = Range(3, 254)
# What is typed as a code of the second factor: six digits, or a recovery code with its hyphens.
CODE_LENGTH = Range(1, 40)
# There are no other rules: length is what makes guessing hopeless.
PASSWORD_LENGTH = Range(12, 200)
IDEMPOTENCY_KEY_LENGTH = Range(1, 255)

# For how many days an API key may be good.
KEY_DAYS = Range(1, 3650)

# Of a file that is imported; more is neither taken as an upload nor read.
MAX_FILE_BYTES = 200 * 2**20
