"""The words in which an operation of the API is described. Each module of operations is a mapping of these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from chalicelib.errors import (
    BodyTooLarge,
    IdempotencyKeyReused,
    InvalidRequest,
    LoanError,
    RequestInFlight,
    UnsupportedMediaType,
)
from chalicelib.postgres.errors import OutcomeUnknown

JSON = "application/json"

Failures = tuple[type[LoanError], ...]

# What can be wrong with any body, with any write, and with one that may be sent again.
OF_A_BODY: Failures = (InvalidRequest, BodyTooLarge, UnsupportedMediaType)
OF_A_WRITE: Failures = (OutcomeUnknown,)
OF_A_KEY: Failures = (RequestInFlight, IdempotencyKeyReused)


@dataclass(frozen=True)
class Link:
    """What can be asked next, with values of this answer or of its request (OpenAPI's runtime expressions)."""

    description: str
    operation: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """One way to succeed. `content` has a model for each media type, None where it is not JSON of ours."""

    status: int
    description: str
    content: Mapping[str, type[BaseModel] | None] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """What the code does not say of an operation: the view's docstring is its summary, the route its path."""

    tag: str
    answers: tuple[Answer, ...]
    failures: Failures = ()
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    note: str = ""


def ok(model: type[BaseModel], description: str, **more: Any) -> Answer:
    """A 200 with JSON."""
    return Answer(200, description, {JSON: model}, **more)


def created(model: type[BaseModel], description: str, **more: Any) -> Answer:
    """A 201 with JSON."""
    return Answer(201, description, {JSON: model}, **more)


def next_page(operation: str, cursor: str) -> dict[str, Link]:
    """The link from a page of a list to the one after it."""
    return {"next_page": Link("The page after this one.", operation, {f"query.{cursor}": "$response.body#/next"})}
