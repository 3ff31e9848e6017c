"""Numbers, amounts in rupees, and rates in percent, as people type them."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import NO_BREAK_SPACE, bare

NOT_A_NUMBER = Problem("not_a_number", "must be a number, such as 1500 or 8.25.")
IS_PERCENT = Problem("not_a_number", "must not be a percentage; type the number itself, such as 1500.")
SHORTENED = Problem(
    "not_a_number", "is shortened to a power of ten, in which digits may be lost; type all its digits, such as 300000."
)
IN_WORDS = Problem("not_a_number", "must be in digits alone, such as 300000, without a word or letter.")
WRONG_GROUPS = Problem(
    "not_a_number",
    "has its digits in groups that no number has; type 300000, 3,00,000 or 300,000, and 8.25 with a point.",
)
POINT_OR_GROUP = Problem(
    "not_a_number",
    "has three digits behind its point, which may be thousands; type 300000 or 300, and at most two decimals.",
)
NEGATIVE = Problem("not_a_number", "must be a plain number; brackets and a minus at the end mean one below zero.")

# What every binary float keeps of a decimal number; what a program prints beyond is the noise of its arithmetic.
DIGITS_OF_A_FLOAT = 15
MOST_DIGITS_OF_A_FLOAT = 17
_ROUNDED = Context(prec=DIGITS_OF_A_FLOAT, rounding=ROUND_HALF_UP)

_GAP = "[ \u00a0]*"
_RUPEE = r"(?:₹|rs\.?|inr|rupees)"
# Digits alone behind the point of a sign are no decimals to everybody: ₹.60000 is sixty thousand to whoever writes Rs.
_NO_DECIMALS_ALONE = "(?![+-]?\\.)"
_DIGITS = "(?P<digits>[0-9](?:[,\u00a0]?[0-9])*(?:\\.[0-9]*)?|\\.[0-9]+)"
_SIGN = r"(?P<{}>[+-]?)"
_NUMBER = re.compile(f"{_SIGN.format('sign')}{_DIGITS}")
_AMOUNT = re.compile(
    f"{_SIGN.format('sign')}{_GAP}(?:{_RUPEE}{_GAP}{_NO_DECIMALS_ALONE})?{_SIGN.format('inner')}{_DIGITS}"
    f"(?:{_GAP}/-)?(?:{_GAP}{_RUPEE})?(?:{_GAP}only)?(?:{_GAP}/-)?",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    rf"{_SIGN.format('sign')}{_DIGITS}(?:{_GAP}(?:%|percent|per cent))?(?:{_GAP}(?:p\.? ?a\.?|per annum))?",
    re.IGNORECASE,
)

MOST_DIGITS = 20
_OF_A_NUMBER = frozenset("0123456789+-.,' " + NO_BREAK_SPACE)
# Three digits each, or the last three and before them two each. A first digit of 0 is the comma of a decimal: 0,125.
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}([,\u00a0])[0-9]{3}(?:\1[0-9]{3})*|[1-9][0-9]?([,\u00a0])[0-9]{2}(?:\2[0-9]{2})*\2[0-9]{3}"
)
# What some countries write for 300,000.
_POINT_OR_GROUP = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")

_POWER_OF_TEN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?e[+-]?[0-9]+", re.IGNORECASE)
# (300), 300- and 300.-, and not 300/- rupees or 300 (Rs.).
_BELOW_ZERO = re.compile(r"\(.*\)|.*[0-9., ]-")


def number(text: str) -> Decimal | Problem:
    """A number without a unit.

    | text                       | result |
    |----------------------------|--------|
    | 1500, 1,500, 1,00,000      | the number |
    | +8.25, 300000., .5         | the number |
    | 1e5, 12%, 3 lakh, 1,00, 8,25 | a Problem |
    """
    return _read(_NUMBER, text)


def amount(text: str) -> Decimal | Problem:
    """An amount in rupees, with or without their sign.

    | text                                       | result |
    |--------------------------------------------|--------|
    | ₹3,00,000  Rs. 3,00,000/- only  300000 INR | 300000 |
    | $300000, (300000), 300000-, 3,00,000 Dr    | a Problem |
    """
    return _read(_AMOUNT, text)


def percent(text: str) -> Decimal | Problem:
    """A rate in percent, with or without the sign for it: 11.25, 11.25%, 12 % p.a."""
    read = _read(_PERCENT, text, grouped=False)
    return NOT_A_NUMBER if read is IS_PERCENT else read


def without_float_noise(exact: Decimal) -> Decimal:
    """A number that a program calculated in binary floats, as it was meant: 7 for 7.000000000000001.

    Only what has more digits than a float keeps is touched, and what has more than one can print is not from one.
    """
    kept = DIGITS_OF_A_FLOAT < len(exact.as_tuple().digits) <= MOST_DIGITS_OF_A_FLOAT
    if not (kept and exact.is_finite()) or exact == exact.to_integral_value():
        return exact
    return _ROUNDED.plus(exact).normalize(_ROUNDED)


def _read(pattern: re.Pattern[str], text: str, *, grouped: bool = True) -> Decimal | Problem:
    plain = bare(text)
    found = pattern.fullmatch(plain)
    if not found:
        return _why(plain)
    signs, digits = found["sign"] + found.groupdict().get("inner", ""), found["digits"]
    whole, _, part = digits.partition(".")
    if len(signs) > 1 or len(part) > MOST_DIGITS:
        return NOT_A_NUMBER
    if grouped and _POINT_OR_GROUP.fullmatch(digits):
        return POINT_OR_GROUP
    if not whole.isdecimal() and whole:
        if not (grouped and _GROUPED.fullmatch(whole)):
            return WRONG_GROUPS
        whole = whole.replace(",", "").replace(NO_BREAK_SPACE, "")
    if len(whole) > MOST_DIGITS:
        return NOT_A_NUMBER
    return Decimal(f"{signs}{whole or 0}.{part}" if part else f"{signs}{whole}")


def _why(plain: str) -> Problem:
    """What is wrong with a text that is no number."""
    if not any(map(str.isdecimal, plain)):
        return NOT_A_NUMBER
    if "%" in plain:
        return IS_PERCENT
    if _POWER_OF_TEN.fullmatch(plain):
        return SHORTENED
    if _BELOW_ZERO.fullmatch(plain):
        return NEGATIVE
    if any(map(str.isalpha, plain)):
        return IN_WORDS
    return WRONG_GROUPS if set(plain) <= _OF_A_NUMBER else NOT_A_NUMBER
