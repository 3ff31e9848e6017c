"""Which web pages of other origins may call the API: none but those that the deployment names (CORS_ORIGINS)."""

from collections.abc import Collection, Sequence

from chalice.app import Request, Response

SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key"
SHOWN = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"
# How long a browser may remember the answer to a preflight; some remember no longer.
SECONDS_REMEMBERED = 600


def preflight(request: Request, methods: Sequence[str], origins: Collection[str]) -> Response | None:
    """The answer to a browser that asks what a page of another origin may do; None where the request is no such one.

    After the Fetch standard, 3.2.2.
    """
    asked = request.method == "OPTIONS" and "access-control-request-method" in request.headers
    if not asked or request.headers.get("origin") not in origins:
        return None
    allowed: dict[str, str | list[str]] = {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": str(SECONDS_REMEMBERED),
    }
    return Response(body="", status_code=204, headers=allowed)


def let_in(request: Request, response: Response, origins: Collection[str]) -> None:
    """Lets a page of an origin that is named read the response. Credentials are sent by hand, so no cookie is."""
    if not origins:
        return
    # Caches must not give the answer for one origin to another.
    known = response.headers.get("Vary")
    response.headers["Vary"] = f"{known}, Origin" if known else "Origin"
    origin = str(request.headers.get("origin"))
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = SHOWN
