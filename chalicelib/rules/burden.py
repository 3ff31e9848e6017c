"""What a customer carries: the current loans, alone or with one more, beside the limit, the income and the policy."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from chalicelib.rules.decision import emi_budget
from chalicelib.rules.money import CONTEXT, ZERO
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts

TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Burden:
    """Rupees; `emis`, `income` and `budget`, which is what instalments may take of the income, are a month's.

    `share` is the policy's, a fraction of the income, of which `budget` is made.
    """

    principal: Decimal
    limit: Decimal
    emis: Decimal
    income: Decimal
    budget: Decimal
    share: Decimal

    @property
    def exceeds_share(self) -> bool:
        """Whether instalments take more of the income than the policy's share, whatever the policy counts."""
        return self.emis > self.budget

    @property
    def emi_percent(self) -> Decimal:
        """The instalments in percent of the income, rounded up to a tenth: what exceeds the share is seen to."""
        return CONTEXT.divide(CONTEXT.multiply(100, self.emis), self.income).quantize(TENTH, ROUND_UP, CONTEXT)


def burden(facts: Facts, policy: Policy, loan_amount: Decimal = ZERO, instalment: Decimal = ZERO) -> Burden:
    """The current loans, with one more of `loan_amount` and `instalment` a month, both in rupees."""
    return Burden(
        CONTEXT.add(facts.current_principal, loan_amount),
        facts.approved_limit,
        CONTEXT.add(facts.current_emis, instalment),
        facts.monthly_income,
        emi_budget(facts, policy),
        policy.max_emi_share_of_income,
    )
