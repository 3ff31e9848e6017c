"""A schedule as JSON, or as CSV for a spreadsheet."""

import csv
import io
from typing import Any

from chalice.app import Request, Response

from chalicelib.api.endpoint import Call
from chalicelib.api.responses import respond, respond_text
from chalicelib.rules.schedule import Row, Schedule

CSV = "text/csv"


def respond_schedule(call: Call, plan: Schedule, wanted: str | None) -> Response:
    """The form that `?format=` names, or else the one that the Accept header prefers."""
    if (wanted or _preferred(call.request)) == "csv":
        headers = {"Content-Type": f"{CSV}; charset=utf-8"}
        return respond_text(_csv(plan), call.request_id, headers=headers)
    return respond(_json(plan), call.request_id)


def _preferred(request: Request) -> str:
    return "csv" if str(request.headers.get("accept", "")).strip().lower().startswith(CSV) else "json"


def _json(plan: Schedule) -> dict[str, Any]:
    rows = [{**row._asdict(), "due_date": row.due_date.isoformat()} for row in plan.rows]
    return {**vars(plan), "runs_at_stated_rate": plan.runs_at_stated_rate, "rows": rows}


def _csv(plan: Schedule) -> str:
    """One line an instalment below the header, and a last one with the totals."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(Row._fields)
    for row in plan.rows:
        lines.writerow([row.number, row.due_date.isoformat(), *row[2:]])
    lines.writerow(["total", "", "", plan.total_interest, plan.total_principal, plan.total_paid, ""])
    return text.getvalue()
