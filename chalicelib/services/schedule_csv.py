"""A schedule as CSV."""

import csv
import io

from chalicelib.rules.schedule import Instalment, Schedule


def schedule_csv(plan: Schedule) -> str:
    """One line an instalment below the header, and a last one with the totals. Amounts in rupees."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(Instalment._fields)
    for row in plan.rows:
        lines.writerow([row.number, row.due_date.isoformat(), *row[2:]])
    lines.writerow(["total", "", "", plan.total_interest, plan.total_principal, plan.total_paid, ""])
    return text.getvalue()
