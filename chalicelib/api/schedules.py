"""A schedule as JSON, as CSV, or as a workbook for a spreadsheet."""

import re
from decimal import Decimal
from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.endpoint import Call
from chalicelib.api.responses import JSON, respond, respond_link, respond_text
from chalicelib.rules.schedule import Schedule
from chalicelib.services.files import XLSX
from chalicelib.services.schedule_csv import schedule_csv

CSV = "text/csv"
FORMATS = {JSON: "json", CSV: "csv", XLSX: "xlsx"}


def respond_schedule(call: Call, plan: Schedule, wanted: str | None, title: str) -> Response:
    """The form that `?format=` names, or else the one that the Accept header prefers.

    A workbook comes from S3: the gateway would garble it (docs/decisions/api.md).
    """
    form = wanted or preferred_format(str(call.request.headers.get("accept", "")))
    if form == "xlsx":
        return _send_to_workbook(call, plan, title)
    if form == "csv":
        headers = {"Content-Type": f"{CSV}; charset=utf-8"}
        return respond_text(schedule_csv(plan), call.request_id, headers=headers)
    return respond(_json(plan), call.request_id)


def preferred_format(accept: str) -> str:
    """The form that an Accept header likes best, JSON where it likes none of ours (RFC 9110, 12.5.1)."""
    liked = [_liking(choice) for choice in accept.lower().split(",")]
    known = [(quality, kind) for kind, quality in liked if kind in FORMATS and quality > 0]
    # max() keeps the first of equals, which is the order that the client wrote.
    return FORMATS[max(known, key=lambda choice: choice[0])[1]] if known else "json"


def _liking(choice: str) -> tuple[str, Decimal]:
    kind, *parameters = (part.strip() for part in choice.split(";"))
    given = next((value for value in parameters if value.startswith("q=")), "q=1")
    # What is no quality says nothing about the kind, so the kind is as good as any.
    return kind, Decimal(given[2:]) if re.fullmatch(r"q=(0(\.\d{0,3})?|1(\.0{0,3})?)", given) else Decimal(1)


def _send_to_workbook(call: Call, plan: Schedule, title: str) -> Response:
    # Loads openpyxl and the AWS client, which the other forms do without.
    from chalicelib.services.schedule_books import schedule_link

    url = schedule_link(runtime.s3(), runtime.signing_s3(), runtime.settings().import_bucket, plan, title)
    return respond_link(url, call.request_id)


def _json(plan: Schedule) -> dict[str, Any]:
    rows = [{**row._asdict(), "due_date": row.due_date.isoformat()} for row in plan.rows]
    return {**vars(plan), "runs_at_stated_rate": plan.runs_at_stated_rate, "rows": rows}
