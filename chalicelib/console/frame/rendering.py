"""From values to HTML. Jinja2 and Babel are imported at the first page, because the API needs neither."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cells import badge
from chalicelib.console.frame.cookies import DONE, VISITOR, add_cookies, cookie_of, drop_cookie, set_cookie
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.headers import content_security_policy, page_headers
from chalicelib.console.frame.labels import IMPORT_STATES, class_badge, loan_badge
from chalicelib.console.frame.navigation import current_section, navigation
from chalicelib.console.frame.notices import KINDS, NOTICES
from chalicelib.console.frame.static_files import static_path
from chalicelib.console.frame.visit import Visit
from chalicelib.rules import bounds
from chalicelib.rules.access import Operation
from chalicelib.storage.sessions import IDLE_MINUTES

if TYPE_CHECKING:
    from jinja2 import Environment

# Each room has its templates beside its views; they are named from here on: customers/customer.html.
TEMPLATES = Path(__file__).parents[1]

# Numbers, amounts, dates and times as this stage's locale writes them.
formats = runtime.formats


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    upload_to: str | None = None,
    drops: str | None = None,
    **values: Any,
) -> Response:
    """A page from a template, which sees `values` beside what base.html needs.

    `upload_to` is the one other origin (https://bucket…) that the page may send a file to. `drops` names a cookie that
    the browser is to forget.
    """
    stage, notice = runtime.settings().stage, _notice(visit)
    html = _rendered(visit, template, {name: _filled(visit, value) for name, value in values.items()}, notice)
    headers = {**page_headers(visit), "Content-Security-Policy": content_security_policy(upload_to)}
    cookies = [drop_cookie(stage, name) for name in (drops, DONE if notice else None) if name]
    if visit.visitor is not None:
        cookies.append(set_cookie(stage, VISITOR, visit.visitor))
    add_cookies(headers, cookies)
    return Response(html, headers, status)


def _filled(visit: Visit, value: Any) -> Any:
    """A form with what was typed into it before the sign-in; anything else as it is."""
    if not visit.kept or not isinstance(value, Form):
        return value
    return Form({**value.values, **visit.kept}, value.errors, value.fault)


def download(visit: Visit, text: str, content_type: str, file_name: str) -> Response:
    """A text that the browser saves under a name."""
    disposition = f'attachment; filename="{file_name}"'
    headers = {"Content-Type": f"{content_type}; charset=utf-8", "Content-Disposition": disposition}
    return Response(text, page_headers(visit) | headers)


def _rendered(visit: Visit, template: str, values: Mapping[str, Any], notice: tuple[str, str] | None) -> str:
    return (
        environment()
        .get_template(template)
        .render(
            visit=visit,
            root=visit.root,
            may={operation.name for operation in Operation if visit.may(operation)},
            navigation=navigation(visit.actor),
            section=current_section(visit.request.path),
            notice=notice,
            idle_minutes=IDLE_MINUTES,
            lender=runtime.lender(),
            now=datetime.now(UTC),
            static=lambda name: visit.root + static_path(name),
            **values,
        )
    )


def _notice(visit: Visit) -> tuple[str, str] | None:
    """What was done, in a sentence, and the kind of it."""
    # A script that asks for a part of a page takes nothing from the page that comes next.
    if not visit.is_opened:
        return None
    done = "form-kept" if visit.kept else cookie_of(visit.request, runtime.settings().stage, DONE) or ""
    return (NOTICES[done], KINDS.get(done, "good")) if done in NOTICES else None


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
    made.globals |= {"badge_of": badge, "loan_badge": loan_badge, "class_badge": class_badge}
    return made
