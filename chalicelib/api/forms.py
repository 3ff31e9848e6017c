"""The forms that an answer can have: JSON, CSV, a workbook for a spreadsheet, a PDF to hand out, or a page."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chalice.app import Request

from chalicelib.api.responses import JSON, Reply, Text
from chalicelib.requests.gateway import values_of
from chalicelib.services.files import PDF, XLSX

CSV = "text/csv"
KINDS = {"json": JSON, "csv": CSV, "xlsx": XLSX, "pdf": PDF, "html": "text/html"}
TABLE = ("json", "csv", "xlsx")
# What the contract says of them.
ELSE_ACCEPT = "Without it the header `Accept` decides."
FORMS = (
    "`format` says in which form: `json`, `csv`, or `xlsx`, a workbook that is downloaded through a link. "
    f"{ELSE_ACCEPT}"
)


def form_of(request: Request, chosen: str | None, forms: Sequence[str]) -> str:
    """The one of `forms` that `?format=` chose, or else the one that the header Accept prefers."""
    return chosen or preferred_form(",".join(values_of(request, "accept")), forms)


def preferred_form(accept: str, forms: Sequence[str]) -> str:
    """The one of `forms` that an Accept header likes best, the first where it likes none (RFC 9110, 12.5.1).

    Of two that it likes the same, it is the one that is named more precisely, and then the one that is named first.
    """
    liked = [_liking(choice) for choice in accept.lower().split(",")]
    # max() keeps the first of equals.
    return max(forms, key=lambda form: _rank(KINDS[form], liked))


def _rank(kind: str, liked: Sequence[tuple[str, Decimal]]) -> tuple[Decimal, int, int]:
    """How much a kind is liked, how precisely it is named, and how early. The most precise name of it counts."""
    precise = {kind: 2, f"{kind.partition('/')[0]}/*": 1, "*/*": 0}
    named = [(precise[each], quality, -place) for place, (each, quality) in enumerate(liked) if each in precise]
    precision, quality, place = max(named, default=(0, Decimal(0), 0))
    return (quality, precision, place) if quality else (Decimal(0), 0, -len(liked))


def _liking(choice: str) -> tuple[str, Decimal]:
    kind, *parameters = (part.strip() for part in choice.split(";"))
    given = next((value for value in parameters if value.startswith("q=")), "q=1")
    # What is no quality says nothing about the kind, so the kind is as good as any.
    return kind, Decimal(given[2:]) if re.fullmatch(r"q=(0?\.\d+|[01]\.?|1\.0+)", given, re.ASCII) else Decimal(1)


def written_as_csv(text: str) -> Reply[Any]:
    """The answer in the form of CSV."""
    return Reply(Text(text), {"Content-Type": f"{CSV}; charset=utf-8"})
