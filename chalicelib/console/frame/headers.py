"""The headers of every page: not kept, not sniffed, not framed, and loading nothing from elsewhere."""

from typing import Any

from chalicelib.console.frame.visit import Visit
from chalicelib.requests.transport import strict_transport

HTML = "text/html; charset=utf-8"


def page_headers(visit: Visit) -> dict[str, Any]:
    """The headers of an answer to this visit; those of another content type replace the first."""
    return {
        "Content-Type": HTML,
        "X-Request-Id": visit.request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: with it browsers send forms with `Origin: null`.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        **strict_transport(),
    }


def content_security_policy(upload_to: str | None) -> str:
    """What a page may load and where its forms may go: to us, and to the one origin that takes its file, if any."""
    also = f" {upload_to}" if upload_to else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        f"connect-src 'self'{also}; form-action 'self'{also}; frame-ancestors 'none'; base-uri 'none'"
    )
