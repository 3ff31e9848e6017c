"""The annual percentage rate of a loan, as RBI's Key Facts Statement has it."""

from decimal import Decimal

from chalicelib.rules.effective_rate import effective_interest_rate
from chalicelib.rules.money import CONTEXT, money
from chalicelib.rules.servicing.values import Terms


def annual_percentage_rate(terms: Terms) -> Decimal:
    """12 x the monthly rate at which the instalments repay what the customer got, in percent with two decimals.

    That is the principal less the fees. Nominal as RBI has it (circular of 15 April 2024, Annex B), not the effective
    rate of a year. Raises ValueError if the fees leave nothing, and InstalmentsDoNotRepay.
    """
    received = CONTEXT.subtract(terms.principal, terms.fees)
    if received <= 0:
        raise ValueError(f"Fees of {terms.fees} leave nothing of a loan of {terms.principal}.")
    return money(effective_interest_rate(received, terms.instalment, terms.tenure))
