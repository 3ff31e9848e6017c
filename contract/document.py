"""The OpenAPI 3.1 document: the routes, the models that validate, the roles and the described operations together."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app import app
from chalicelib.api.blueprint import endpoints
from chalicelib.errors import (
    DatabaseUnavailable,
    Forbidden,
    InternalError,
    LoanError,
    TooManyRequests,
    Unauthenticated,
)
from chalicelib.rules.access import PERMISSIONS, PUBLIC, Operation, Role
from contract import accessing, answers, lending, operating, words
from contract.described import JSON, Answer, Described, Failures, Link
from contract.exchanges import Exchange, read_exchanges
from contract.schemas import Schema, component_schemas, parameters, reference

PROJECT = Path(__file__).parent.parent

OPERATIONS: Mapping[tuple[str, str], Described] = {
    **lending.OPERATIONS,
    **operating.OPERATIONS,
    **accessing.OPERATIONS,
}

# An identifier as it stands in a path.
NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}


def document() -> dict[str, Any]:
    """The document, a plain value. Raises KeyError for a described endpoint that is not declared."""
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
            "schemas": component_schemas(sorted(_models(), key=lambda model: model.__name__)),
            "headers": words.RESPONSE_HEADERS,
            "parameters": words.REQUEST_HEADERS,
            "securitySchemes": words.SECURITY_SCHEMES,
        },
    }


def public_path(path: str) -> str:
    """A path as clients write it: with the slash at the end, unless it names a file."""
    return path if path.endswith(".json") else f"{path}/"


def view_name(method: str, path: str) -> str:
    """The name of the view, which is the id of its operation."""
    return str(app.routes[path][method].view_function.__name__)


def _paths(exchanges: Sequence[Exchange]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    # In the order in which they are described; that of the routes is the order of their import.
    for (method, path), described in OPERATIONS.items():
        operation = endpoints.operations[method, path]
        own = [each for each in exchanges if each.operation == view_name(method, path)]
        paths[public_path(path)][method.lower()] = _operation(method, path, operation, described, own)
    return dict(paths)


def _operation(
    method: str, path: str, operation: Operation, described: Described, exchanges: Sequence[Exchange]
) -> dict[str, Any]:
    summary, _, rest = (app.routes[path][method].view_function.__doc__ or "").strip().partition("\n\n")
    notes = (" ".join(rest.split()), described.note, _permission(operation))
    made: dict[str, Any] = {
        "operationId": view_name(method, path),
        "tags": [described.tag],
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(note for note in notes if note),
        "x-permission": operation.value,
        "x-roles": roles(operation),
    }
    if operation in PUBLIC:
        made["security"] = []
    asked = [*_path_parameters(path), *_query_parameters(described), *map(_header_parameter, described.headers)]
    if asked:
        made["parameters"] = asked
    if described.body:
        made["requestBody"] = {"required": True, "content": {JSON: _body(described.body, exchanges)}}
    made["responses"] = _responses(described, operation, exchanges)
    made["x-errors"] = {
        str(status): [kind.code for kind in kinds] for status, kinds in sorted(failures(described, operation).items())
    }
    return made


def _failure_components(exchanges: Sequence[Exchange]) -> dict[str, Any]:
    """One response a status, which all operations refer to; which of its codes one has stands there as `x-errors`."""
    kinds = defaultdict[int, set[type[LoanError]]](set)
    for key, each in OPERATIONS.items():
        for status, found in failures(each, endpoints.operations[key]).items():
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


def _path_parameters(path: str) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The number of the {name.removesuffix('_id').replace('_', ' ')}.",
            "schema": NUMBER,
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(described: Described) -> list[Schema]:
    return parameters(described.query) if described.query else []


def _header_parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


def _body(model: type[BaseModel], exchanges: Sequence[Exchange]) -> dict[str, Any]:
    shown = {each.summary: each.body for each in exchanges if each.status < 300 and each.body is not None}
    return {"schema": reference(model), **_examples(shown)}


def _responses(described: Described, operation: Operation, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {str(answer.status): _success(answer, exchanges) for answer in described.answers}
    for status in sorted(failures(described, operation)):
        made[str(status)] = {"$ref": f"#/components/responses/{_failure_name(status)}"}
    return made


def failures(described: Described, operation: Operation) -> dict[int, Failures]:
    """All that an operation can fail with, by status: its own failures, and those that any operation has."""
    everywhere: Failures = (TooManyRequests, InternalError)
    guarded: Failures = () if operation in PUBLIC else (Unauthenticated, Forbidden)
    stored: Failures = () if operation is Operation.READ_CONTRACT else (DatabaseUnavailable,)
    kinds = sorted({*described.failures, *guarded, *stored, *everywhere}, key=lambda kind: kind.code)
    return {status: tuple(each for each in kinds if each.status == status) for status in {k.status for k in kinds}}


def _success(answer: Answer, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    made: dict[str, Any] = {"description": answer.description, "headers": _headers("X-Request-Id", *answer.headers)}
    if answer.content:
        made["content"] = {kind: _content(kind, model, answer, exchanges) for kind, model in answer.content.items()}
    if answer.links:
        made["links"] = {name: _link(link) for name, link in answer.links.items()}
    return made


def _content(kind: str, model: type[BaseModel] | None, answer: Answer, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    if model is None:
        return {"schema": {"type": "object" if kind == JSON else "string"}}
    shown = {each.summary: each.answer for each in exchanges if each.status == answer.status}
    return {"schema": reference(model), **_examples(shown)}


def _failure(kinds: Failures, exchanges: Sequence[Exchange]) -> dict[str, Any]:
    codes = [kind.code for kind in kinds]
    meanings = words.error_meanings()
    shown = {each.summary: each.answer for each in exchanges if each.status >= 400 and each.answer["code"] in codes}
    return {
        "description": "\n\n".join(f"`{code}`: {meanings[code]}." for code in codes),
        "headers": _headers("X-Request-Id", *_headers_of(kinds)),
        "content": {JSON: {"schema": reference(answers.Error), **_examples(shown)}},
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


def _models() -> set[type[BaseModel]]:
    asked = {model for each in OPERATIONS.values() for model in (each.body,) if model}
    given = {
        model
        for each in OPERATIONS.values()
        for answer in each.answers
        for model in answer.content.values()
        if model is not None
    }
    return {answers.Error, *asked, *given}
