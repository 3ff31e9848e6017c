"""From values to the JSON a client reads. Money is a JSON number, exact, and never passes through a float."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import simplejson
from chalice.app import Response

from chalicelib.errors import InvalidRequest, LoanError, MethodNotAllowed, TooManyRequests, Unauthenticated, Unavailable
from chalicelib.requests.transport import strict_transport
from chalicelib.services.files import LINK_SECONDS

JSON = "application/json"

Row = TypeVar("Row")

# An answer is data: a browser must not guess another type, run or frame anything, keep it, or tell where it was read.
PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def respond(body: object, request_id: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response that names its request, so that a person can find it in the logs."""
    return respond_text(to_json(body), request_id, status, headers)


def respond_text(text: str, request_id: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """As `respond`, for JSON that is text already."""
    return Response(
        body=text,
        status_code=status,
        headers={**PRIVATE, **strict_transport(), "Content-Type": JSON, "X-Request-Id": request_id, **(headers or {})},
    )


def page(
    name: str, found: Sequence[Row], limit: int, shown: Callable[[Row], Any], number_of: Callable[[Row], int]
) -> dict[str, Any]:
    """A page of a list: at most `limit` rows, and the number behind which the next page starts, None for the last.

    One more than `limit` was looked for, which tells whether there is a next page.
    """
    rows = found[:limit]
    following = number_of(rows[-1]) if len(found) > limit else None
    return {name: [shown(each) for each in rows], "next": following}


def link(url: str) -> dict[str, Any]:
    """A signed link to a file in S3, as answers have it."""
    return {"url": url, "expires_in_seconds": LINK_SECONDS}


def respond_link(url: str, request_id: str) -> Response:
    """Leads to a file in S3: the gateway would garble it (docs/decisions/api.md)."""
    return respond(link(url), request_id, 303, {"Location": url})


def respond_nothing(request_id: str) -> Response:
    """That it is done, and there is nothing to say about it."""
    return Response(body="", status_code=204, headers={**PRIVATE, **strict_transport(), "X-Request-Id": request_id})


def respond_error(error: LoanError, request_id: str) -> Response:
    """The one envelope of every error: error, code, request_id, and fields where some are to blame."""
    envelope: dict[str, object] = {"error": error.sentence, "code": error.code, "request_id": request_id}
    headers = {}
    if isinstance(error, InvalidRequest) and error.fields:
        envelope["fields"] = error.fields
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unavailable | TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return respond(envelope, request_id, error.status, headers)


def to_json(body: object) -> str:
    """JSON in UTF-8, with a Decimal as the plain number it is."""
    return str(simplejson.dumps(_plain(body), use_decimal=True, ensure_ascii=False, separators=(",", ":")))


def _plain(value: Any) -> Any:
    # What most values are, before the questions that take longer.
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def plain_number(value: Decimal) -> Decimal | int:
    """Without needless zeros or an exponent: 828000.00 is 828000, 4707.50 is 4707.5."""
    return int(value) if value == value.to_integral_value() else value.normalize()
