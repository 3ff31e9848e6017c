"""The words in which an endpoint says what it answers. The contract is made of them; the types are in the signature.

The values here and in the modules beside are NamedTuples: at a cold start a dataclass takes eight times as long.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.api.responses import JSON
from chalicelib.errors import OutcomeUnknown

# Whatever is saved may turn out to be unknown.
OF_A_WRITE = (OutcomeUnknown,)


class Link(NamedTuple):
    """What can be asked next, with values of this answer or of its request (OpenAPI's runtime expressions).

    `operation` is the name of the view.
    """

    description: str
    operation: str
    parameters: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


class Answer(NamedTuple):
    """One way to succeed. `media` are the types it can be of; JSON is what the view returns."""

    status: int
    description: str
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()
    links: Mapping[str, Link] | None = None


def ok(description: str, **more: Any) -> Answer:
    """A 200."""
    return Answer(200, description, **more)


def created(description: str, **more: Any) -> Answer:
    """A 201."""
    return Answer(201, description, **more)


def done(description: str) -> Answer:
    """A 204, of which there is nothing more to say; the view returns None."""
    return Answer(204, description, media=())


# The view returns a FileLink.
FILE_ELSEWHERE = Answer(
    303, "The file lies at `Location`, a link that is good for some minutes.", headers=("Location",)
)


def next_page(operation: str, cursor: str, of: Mapping[str, str] | None = None) -> dict[str, Link]:
    """The link from a page of a list to the one after it; `of` says which list, if the operation has several."""
    parameters = {**(of or {}), f"query.{cursor}": "$response.body#/next"}
    return {"next_page": Link("The page after this one.", operation, parameters)}
