"""Views: a list as somebody narrowed and sorted it, kept under a name."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from chalice.app import Response
from pydantic import AfterValidator, BaseModel, Field

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import Conflict, InvalidRequest, PathNotFound
from chalicelib.requests.models import Name
from chalicelib.requests.parsing import number_in_path
from chalicelib.services import saved_views
from chalicelib.storage.saved_views import SavedView

# The lists that have views, by the first part of their address.
LISTS: Mapping[str, str] = {
    "customers": "Customers",
    "applications": "Applications",
    "loans": "Loans",
    "transactions": "Transactions",
    "imports": "Imports",
}
MAX_QUERY = 1000
# Where a page of the list begins, what a script asks for, what a form did: of the moment and not of the view.
PASSING = {"after", "before", "format", "part", "done"}
PARAMETER = re.compile(r"[a-z_]{1,30}")


def _query(sent: str) -> str:
    """The address of a list without what is of the moment. Raises ValueError for what no list has."""
    pairs = parse_qsl(sent, keep_blank_values=False, strict_parsing=bool(sent), max_num_fields=30)
    if not all(PARAMETER.fullmatch(name) for name, _ in pairs):
        raise ValueError
    return urlencode([(name, value) for name, value in pairs if name not in PASSING])


class NewView(BaseModel):
    """What is kept of a list, and under which name."""

    list: Annotated[Literal[tuple(LISTS)], Field(description=f"one of {', '.join(LISTS)}")]  # type: ignore[valid-type]  # as data
    query: Annotated[str, Field(max_length=MAX_QUERY, description="the address of a list"), AfterValidator(_query)] = ""
    name: Name


class NewName(BaseModel):
    """The name that a view is to have."""

    name: Name


def view_saved_views(visit: Visit) -> Response:
    """All views of the visitor, to be renamed or deleted."""
    return _views(visit, Form())


def save_view(visit: Visit) -> Response:
    """Keeps a view, or replaces the one of this name, and leads to it."""
    try:
        body = read(NewView, visit.form)
        saved_views.save_view(runtime.database(), _visitor(visit), SavedView(0, body.list, body.name, body.query))
    except (InvalidRequest, Conflict) as error:
        return _refused(visit, error)
    return redirect(visit, f"{body.list}/{f'?{body.query}' if body.query else ''}", done="view-saved")


def rename_view(visit: Visit, view_id: str) -> Response:
    """Gives a view another name."""
    try:
        name = read(NewName, visit.form).name
        saved_views.rename_view(runtime.database(), _visitor(visit), view_id=_number(view_id), name=name)
    except (InvalidRequest, Conflict) as error:
        return _refused(visit, error)
    return redirect(visit, "views/", done="view-renamed")


def delete_view(visit: Visit, view_id: str) -> Response:
    """Deletes a view."""
    saved_views.delete_view(runtime.database(), _visitor(visit), _number(view_id))
    return redirect(visit, "views/", done="view-deleted")


def _views(visit: Visit, form: Form, status: int = 200) -> Response:
    found = saved_views.list_views(runtime.database(), _visitor(visit))
    return page(visit, "saved_views/saved_views.html", status=status, form=form, views=found, lists=LISTS)


def _refused(visit: Visit, error: InvalidRequest | Conflict) -> Response:
    sentences = [sentence for each in getattr(error, "fields", {}).values() for sentence in each]
    fault = f"The name {sentences[0]}." if sentences else error.sentence
    return _views(visit, Form(fault=fault), error.status)


def _visitor(visit: Visit) -> int:
    assert visit.actor.actor_id is not None, "a session has a user"
    return visit.actor.actor_id


def _number(view_id: str) -> int:
    return number_in_path(view_id, PathNotFound, "view")
