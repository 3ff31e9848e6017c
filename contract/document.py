"""The OpenAPI 3.1 document, made from what the endpoints declare, the models that validate, and the roles."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chalicelib.api.answers.errors import Error
from chalicelib.api.declaring import Answer, Link
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.responses import JSON
from chalicelib.api.routes import declared
from chalicelib.api.taking import Failures, Header, PathNumber
from chalicelib.errors import (
    DatabaseUnavailable,
    Forbidden,
    InternalError,
    LoanError,
    TooManyRequests,
    Unauthenticated,
)
from chalicelib.rules.access import PERMISSIONS, PUBLIC, Operation, Role
from contract import words
from contract.answered import type_of_answer
from contract.exchanges import Exchange, read_exchanges
from contract.schemas import Schema, component_schemas, parameters, reference

PROJECT = Path(__file__).parent.parent

# An identifier as it stands in a path.
NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}


def document() -> dict[str, Any]:
    """The document, a plain value."""
    exchanges = read_exchanges()
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Loan decision service",
            "version": tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"],
            "summary": "Registers customers, decides on loans and explains why, and imports portfolios.",
            "description": words.INTRODUCTION,
        },
        # Relative to where the document lies, so that it is right behind any host and stage.
        "servers": [{"url": "..", "description": "The service that this document came from."}],
        "tags": [{"name": name, "description": text} for name, text in words.TAGS.items()],
        "security": [{"bearer": []}, {"key": []}],
        "paths": _paths(exchanges),
        "components": {
            "responses": _failure_components(exchanges),
            "schemas": dict(_schemas()),
            "headers": words.RESPONSE_HEADERS,
            "parameters": words.REQUEST_HEADERS,
            "securitySchemes": words.SECURITY_SCHEMES,
        },
    }


def public_path(path: str) -> str:
    """A path as clients write it: with the slash at the end, unless it names a file."""
    return path if path.endswith(".json") else f"{path}/"


def view_name(endpoint: Endpoint) -> str:
    """The name of the view, which is the id of its operation."""
    return endpoint.view.__name__


def _paths(exchanges: Sequence[Exchange]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    tags = list(words.TAGS)
    # By group; within a group in the order in which they are declared.
    for (method, path), endpoint in sorted(declared().items(), key=lambda each: tags.index(each[1].tag)):
        own = [each for each in exchanges if each.operation == view_name(endpoint)]
        paths[public_path(path)][method.lower()] = _operation(endpoint, own)
    return dict(paths)


def _operation(endpoint: Endpoint, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    operation = endpoint.operation
    summary, _, rest = (endpoint.view.__doc__ or "").strip().partition("\n\n")
    notes = (" ".join(rest.split()), endpoint.note, _permission(operation))
    made: dict[str, Any] = {
        "operationId": view_name(endpoint),
        "tags": [endpoint.tag],
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(note for note in notes if note),
        "x-permission": operation.value,
        "x-roles": roles(operation),
    }
    if operation in PUBLIC:
        made["security"] = []
    asked = [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)]
    if asked:
        made["parameters"] = asked
    body = model_of(endpoint, "body")
    if body:
        made["requestBody"] = {"required": True, "content": {JSON: _body(body, exchanges)}}
    made["responses"] = _responses(endpoint, exchanges)
    made["x-errors"] = {
        str(status): [kind.code for kind in kinds] for status, kinds in sorted(failures(endpoint).items())
    }
    return made


def _failure_components(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """One response a status, which all operations refer to; which of its codes one has stands there as `x-errors`."""
    kinds = defaultdict[int, set[type[LoanError]]](set)
    for endpoint in declared().values():
        for status, found in failures(endpoint).items():
            kinds[status].update(found)
    return {
        _failure_name(status): _failure(tuple(sorted(found, key=lambda kind: kind.code)), exchanges)
        for status, found in sorted(kinds.items())
    }


def _failure_name(status: int) -> str:
    return f"Error{status}"


def roles(operation: Operation) -> list[str]:
    """The roles that may, without the one that stands for nobody in particular."""
    return [role.value for role in Role if role is not Role.ANYONE and operation in PERMISSIONS[role]]


def _permission(operation: Operation) -> str:
    if operation in PUBLIC:
        return "No credentials are needed."
    return f"For the roles {', '.join(f'`{role}`' for role in roles(operation))}."


def _path_parameters(endpoint: Endpoint) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The number of the {mark.what}.",
            "schema": NUMBER,
        }
        for name, each in endpoint.parameters.items()
        for mark in getattr(each.type, "__metadata__", ())
        if isinstance(mark, PathNumber)
    ]


def model_of(endpoint: Endpoint, part: str) -> type[BaseModel] | None:
    """The model of the `query` or `body` of an endpoint; None if it takes none."""
    return endpoint.parameters[part].type if part in endpoint.parameters else None


def _query_parameters(endpoint: Endpoint) -> list[Schema]:
    query = model_of(endpoint, "query")
    return parameters(query, _schemas()) if query else []


def _header_parameters(endpoint: Endpoint) -> list[Schema]:
    marks = [mark for each in endpoint.parameters.values() for mark in getattr(each.type, "__metadata__", ())]
    return [{"$ref": f"#/components/parameters/{mark.name}"} for mark in marks if isinstance(mark, Header)]


def _body(model: type[BaseModel], exchanges: Sequence[Exchange]) -> dict[str, Any]:
    shown = {each.summary: each.body for each in exchanges if each.status < 300 and each.body is not None}
    return {"schema": reference(model), **_examples(shown)}


def _responses(endpoint: Endpoint, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {str(answer.status): _success(endpoint, answer, exchanges) for answer in endpoint.answers}
    for status in sorted(failures(endpoint)):
        made[str(status)] = {"$ref": f"#/components/responses/{_failure_name(status)}"}
    return made


def failures(endpoint: Endpoint) -> dict[int, Failures]:
    """All that an endpoint can fail with, by status: what its parameters and its view raise, and what any can."""
    everywhere: Failures = (TooManyRequests, InternalError)
    guarded: Failures = () if endpoint.operation in PUBLIC else (Unauthenticated, Forbidden)
    stored: Failures = () if endpoint.operation is Operation.READ_CONTRACT else (DatabaseUnavailable,)
    read = {kind for each in endpoint.parameters.values() for kind in each.raises}
    kinds = sorted({*read, *endpoint.raises, *guarded, *stored, *everywhere}, key=lambda kind: kind.code)
    return {status: tuple(each for each in kinds if each.status == status) for status in {k.status for k in kinds}}


def _success(endpoint: Endpoint, answer: Answer, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {"description": answer.description, "headers": _headers("X-Request-Id", *answer.headers)}
    if answer.media:
        shown = {each.summary: each.answer for each in exchanges if each.status == answer.status}
        made["content"] = {kind: _content(kind, type_of_answer(endpoint, answer), shown) for kind in answer.media}
    if answer.links:
        made["links"] = {name: _link(link) for name, link in answer.links.items()}
    return made


def _content(kind: str, answered: Any, shown: Mapping[str, Any]) -> dict[str, Any]:
    if kind != JSON:
        return {"schema": {"type": "string"}}
    if answered is None:
        return {"schema": {"type": "object"}}
    return {"schema": reference(answered), **_examples(shown)}


def _failure(kinds: Failures, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    codes = [kind.code for kind in kinds]
    meanings = words.error_meanings()
    shown = {each.summary: each.answer for each in exchanges if each.status >= 400 and each.answer["code"] in codes}
    return {
        "description": "\n\n".join(f"`{code}`: {meanings[code]}." for code in codes),
        "headers": _headers("X-Request-Id", *_headers_of(kinds)),
        "content": {JSON: {"schema": reference(Error), **_examples(shown)}},
    }


def _headers_of(kinds: Failures) -> tuple[str, ...]:
    found = {name for name, kind in words.FAILURES_WITH_HEADERS for each in kinds if issubclass(each, kind)}
    return tuple(sorted(found))


def _headers(*names: str) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _link(link: Link) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": link.operation, "description": link.description}
    if link.parameters:
        made["parameters"] = dict(link.parameters)
    if link.body is not None:
        made["requestBody"] = dict(link.body)
    return made


def _examples(shown: Mapping[str, Any]) -> dict[str, Any]:
    if not shown:
        return {}
    return {"examples": {_key(summary): {"summary": summary, "value": value} for summary, value in shown.items()}}


def _key(summary: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", summary.lower()))


@cache
def _schemas() -> Mapping[str, Schema]:
    """The schemas of the document, by name."""
    return component_schemas(sorted(_types(), key=lambda each: each.__name__))


def _types() -> set[Any]:
    """The models of all bodies and the types of all answers."""
    asked = {model_of(endpoint, "body") for endpoint in declared().values()}
    given = {type_of_answer(each, answer) for each in declared().values() for answer in each.answers}
    return {Error, *asked, *given} - {None}
