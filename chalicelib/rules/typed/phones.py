"""Phone numbers as people type them, kept as ten digits."""

import re

from chalicelib.rules.bounds import PHONE_DIGITS
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import spaced

NOT_A_PHONE_NUMBER = Problem(
    "not_a_phone_number", f"must be a phone number of {PHONE_DIGITS} digits, such as 98123 45678."
)
TWO_NUMBERS = Problem("not_a_phone_number", f"must be one phone number of {PHONE_DIGITS} digits; give one of them.")
SHORTENED = Problem(
    "not_a_phone_number",
    f"is shortened to a power of ten, in which digits may be lost; type all {PHONE_DIGITS} of its digits.",
)

UNLIKELY = Problem("unlikely_phone_number", "begins with 0, as no number in India does; the row was kept as it is.")

_WRITTEN = re.compile(r"[0-9()\[\]{}./+ -]+")
# What programs write behind a whole number that they keep as a float.
_OF_A_FLOAT = re.compile(r"([0-9]{10,14})\.0{1,9}")
_POWER_OF_TEN = re.compile(r"[0-9]\.?[0-9]*e[+]?[0-9]+", re.IGNORECASE)
# The ways to say that what follows is a number in India.
_NATIONAL = re.compile(r"(?:(?:0|91|910|0091|00910)(?=[1-9]))?([0-9]{10})")
_INTERNATIONAL = re.compile(r"910?([1-9][0-9]{9})")
# Behind a slash of another number stand its last digits alone: 022-2345678/9.
_LEAST_BEHIND_A_SLASH = 4
_PREFIXES = ("0091", "91", "0")


def phone_number(text: str) -> str | Problem:
    """A phone number as its ten digits.

    | text                                       | result     |
    |--------------------------------------------|------------|
    | 98123 45678, (981) 234-5678, 98123.45678   | ten digits |
    | +91 98123 45678, 0091 …, 91-…, 098123 45678 | ten digits |
    | 9812345678.0                               | ten digits |
    | +98 1234 5678, 9812345678/79               | a Problem  |
    """
    if len(text) == PHONE_DIGITS and text.isascii() and text.isdecimal():
        # As nearly all are, also in the largest files.
        return text
    plain = spaced(text)
    if float_text := _OF_A_FLOAT.fullmatch(plain):
        plain = float_text[1]
    if not _WRITTEN.fullmatch(plain):
        return _why(plain)
    digits = _digits_of(plain)
    pattern = _INTERNATIONAL if "+" in plain else _NATIONAL
    found = pattern.fullmatch(digits)
    if not found or not _plus_leads(plain) or _is_alternative(plain):
        return TWO_NUMBERS if len(digits) >= 2 * PHONE_DIGITS else NOT_A_PHONE_NUMBER
    return found[1]


def unlikely(number: str) -> Problem | None:
    """What is to be said about ten digits that are no subscriber's number in India: those begin with 1 to 9."""
    return UNLIKELY if number.startswith("0") else None


def beginnings(text: str) -> frozenset[str]:
    """The digits with which a number may begin of which somebody typed this much; none if it is no number.

    >>> sorted(beginnings("+91 98123"))
    ['98123']
    >>> sorted(beginnings("91 98"))
    ['9198', '98']
    """
    plain = spaced(text)
    digits = _digits_of(plain)
    if not digits or not _WRITTEN.fullmatch(plain):
        return frozenset()
    if "+" in plain:
        return frozenset({digits.removeprefix("91")} - {""})
    stripped = {digits.removeprefix(prefix) for prefix in _PREFIXES}
    return frozenset({digits, *stripped} - {""})


def _why(plain: str) -> Problem:
    if _POWER_OF_TEN.fullmatch(plain):
        return SHORTENED
    return TWO_NUMBERS if len(_digits_of(plain)) >= 2 * PHONE_DIGITS else NOT_A_PHONE_NUMBER


def _digits_of(plain: str) -> str:
    return "".join(character for character in plain if "0" <= character <= "9")


def _plus_leads(plain: str) -> bool:
    """Whether a plus sign, if there is one, stands before the first digit."""
    return not any(map(str.isdigit, plain.rpartition("+")[0]))


def _is_alternative(plain: str) -> bool:
    """Whether there is less behind a slash than anybody sets apart by one."""
    return "/" in plain and len(_digits_of(plain.rpartition("/")[2])) < _LEAST_BEHIND_A_SLASH
