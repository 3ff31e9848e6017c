"""What people type, as the models of the API take it, and amounts as people read them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.rendering import formats
from chalicelib.errors import InvalidRequest
from chalicelib.imports.findings import StoredFinding
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import AMOUNTS
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.numbers import amount

# An amount in a sentence of ours (rules/sentences.py); what has fewer digits may also be a score or a tenure.
AMOUNT = re.compile(r"(?<![\d.])(\d{4,}(?:\.\d\d)?|\d+\.\d\d)(?![\d%]|\.\d)")

# What a workbook has amounts in, as a finding names its column.
AMOUNT_COLUMNS = {column.title for kind in KINDS for column in kind.columns if column.unit in AMOUNTS}
PLAIN_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def plain_amount(text: str) -> str:
    """An amount as it was typed, without its currency and without what groups its digits; anything else as it is.

    >>> plain_amount("1,20,030.50")
    '120030.50'
    """
    bare = text.removeprefix(formats().currency_symbol).strip()
    found = amount(bare)
    return bare if isinstance(found, Problem) else f"{found:f}"


def plain(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed as the models take it; amounts are known by the names of their fields."""
    return {name: _PLAIN.get(name, str)(value) for name, value in typed.items()}


def with_amounts(sentence: str) -> str:
    """A sentence of a decision with its amounts as the locale writes them."""
    return AMOUNT.sub(lambda found: str(formats().money(Decimal(found[0]))), sentence)


def finding_sentence(finding: StoredFinding) -> str:
    """What an import says about a cell, with its amounts as the locale writes them.

    Ids and phone numbers stay as they are, and so does a value that is no plain number: it has to be found in the file.
    """
    if finding.column not in AMOUNT_COLUMNS or finding.code != "out_of_range":
        return finding.sentence
    if not finding.value or PLAIN_NUMBER.fullmatch(finding.value):
        return with_amounts(finding.sentence)
    said, value, rest = finding.sentence.rpartition(finding.value)
    return with_amounts(said) + value + rest


def refused(typed: Mapping[str, object], error: InvalidRequest) -> Form:
    """A form with what was typed and what is wrong with it; bounds of amounts as the locale writes them."""
    errors = {name: [_said(name, sentence) for sentence in error.fields[name]] for name in error.fields}
    return replace(Form.refused(typed, error), errors=errors)


def _said(name: str, sentence: str) -> str:
    if _PLAIN.get(name) is not plain_amount:
        return sentence
    # What follows is quoted as it was typed.
    bounds, got, value = sentence.partition('; got "')
    return with_amounts(bounds) + got + value


_PLAIN: Mapping[str, Callable[[str], str]] = {
    "loan_amount": plain_amount,
    "monthly_income": plain_amount,
    "approved_limit": plain_amount,
}
