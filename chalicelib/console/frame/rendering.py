"""From values to HTML. Jinja2 and Babel are imported at the first page, because the API needs neither."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cookies import VISITOR, set_cookie
from chalicelib.console.frame.navigation import current_section, navigation
from chalicelib.console.frame.notices import NOTICES
from chalicelib.console.frame.static_assets import static_path
from chalicelib.console.frame.visit import Visit
from chalicelib.console.frame.words import IMPORT_STATES
from chalicelib.errors import LoanError, TooManyRequests, Unavailable
from chalicelib.requests.transport import strict_transport
from chalicelib.rules import bounds
from chalicelib.rules.access import PERMISSIONS

if TYPE_CHECKING:
    from jinja2 import Environment

    from chalicelib.console.frame.formats import Formats

# Each room has its templates beside its views; they are named from here on: customers/customer.html.
TEMPLATES = Path(__file__).parents[1]
HTML = "text/html; charset=utf-8"

TITLES = {
    400: "That is not quite right",
    403: "You may not do this",
    404: "Not found",
    409: "That does not go together",
    412: "Somebody was faster",
    413: "That is too much",
    429: "Please wait a moment",
    503: "Out of reach at the moment",
}


def page(visit: Visit, template: str, *, status: int = 200, upload_to: str | None = None, **values: Any) -> Response:
    """A page from a template, which sees `values` beside what base.html needs.

    `upload_to` is the one other origin (https://bucket…) that the page may send a file to.
    """
    html = _rendered(visit, template, values)
    headers = {**_headers(visit), "Content-Security-Policy": _content_security_policy(upload_to)}
    if visit.visitor is not None:
        headers["Set-Cookie"] = set_cookie(runtime.settings().stage, VISITOR, visit.visitor)
    return Response(html, headers, status)


def see(visit: Visit, path: str, *, done: str | None = None, headers: Mapping[str, Any] | None = None) -> Response:
    """Leads the browser to a page, told from /console/ on, such as `customers/12/`; `done` names one of NOTICES."""
    if done is not None:
        assert done in NOTICES, done
        path += f"{'&' if '?' in path else '?'}done={done}"
    return Response("", {**_headers(visit), "Location": visit.root + path, **(headers or {})}, 303)


def file_to_keep(visit: Visit, text: str, kind: str, name: str) -> Response:
    """A text that the browser saves under a name."""
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Disposition": disposition}
    return Response(text, _headers(visit) | headers)


def see_elsewhere(visit: Visit, url: str) -> Response:
    """Leads the browser to a file in S3, by a link that we have signed."""
    return Response("", {**_headers(visit), "Location": url}, 303)


def error_page(visit: Visit, error: LoanError) -> Response:
    """What went wrong, as a page that says what to do."""
    title = TITLES.get(error.status, "Something went wrong")
    response = page(visit, "frame/error.html", status=error.status, title=title, error=error)
    if isinstance(error, Unavailable | TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _rendered(visit: Visit, template: str, values: Mapping[str, Any]) -> str:
    return (
        environment()
        .get_template(template)
        .render(
            visit=visit,
            root=visit.root,
            may={operation.name for operation in PERMISSIONS[visit.actor.role]},
            navigation=navigation(visit.actor),
            section=current_section(visit.request.path),
            notice=_notice(visit),
            static=lambda name: visit.root + static_path(name),
            **values,
        )
    )


def _notice(visit: Visit) -> str | None:
    query: Mapping[str, str] = visit.request.query_params or {}
    return NOTICES.get(query.get("done", ""))


@cache
def environment() -> "Environment":
    """The templates with the formats of this stage's locale as filters."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Templates do not change while a container lives.
        auto_reload=False,
    )
    made.filters |= formats().filters()
    made.globals |= {"formats": formats(), "import_states": IMPORT_STATES, "bounds": bounds}
    return made


@cache
def formats() -> "Formats":
    """Numbers, amounts, dates and times as this stage's locale writes them."""
    from chalicelib.console.frame.formats import Formats

    settings = runtime.settings()
    return Formats(settings.console_locale, settings.currency, settings.business_timezone)


def _headers(visit: Visit) -> dict[str, Any]:
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


def _content_security_policy(upload_to: str | None) -> str:
    also = f" {upload_to}" if upload_to else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        f"connect-src 'self'{also}; form-action 'self'{also}; frame-ancestors 'none'; base-uri 'none'"
    )
