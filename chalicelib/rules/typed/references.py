"""References of payments in files: all of a payment's identity, so two of them must never be read as one."""

import re

from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.names import DAMAGED, is_damaged, means_nothing

SHORTENED = Problem(
    "not_a_reference",
    "is shortened to a power of ten, so several payments may have it; format the column as Text, and type all digits.",
)
WITH_DECIMALS = Problem(
    "not_a_reference", "is a number to which a program added decimals; give it as it is on the payment, as text."
)
NOTHING = Problem("not_a_reference", "is what programs write for nothing, or for an error; give the payment's own.")

# As programs write a number of more digits than they show: with the sign, which no reference has.
_POWER_OF_TEN = re.compile(r"[0-9](?:\.[0-9]*)?E\+[0-9]{1,3}", re.IGNORECASE)
_OF_A_FLOAT = re.compile(r"[0-9]+\.0+")


def reference(text: str) -> str | Problem:
    """A reference without blanks around it, if it is one to everybody.

    | text                         | result    |
    |------------------------------|-----------|
    | UTR 0012-7, 0012, 12E34      | as it is  |
    | 1.23457E+11, 123.0, NULL, -  | a Problem |
    """
    if _POWER_OF_TEN.fullmatch(text):
        return SHORTENED
    if _OF_A_FLOAT.fullmatch(text):
        return WITH_DECIMALS
    if is_damaged(text):
        return DAMAGED
    is_none = not any(map(str.isalnum, text)) or (means_nothing(text) and not any(map(str.isdecimal, text)))
    return NOTHING if is_none else text
