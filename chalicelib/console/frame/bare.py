"""The page for when there can be no other: without templates, formats or anything else that settings decide."""

from chalice.app import Response

from chalicelib.requests.transport import strict_transport

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Something went wrong</title></head>
<body>
<h1>Something went wrong</h1>
<p>It is on our side. Please tell whoever looks after this service the request id {request_id}.</p>
</body>
</html>
"""


def bare_error_page(request_id: str) -> Response:
    """A 500 that names its request."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        **strict_transport(),
    }
    return Response(PAGE.format(request_id=request_id), headers, 500)
