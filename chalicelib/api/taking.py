"""What a view takes is in its signature; here is how each part of it is read from a request.

    def change_customer(call: Call, customer_id: CustomerNumber, body: PatchCustomerBody, etags: IfMatch) -> …

`query` and `body` are models; a number in the path and a header are of the types below; a Scope says which customers
there are for whoever asks, and the Call is the request as such. They are read in the order of the signature, and the
first that is not valid is raised.

A model may be named by a text, "RegisterBody": then it is imported, and pydantic with it, by the first request that has
one. What only has a number in its path is answered without.
"""

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from chalicelib.api.call import Call
from chalicelib.errors import (
    ApiKeyNotFound,
    ApplicationNotFound,
    BodyTooLarge,
    CustomerNotFound,
    IdempotencyKeyReused,
    ImportNotFound,
    InvalidRequest,
    KeyFactsNotFound,
    LoanError,
    LoanNotFound,
    PreconditionRequired,
    RequestInFlight,
    TransactionNotFound,
    UnsupportedMediaType,
    UserNotFound,
)
from chalicelib.requests.heading import entity_tags, idempotency_attempt, number_in_path, tags_known
from chalicelib.rules.access import Scope
from chalicelib.services.idempotency import Attempt
from chalicelib.starting import importing

if TYPE_CHECKING:
    from pydantic import BaseModel

Failures = tuple[type[LoanError], ...]
PathParameters = Mapping[str, str]


class PathNumber(NamedTuple):
    """The number of something in the path, and what is raised if it can be the number of none."""

    what: str
    not_found: type[LoanError]


class Header(NamedTuple):
    """A header of the request: its name, how it is read, and what is raised because of it."""

    name: str
    read: Callable[[Call], object]
    raises: Failures = ()


class Parameter(NamedTuple):
    """One parameter of a view: its type, how it is read from a request, and what that raises."""

    type: Any
    read: Callable[[Call, PathParameters], object]
    raises: Failures = ()


def _attempt(call: Call) -> Attempt | None:
    # The key belongs to whoever sent it: nobody is answered what somebody else was.
    route = f"{call.request.path} {call.actor.identity}"
    return idempotency_attempt(route, call.request)


CustomerNumber = Annotated[int, PathNumber("customer", CustomerNotFound)]
BorrowerNumber = Annotated[int, PathNumber("customer with loans", LoanNotFound)]
LoanNumber = Annotated[int, PathNumber("loan", LoanNotFound)]
TransactionNumber = Annotated[int, PathNumber("transaction", TransactionNotFound)]
ApplicationNumber = Annotated[int, PathNumber("application", ApplicationNotFound)]
KeyFactsNumber = Annotated[int, PathNumber("Key Facts Statement", KeyFactsNotFound)]
ImportNumber = Annotated[int, PathNumber("import", ImportNotFound)]
KeyNumber = Annotated[int, PathNumber("API key", ApiKeyNotFound)]
UserNumber = Annotated[int, PathNumber("user", UserNotFound)]

IdempotencyKey = Annotated[Attempt | None, Header("Idempotency-Key", _attempt, (RequestInFlight, IdempotencyKeyReused))]
IfMatch = Annotated[Container[str], Header("If-Match", lambda call: entity_tags(call.request), (PreconditionRequired,))]
IfNoneMatch = Annotated[Container[str], Header("If-None-Match", lambda call: tags_known(call.request))]


def parameters_of(view: Callable[..., object]) -> dict[str, Parameter]:
    """The parameters of a view by name. Raises TypeError for one that cannot be read."""
    annotations = view.__annotations__.items()
    return {name: _parameter(name, annotation) for name, annotation in annotations if name != "return"}


def _parameter(name: str, annotation: Any) -> Parameter:
    if annotation is Call:
        return Parameter(annotation, lambda call, _: call)
    if annotation is Scope:
        return Parameter(annotation, lambda call, _: call.actor.scope)
    if name in ("query", "body"):
        return _model(name, annotation)
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, PathNumber):
            return Parameter(annotation, _number_reader(name, mark), (mark.not_found,))
        if isinstance(mark, Header):
            return Parameter(annotation, _header_reader(mark), mark.raises)
    raise TypeError(f"A view cannot be handed {name}: {annotation!r}.")


def _model(name: str, annotation: "type[BaseModel] | str") -> Parameter:
    with importing():
        from chalicelib.requests import models
        from chalicelib.requests.parsing import body_of, query_of

    model = getattr(models, annotation) if isinstance(annotation, str) else annotation
    if name == "query":
        return Parameter(model, lambda call, _: query_of(call.request, model), (InvalidRequest,))
    failures = (InvalidRequest, BodyTooLarge, UnsupportedMediaType)
    return Parameter(model, lambda call, _: body_of(call.request, model), failures)


def _number_reader(name: str, mark: PathNumber) -> Callable[[Call, PathParameters], object]:
    return lambda _, parameters: number_in_path(parameters[name], mark.not_found, mark.what)


def _header_reader(mark: Header) -> Callable[[Call, PathParameters], object]:
    return lambda call, _: mark.read(call)
