"""The page that shows the document to people: one HTML file, without scripts, that asks for nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from contract.exchanges import Exchange, read_exchanges
from contract.schemas import Schema, resolved

HERE = Path(__file__).parent
# How deep fields inside fields are listed; what lies deeper stands in the example.
DEPTH = 4


class Line(NamedTuple):
    """A line of a table of fields or parameters. `inside` is the way to the field, as in `exposure.`."""

    inside: str
    name: str
    type: str
    required: bool
    description: str


def page(document: Mapping[str, Any]) -> str:
    """The HTML of a document that document() made."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(prose=prose, json=coloured_json)
    operations = [
        _operation(document, path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return environment.get_template("page.html.j2").render(
        info=document["info"],
        schemes=document["components"]["securitySchemes"],
        groups=[(tag, [each for each in operations if each["tag"] == tag["name"]]) for tag in document["tags"]],
        errors=_errors(document),
        style=Markup((HERE / "page.css").read_text()),  # noqa: S704 - a file of ours
    )


def prose(text: str) -> Markup:
    """Paragraphs, with `code` in them."""
    return Markup("\n").join(
        Markup("<p>{}</p>").format(Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(paragraph)))))  # noqa: S704 - escaped
        for paragraph in text.split("\n\n")
    )


def coloured_json(value: Any) -> Markup:
    """JSON over several lines, with marks for names, texts and other values."""
    text = str(escape(json.dumps(value, indent=2, ensure_ascii=False)))
    marked = re.sub(r"(&#34;(?:(?!&#34;).)*&#34;)(:?)", _mark, text)
    return Markup(marked)  # noqa: S704 - escaped above


def _mark(found: re.Match[str]) -> str:
    kind = "k" if found[2] else "s"
    return f'<span class="{kind}">{found[1]}</span>{found[2]}'


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    components = document["components"]
    schemas = components["schemas"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": operation["operationId"],
        "tag": operation["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation["description"],
        "parameters": [_parameter(each, components) for each in operation.get("parameters", ())],
        "body": list(lines(body, schemas)) if body else [],
        "answers": [
            _answer(status, each, schemas) for status, each in operation["responses"].items() if "$ref" not in each
        ],
        "failures": list(operation["x-errors"].items()),
        "exchanges": [
            (each, _curl(each, public=operation.get("security") == []))
            for each in read_exchanges()
            if each.operation == operation["operationId"] and each.status < 400
        ],
    }


def _parameter(parameter: Schema, components: Mapping[str, Any]) -> Line:
    found = components["parameters"][_short(parameter["$ref"])] if "$ref" in parameter else parameter
    return Line(
        f"{found['in']} ",
        found["name"],
        type_of(found["schema"], components["schemas"]),
        found.get("required", False),
        found["description"],
    )


def _answer(status: str, answer: Mapping[str, Any], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    content = answer.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return {
        "status": status,
        "description": answer["description"],
        "types": list(content),
        "headers": [name for name in answer["headers"] if name != "X-Request-Id"],
        "rows": list(lines(schema, schemas)),
    }


def lines(schema: Schema, schemas: Mapping[str, Schema], inside: str = "", depth: int = DEPTH) -> Iterator[Line]:
    """The fields of an object, or of the objects in a list, and those inside them, each with the way to it."""
    found = _object(schema, schemas)
    inside = f"{inside}[]." if schema.get("type") == "array" or _is_list(schema, schemas) else inside
    for name, field in found.get("properties", {}).items():
        yield Line(
            inside,
            name,
            type_of(field, schemas),
            name in found.get("required", ()),
            resolved(field, schemas).get("description", ""),
        )
        if depth > 1 and "properties" in _object(field, schemas):
            ends = "" if _is_list(field, schemas) else "."
            yield from lines(field, schemas, f"{inside}{name}{ends}", depth - 1)


def _object(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """The object that a field is, may be, or is a list of."""
    found = resolved(schema, schemas)
    if found.get("type") == "array":
        return _object(found["items"], schemas)
    choices = [choice for choice in found.get("anyOf", ()) if choice.get("type") != "null"]
    return _object(choices[0], schemas) if choices else found


def _is_list(schema: Schema, schemas: Mapping[str, Schema]) -> bool:
    return resolved(schema, schemas).get("type") == "array"


def type_of(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    """The type in words: integer, list of objects, number or null."""
    found = resolved(schema, schemas)
    if "enum" in found:
        return " | ".join(map(str, found["enum"]))
    if "const" in found:
        return str(found["const"])
    if "anyOf" in found:
        return " or ".join(type_of(choice, schemas) for choice in found["anyOf"])
    if found.get("type") == "array":
        return f"list of {type_of(found['items'], schemas)}s"
    kinds = found.get("type", "any")
    words = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return f"{words} ({found['format']})" if "format" in found else str(words)


def _errors(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Status, code and meaning of every error."""
    return [
        (name.removeprefix("Error"), *re.fullmatch(r"`(\w+)`: (.*)", line).groups())  # type: ignore[union-attr]
        for name, response in document["components"]["responses"].items()
        for line in response["description"].split("\n\n")
    ]


def _curl(exchange: Exchange, *, public: bool) -> str:
    lines = [f"curl {'' if exchange.method == 'GET' else f'-X {exchange.method} '}$BASE{_quoted(exchange.path)}"]
    headers = exchange.headers if public else {"Authorization": "Bearer $KEY", **exchange.headers}
    lines += [f"-H {_shell(f'{name}: {value}')}" for name, value in headers.items()]
    if exchange.body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{_body(exchange.body)}'")
    return " \\\n  ".join(lines)


def _body(body: Any) -> str:
    """On one line where that is short, else a line for each field."""
    short = json.dumps(body, ensure_ascii=False)
    return short if len(short) < 60 else json.dumps(body, ensure_ascii=False, indent=4).replace("\n}", "\n  }")


def _quoted(path: str) -> str:
    return f"'{path}'" if "?" in path else path


def _shell(text: str) -> str:
    return f'"{text}"' if "$" in text else f"'{text}'"


def _short(reference: str) -> str:
    return reference.rpartition("/")[2]
