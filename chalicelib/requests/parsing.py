"""From the bytes of a request to a valid model, or to every fault in them at once."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from chalice.app import Request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from chalicelib.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType
from chalicelib.requests.heading import bytes_of
from chalicelib.requests.json_bodies import MAX_FAULTS, SHOWN_CHARACTERS, given_twice, json_object, presentable, shown
from chalicelib.requests.models import OUT_OF_ORDER, PatchBody
from chalicelib.rules.wording import Sentence

# The largest body of an endpoint here is under 1 KB; what is longer is a mistake or worse.
MAX_BODY_BYTES = 64 * 1024
# Pydantic's name for a field that a model does not have.
UNKNOWN = "extra_forbidden"

# What JSON is written in: ASCII is UTF-8 too.
_ENCODINGS = ("utf-8", "utf8", "us-ascii", "ascii")

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], body: bytes, content_type: str | None) -> Model:
    """The body as `model`. Raises InvalidRequest naming all bad fields, BodyTooLarge or UnsupportedMediaType."""
    # Where there is no body, its type is not what is missing.
    if body:
        _check_content_type(content_type, body)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body must be at most {MAX_BODY_BYTES} bytes long; it has {len(body)}.")
    return validated(model, json_object(body))


def body_of(request: Request, model: type[Model]) -> Model:
    """The body of a request as `model`. Raises what `parse` raises, and InvalidRequest for a change of nothing."""
    body = parse(model, bytes_of(request), request.headers.get("content-type"))
    if isinstance(body, PatchBody) and not body.changes():
        raise InvalidRequest(f"Give at least one of {', '.join(model.model_fields)}.")
    return body


def query_of(request: Request, model: type[Model]) -> Model:
    """The query of a request as `model`. Raises InvalidRequest naming all bad parameters, also unknown ones."""
    given = request.query_params
    if given is None:
        return validated(model, {})
    # Which of two values counts would depend on who reads them: the gateway, a cache, or we.
    duplicates = [name for name in given if len(given.getlist(name)) > 1]
    if duplicates:
        raise given_twice("parameter", duplicates)
    return validated(model, {name: given[name] for name in given})


def validated(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Values by name as `model`. Raises InvalidRequest naming all bad fields."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        fields = _sentences(model, faults)
        unknown = [_place(model, fault["loc"]).owner for fault in faults if fault["type"] == UNKNOWN]
        known = f" The fields of this request are {', '.join(_fields_of(unknown[0]))}." if unknown else ""
        raise InvalidRequest(f"The request is not valid: see {', '.join(fields)}.{known}", fields) from None


def _check_content_type(content_type: str | None, body: bytes) -> None:
    # A web page of another origin can send a body without a type unasked, and none with this one.
    if not content_type:
        raise UnsupportedMediaType("The body must be JSON, sent as Content-Type: application/json; it has no type.")
    kind, *parameters = (each.strip().lower() for each in content_type.split(";"))
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"The body must be JSON, sent as Content-Type: application/json; it is {kind[:SHOWN_CHARACTERS]!r}."
        )
    # The same bytes are other letters in another encoding, but for those of ASCII: there are clients that name
    # ISO-8859-1 whatever they send.
    if body.isascii():
        return
    others = [each for each in parameters if each.startswith("charset=") and each[8:].strip('"') not in _ENCODINGS]
    if others:
        raise UnsupportedMediaType(f"The body must be JSON in UTF-8; it is said to be {others[0][8:][:20]!r}.")


def _sentences(model: type[BaseModel], faults: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    """One sentence a bad field, in the order of the model; of very many, the first."""
    found = {place.shown: (place, fault) for fault in faults for place in [_place(model, fault["loc"])]}
    return {
        presentable(shown): [_sentence(place.owner, place.name, fault)]
        for shown, (place, fault) in islice(found.items(), MAX_FAULTS)
    }


class _Place(NamedTuple):
    """Where a fault is: the model that has the field, the field's name there, and how the client is told."""

    owner: type[BaseModel]
    name: str
    shown: str


def _place(model: type[BaseModel], path: Sequence[int | str]) -> _Place:
    """The field at the end of pydantic's path; of an item of a list of models, the item's: fees[1].amount."""
    first = str(path[0])
    field = _fields_of(model).get(first)
    if field is not None and get_origin(field.annotation) is list and len(path) > 2:
        (item,) = get_args(field.annotation)
        return _Place(item, str(path[2]), f"{first}[{path[1]}].{path[2]}")
    return _Place(model, first, first)


def _fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names that a request gives them."""
    return {field.alias or known: field for known, field in model.model_fields.items()}


def _sentence(model: type[BaseModel], name: str, fault: Mapping[str, Any]) -> str:
    fields = _fields_of(model)
    if fault["type"] == UNKNOWN:
        return "is not a field of this request"
    if fault["type"] == OUT_OF_ORDER:
        sentence: Sentence = fault["ctx"]["sentence"]
        return sentence
    wanted = f"must be {description_of(fields[name])}"
    if fault["type"] == "missing":
        return f"is required; it {wanted}"
    # A secret is not repeated: answers end up in places where passwords do not belong.
    return f"{wanted}; got {shown(fault['input'])}" if _may_be_shown(fields[name]) else wanted


def _may_be_shown(field: FieldInfo) -> bool:
    extras = (each.json_schema_extra for each in (field, *_annotations(field)))
    return not any(isinstance(extra, dict) and extra.get("writeOnly") for extra in extras)


def description_of(field: FieldInfo) -> str | None:
    """The description of a field; that of an optional one stands at the type it may have."""
    return next((each.description for each in (field, *_annotations(field)) if each.description), None)


def metadata_of(field: FieldInfo) -> list[Any]:
    """How a field is read and what bounds it; of an optional one that stands at the type it may have."""
    at_types = [each for choice in get_args(field.annotation) for each in get_args(choice)[1:]]
    bounds = [bound for each in _annotations(field) for bound in each.metadata]
    return [*field.metadata, *at_types, *bounds]


def _annotations(field: FieldInfo) -> list[FieldInfo]:
    return [
        each for choice in get_args(field.annotation) for each in get_args(choice)[1:] if isinstance(each, FieldInfo)
    ]
