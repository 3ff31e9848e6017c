"""What went wrong, as a page; and the page for when there can be no other."""

from chalice.app import Response

from chalicelib.console.frame.headers import HTML
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.told import told
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import LoanError, TooManyRequests, Unavailable
from chalicelib.requests.transport import strict_transport

TITLES = {
    400: "Something is not valid",
    403: "You may not do this",
    404: "Not found",
    409: "This is not possible right now",
    412: "Somebody else was faster",
    413: "This is too large",
    429: "Please wait a moment",
    503: "Out of reach at the moment",
}

# Without templates, formats or anything else that settings decide.
BARE_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Something went wrong</title></head>
<body>
<h1>Something went wrong</h1>
<p>The fault is ours. Please give the request id {request_id} to your administrator.</p>
</body>
</html>
"""


def error_page(visit: Visit, error: LoanError, typed: str = "") -> Response:
    """What went wrong, and what to do about it. `typed` is what was typed into a form, as kept.py writes it: a button
    leads back to the form with it.
    """
    title = TITLES.get(error.status, "Something went wrong")
    response = page(
        visit,
        "frame/error.html",
        status=error.status,
        title=title,
        error=error,
        sentence=told(error.sentence),
        typed=typed,
    )
    if isinstance(error, Unavailable | TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def bare_error_page(request_id: str) -> Response:
    """A 500 that names its request and needs no settings."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": HTML,
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        **strict_transport(),
    }
    return Response(BARE_PAGE.format(request_id=request_id), headers, 500)
