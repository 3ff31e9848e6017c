"""The instalments of a loan on paper, as a customer reads them."""

from collections.abc import Sequence

from chalicelib.paper.parts import Hand, Rows
from chalicelib.rules.schedule import Schedule

HEADS = ("No.", "Due", "Opening balance", "Interest", "Principal", "Instalment", "Balance after")
WIDTHS = (6, 14, 18, 15, 15, 15, 17)


def plan_rows(plan: Schedule, write: Hand) -> Rows:
    """The whole schedule with its totals (Annex C of RBI's circular)."""
    sums = (plan.total_interest, plan.total_principal, plan.total_paid)
    foot = ("", "Total", "", *map(write.exact_money, sums), "")
    return Rows(HEADS, _rows(plan, write), figures=2, foot=foot, widths=WIDTHS)


def _rows(plan: Schedule, write: Hand) -> Sequence[Sequence[str]]:
    return [
        (
            str(row.number),
            write.plain_day(row.due_date),
            *map(
                write.exact_money,
                (row.opening_balance, row.interest, row.principal, row.instalment, row.closing_balance),
            ),
        )
        for row in plan.rows
    ]
