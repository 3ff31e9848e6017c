"""Who lends, and what a lender must say of itself on paper. All of it is said by the deployment's settings."""

from dataclasses import dataclass

# RBI asks for at least three working days if the loan runs for seven days or more; the shortest here runs a month.
LEAST_KEY_FACTS_DAYS = 3


@dataclass(frozen=True)
class Lender:
    """The lender as its papers name it. An empty text was not set, and papers say so.

    `contact` is a telephone number, a mail address or both. The clauses are those of the loan agreement, or where they
    stand in it. `cooling_off_days` is None if the lender did not say; `key_facts_days` are the working days for which
    a Key Facts Statement is valid.
    """

    name: str = ""
    address: str = ""
    contact: str = ""
    grievance_officer: str = ""
    grievance_clause: str = ""
    recovery_clause: str = ""
    recovery_agents: str = ""
    transfer: str = ""
    co_lending: str = ""
    switching: str = ""
    cooling_off_days: int | None = None
    key_facts_days: int = LEAST_KEY_FACTS_DAYS
