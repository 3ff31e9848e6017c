"""What API Gateway says of a request, and what any of its answers owes to HTTP."""

from chalice.app import Request, Response


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request; without a gateway, the id of the invocation."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", "unknown"))


def address_of(request: Request) -> str:
    """Where the request came from, as the gateway saw it. What the client says of it, it may have made up."""
    return str((request.context.get("identity") or {}).get("sourceIp") or "unknown")


def values_of(request: Request, name: str) -> list[str]:
    """What a header says, in lower case its name, also if it came several times: each value once, in the order in which
    they came. Chalice itself shows the last only.
    """
    several = request._event_dict.get("multiValueHeaders") or {}
    values = [value for known, each in several.items() if known.lower() == name for value in each]
    if name in request.headers:
        values.append(str(request.headers[name]))
    return [*dict.fromkeys(values)]


def with_head(method: str) -> list[str]:
    """The methods that a view answers: whatever has a GET has a HEAD, after RFC 9110, 9.3.2."""
    return ["GET", "HEAD"] if method == "GET" else [method]


def without_body(request: Request, response: Response) -> None:
    """Leaves of the answer to a HEAD what a HEAD is for."""
    if request.method == "HEAD":
        response.body = b"" if isinstance(response.body, bytes) else ""
