"""A request to the console with what every page needs to know of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalice.app import Request

from chalicelib.console.frame.forms import form_of
from chalicelib.errors import InvalidRequest
from chalicelib.rules.access import Actor, Author, Operation
from chalicelib.rules.text import is_plain_text
from chalicelib.rules.tokens import Token

BASE = "/console"
# The longest is the address of a list that the sign-in leads to: a name in Hindi takes nine characters a letter there.
MAX_QUERY_VALUE = 1000
PARAMETER = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True)
class Visit:
    """A request with who makes it. `root` leads from the page to /console/, wherever that is for the browser."""

    request: Request
    request_id: str
    root: str
    actor: Actor
    # What every form of the page must carry, and the cookie that it is bound to.
    csrf: str
    token: Token | None = field(default=None, repr=False)
    # The cookie of somebody who is not signed in, to be set if it is new.
    visitor: str | None = field(default=None, repr=False)
    # What was typed into the form of this page before its session ended.
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def author(self) -> Author:
        """Who is recorded as having made the changes of this request."""
        return Author.of(self.actor, self.request_id)

    def may(self, operation: Operation) -> bool:
        """Whether the visitor may do this: what they may not do is not offered to them."""
        return self.actor.may(operation)

    @property
    def is_opened(self) -> bool:
        """Whether the browser opens a page; False if a script asks for something. Old browsers do not say."""
        return str(self.request.headers.get("sec-fetch-mode", "navigate")) == "navigate"

    @property
    def path(self) -> str:
        """The path of the page from /console on, without the slash at its end."""
        return path_of(self.request)

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address, without empty ones; of one that comes twice, the last.

        Raises InvalidRequest for what no field of ours can hold.
        """
        return query_of(self.request)

    @property
    def form(self) -> Mapping[str, str]:
        """What was typed into the form. Raises InvalidRequest, BodyTooLarge or UnsupportedMediaType."""
        return form_of(self.request)


def query_of(request: Request) -> dict[str, str]:
    """See `Visit.query`."""
    sent: Mapping[str, str] = request.query_params or {}
    query = {name: sent[name].strip() for name in sent}
    for name, value in query.items():
        if len(value) > MAX_QUERY_VALUE or not is_plain_text(name + value):
            raise InvalidRequest(f"The address is not valid. Correct {name[:40]!r} in it.")
    return {name: value for name, value in query.items() if value}


def path_of(request: Request) -> str:
    """The path of the page from /console on, without the slash at its end."""
    parameters: Mapping[str, str] = request.uri_params or {}
    # A greedy parameter is `proxy` to API Gateway and `proxy+` to `chalice local`; it takes several parts.
    values = {name.rstrip("+"): value for name, value in parameters.items()}
    return PARAMETER.sub(lambda found: str(values.get(found[1], "")), request.path)


def root_of(request: Request) -> str:
    """The way from the page that the browser shows to /console/, as `../../`.

    Only the browser knows what comes before it (a stage, a base path, LocalStack's prefix), so links are relative.
    They depend on how many parts follow, and on whether the address ends with a slash; only requestContext.path
    keeps that slash wherever we run.
    """
    depth = len([part for part in path_of(request).removeprefix(BASE).split("/") if part])
    if str(request.context.get("path", "")).endswith("/"):
        return "../" * depth or "./"
    return "../" * (depth - 1) or ("./" if depth else "console/")
