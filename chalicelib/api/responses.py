"""From values to the JSON a client reads. Money is a JSON number, exact, and never passes through a float."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import simplejson
from chalice.app import Response

from chalicelib.errors import (
    InvalidRequest,
    LoanError,
    MethodNotAllowed,
    TooManyRequests,
    TransactionRefused,
    Unauthenticated,
    Unavailable,
)
from chalicelib.requests.transport import strict_transport
from chalicelib.services.files import LINK_SECONDS

if TYPE_CHECKING:
    from chalicelib.api.answers.common import DownloadLink
    from chalicelib.api.answers.errors import Error

JSON = "application/json"

Body = TypeVar("Body")

# An answer is data: a browser must not guess another type, run or frame anything, keep it, or tell where it was read.
PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Text(str):
    """A body that is written already."""


class Reply(NamedTuple, Generic[Body]):
    """An answer with more to it than its body: headers, or another status than the first that the endpoint declares.

    A Text goes out as it is; it is JSON unless the headers say otherwise.
    """

    body: Body | Text
    headers: Mapping[str, str] | None = None
    status: int | None = None


class FileLink(NamedTuple):
    """Leads to a file in S3: the gateway would garble it (docs/decisions/api.md)."""

    url: str


def respond_with(answer: object, status: int, request_id: str) -> Response:
    """The response to what a view returned: JSON of this status, or what a Reply or a FileLink says; 204 for None."""
    match answer:
        case None:
            return Response(body="", status_code=204, headers=_headers(request_id))
        case Reply():
            text = answer.body if isinstance(answer.body, Text) else to_json(answer.body)
            return _respond(text, request_id, answer.status or status, answer.headers)
        case FileLink():
            return _respond(to_json(link(answer.url)), request_id, 303, {"Location": answer.url})
        case _:
            return _respond(to_json(answer), request_id, status)


def link(url: str) -> "DownloadLink":
    """A signed link to a file in S3, as answers have it."""
    return {"url": url, "expires_in_seconds": LINK_SECONDS}


def respond_error(error: LoanError, request_id: str) -> Response:
    """The one envelope of every error: error, code, request_id, and the fields or figures that it is about."""
    envelope: Error = {"error": error.sentence, "code": error.code, "request_id": request_id}
    headers = {}
    if isinstance(error, InvalidRequest) and error.fields:
        envelope["fields"] = error.fields
    if isinstance(error, TransactionRefused) and error.figures:
        envelope["figures"] = error.figures
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unavailable | TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return _respond(to_json(envelope), request_id, error.status, headers)


def _respond(text: str, request_id: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    all_headers = {**_headers(request_id), "Content-Type": JSON, **(headers or {})}
    return Response(body=str(text), status_code=status, headers=all_headers)


def _headers(request_id: str) -> dict[str, str | list[str]]:
    return {**PRIVATE, **strict_transport(), "X-Request-Id": request_id}


def to_json(body: object) -> str:
    """JSON in UTF-8, with a Decimal as the plain number it is, days and moments after ISO 8601."""
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
    if isinstance(value, date):
        return value.isoformat()
    return value


def plain_number(value: Decimal) -> Decimal | int:
    """Without needless zeros or an exponent: 828000.00 is 828000, 4707.50 is 4707.5."""
    return int(value) if value == value.to_integral_value() else value.normalize()
