"""Proposals and lenders as JSON keeps them, and back: what a Key Facts Statement was computed from, years later."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from chalicelib.rules.key_facts import Charged, Fee, PayableTo, Proposal
from chalicelib.rules.lender import Lender
from chalicelib.rules.servicing.stored import terms_as_stored, terms_from_stored
from chalicelib.rules.stored import StoredValueError

Stored = dict[str, Any]


def proposal_as_stored(proposal: Proposal) -> Stored:
    """{"terms": {"principal": "20000", …}, "fees": [{"name": "Processing", "amount": "240", …}], "loan_type": "…"}"""
    return {
        "terms": terms_as_stored(proposal.terms),
        "fees": [fee._asdict() | {"amount": str(fee.amount)} for fee in proposal.fees],
        "loan_type": proposal.loan_type,
    }


def proposal_from_stored(stored: Mapping[str, Any]) -> Proposal:
    """The proposal that `proposal_as_stored` wrote. Raises StoredValueError, or TermsError if it makes no sense."""
    try:
        fees = tuple(map(_fee, stored["fees"]))
        return Proposal(terms_from_stored(stored["terms"]), fees, str(stored["loan_type"]))
    except (ArithmeticError, KeyError, TypeError) as error:
        raise StoredValueError(f"A stored proposal needs terms, fees and loan_type; got {stored!r:.300}.") from error


def lender_as_stored(lender: Lender) -> Stored:
    """Every field of the lender by its name."""
    return asdict(lender)


def lender_from_stored(stored: Mapping[str, Any]) -> Lender:
    """The lender that `lender_as_stored` wrote. What was not known of lenders that day is as if it was not set."""
    known = {field.name for field in fields(Lender)}
    return Lender(**{name: value for name, value in stored.items() if name in known})


def _fee(stored: Mapping[str, Any]) -> Fee:
    return Fee(
        str(stored["name"]),
        Decimal(stored["amount"]),
        PayableTo(stored["payable_to"]),
        Charged(stored["charged"]),
    )
