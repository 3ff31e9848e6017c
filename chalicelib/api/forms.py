"""The forms that a table can be answered in: JSON, CSV, or a workbook for a spreadsheet."""

import re
from decimal import Decimal
from typing import Any

from chalice.app import Request

from chalicelib.api.responses import JSON, Reply, Text
from chalicelib.requests.models import FormatQuery
from chalicelib.requests.servicing_models import StatementQuery
from chalicelib.services.files import XLSX

CSV = "text/csv"
FORMATS = {JSON: "json", CSV: "csv", XLSX: "xlsx"}
# What the contract says of them.
FORMS = (
    "`format` says in which form: `json`, `csv`, or `xlsx`, a workbook that is downloaded through a link. "
    "Without it the header `Accept` decides."
)


def form_of(request: Request, query: FormatQuery | StatementQuery) -> str:
    """The form that `?format=` names, or else the one that the Accept header prefers."""
    return query.format or preferred_format(str(request.headers.get("accept", "")))


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


def written_as_csv(text: str) -> Reply[Any]:
    """The answer in the form of CSV."""
    return Reply(Text(text), {"Content-Type": f"{CSV}; charset=utf-8"})
