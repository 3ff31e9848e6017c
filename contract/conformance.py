"""Whether an answer is one that the document promises."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from contract.schemas import Schema

JSON = "application/json"
NO_CONTENT = 204


class Conformance:
    """Holds answers to a document: path and method, status, headers, media type, and every field of the body.

    Stricter than a client should be: a field that the document does not have is a fault here.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, method: str, path: str, status: int, headers: Mapping[str, str], text: str) -> list[str]:
        """What is wrong with an answer, one sentence a fault; empty where it conforms."""
        where = f"{method} {path} -> {status}"
        # A HEAD has the status and the headers of the GET.
        operation = self._operation("GET" if method == "HEAD" else method, path)
        if method == "HEAD" or (method == "OPTIONS" and status == NO_CONTENT):
            # This OPTIONS is a browser's question before it lets a page of another origin ask; no operation of ours.
            empty = [f"{where}: it should have no body, and has {text[:200]!r}."] if text else []
            return [*empty, *self._head_faults(operation, where, status, headers)]
        if operation is None:
            # No operation, so the answer is that there is none.
            schema = {"$ref": "#/components/schemas/Error"}
            return [f"{where}: {fault}" for fault in self._body_faults(schema, text)]
        promised = operation["responses"].get(str(status))
        if promised is None:
            return [f"{where}: the document has no such status for it. {text[:200]}"]
        response = self._resolved(promised)
        codes = operation["x-errors"].get(str(status))
        return [
            f"{where}: {fault}"
            for fault in (
                *self._header_faults(response, headers),
                *self._content_faults(response, headers, text),
                *(_code_faults(codes, text) if codes else ()),
            )
        ]

    def _head_faults(self, operation: Any, where: str, status: int, headers: Mapping[str, str]) -> list[str]:
        """What is wrong with status and headers alone. An operation that the document has not promises neither."""
        if operation is None:
            return []
        promised = operation["responses"].get(str(status))
        if promised is None:
            return [f"{where}: the document has no such status for it."]
        return [f"{where}: {fault}" for fault in self._header_faults(self._resolved(promised), headers)]

    def _operation(self, method: str, path: str) -> Any:
        plain = path.partition("?")[0].rstrip("/")
        for pattern, methods in self._paths:
            if pattern.fullmatch(plain):
                return methods.get(method.lower())
        return None

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], Any]]:
        # A path without parameters comes before the one whose parameter would take it.
        ordered = sorted(self._document["paths"].items(), key=lambda each: each[0].count("{"))
        return [
            (re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path.rstrip("/"))))), methods)
            for path, methods in ordered
        ]

    def _header_faults(self, response: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[str]:
        given = {name.lower(): value for name, value in headers.items()}
        for name, referred in response.get("headers", {}).items():
            promised = self._resolved(referred)
            value = given.get(name.lower())
            if value is None:
                if promised.get("required"):
                    yield f"the header {name} is missing."
            else:
                yield from (f"the header {name}: {error.message}" for error in _errors(promised["schema"], value))

    def _content_faults(self, response: Mapping[str, Any], headers: Mapping[str, str], text: str) -> Iterator[str]:
        content = response.get("content", {})
        if not content:
            if text:
                yield f"it should have no body, and has {text[:200]!r}."
            return
        given = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
        kind = given.partition(";")[0].strip().lower()
        if kind not in content:
            yield f"it is {kind or 'of no type'}, and should be {' or '.join(content)}."
        elif kind == JSON:
            yield from self._body_faults(content[kind]["schema"], text)

    def _body_faults(self, schema: Schema, text: str) -> list[str]:
        value = json.loads(text, parse_float=Decimal)
        return [f"{error.json_path}: {error.message}" for error in self._validator(schema).iter_errors(value)]

    def _validator(self, schema: Schema) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": {"schemas": self._closed_schemas}}
            self._validators[key] = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        return self._validators[key]

    @cached_property
    def _closed_schemas(self) -> dict[str, Schema]:
        schemas = self._document["components"]["schemas"]
        return {
            name: {"additionalProperties": False, **schema} if "properties" in schema else schema
            for name, schema in schemas.items()
        }

    def _resolved(self, referred: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in referred:
            return referred
        found: Any = self._document
        for part in referred["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def _code_faults(codes: Collection[str], text: str) -> Iterator[str]:
    # A status has one response, whatever operation it is of.
    code = json.loads(text).get("code")
    if code not in codes:
        yield f"its code is {code!r}, and should be {' or '.join(codes)}."


def _errors(schema: Schema, value: object) -> Iterator[Any]:
    return iter(Draft202012Validator(schema).iter_errors(value))
