"""From models and types of answers to JSON schemas as OpenAPI 3.1 takes them and people like to read them."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{model}"
_BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def component_schemas(types: Collection[Any]) -> dict[str, Schema]:
    """The schemas of models, TypedDicts and named types, and of all they are made of, by name in alphabetical order.

    Raises ValueError if two share a name, since one would hide the other.
    """
    names = [each.__name__ for each in types]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(f"Each type of the contract needs a name of its own; given twice: {', '.join(duplicates)}.")
    adapters = [(each.__name__, "validation", TypeAdapter(each)) for each in types]
    _, made = TypeAdapter.json_schemas(adapters, ref_template=REFERENCE)  # type: ignore[arg-type]
    found = {name: _without_asides(tidy(schema)) for name, schema in sorted(made["$defs"].items())}
    lists = _lists_of_words(found)
    # What stands at the top is the component itself.
    return {name: {key: _shared(value, lists) for key, value in schema.items()} for name, schema in found.items()}


def _lists_of_words(components: Mapping[str, Schema]) -> dict[tuple[str, ...], str]:
    """The names of the components that are lists of words, by their words."""
    return {tuple(schema["enum"]): name for name, schema in components.items() if "enum" in schema}


def _shared(part: Any, lists: Mapping[tuple[str, ...], str]) -> Any:
    """A part of a schema, with a reference instead of every list of words that is a component.

    Generators make a class of each list that stands alone, so a client would have the same one many times.
    """
    if isinstance(part, list):
        return [_shared(each, lists) for each in part]
    if not isinstance(part, dict):
        return part
    name = lists.get(tuple(part.get("enum", ())))
    if name is None:
        return {key: _shared(value, lists) for key, value in part.items()}
    return {"$ref": REFERENCE.format(model=name), **{key: part[key] for key in part if key not in ("enum", "type")}}


def _without_asides(schema: Schema) -> Schema:
    """A description that is empty says nothing, and that of an enumeration speaks to those who maintain it."""
    if schema.get("description") and "enum" not in schema:
        return schema
    return {key: value for key, value in schema.items() if key != "description"}


def reference(named: Any) -> Schema:
    """Refers to the component of a model or type."""
    return {"$ref": REFERENCE.format(model=named.__name__)}


def parameters(query: type[BaseModel], components: Mapping[str, Schema]) -> list[Schema]:
    """The parameters of a query, one for each field of its model. Nothing in a query can be null."""
    schema = tidy(query.model_json_schema(ref_template=REFERENCE))
    values = {name: _without_asides(found) for name, found in schema.get("$defs", {}).items()}
    lists = _lists_of_words(components)
    required = schema.get("required", ())
    return [
        _parameter(name, _shared(resolved(field, values), lists), required=name in required)
        for name, field in schema["properties"].items()
    ]


def _parameter(name: str, field: Schema, *, required: bool) -> Schema:
    rest = {key: value for key, value in field.items() if key != "description"}
    needed = {"required": True} if required else {}
    return {"name": name, "in": "query", **needed, "description": field["description"], "schema": rest}


def tidy(schema: Schema) -> Schema:
    """One schema and all inside it: pydantic's names for bounds, which it leaves where a validator of ours stands
    in front, as JSON schema's; no titles that only repeat a name; descriptions as sentences.
    """
    tidied = _merged(_renamed({key: _inside(key, value) for key, value in schema.items() if key != "title"}))
    if "description" in tidied:
        tidied["description"] = _described(tidied)
    if "properties" in tidied:
        tidied["properties"] = {name: _optional(field) for name, field in tidied["properties"].items()}
    return tidied


def _described(schema: Schema) -> str:
    """The description as a sentence; one that is only the list of values stays as the values are written."""
    words = str(schema["description"])
    return words if words.split(",")[0].split()[:1] == schema.get("enum", [])[:1] else sentence(words)


def sentence(words: str) -> str:
    """A docstring or the end of "must be …" as a sentence."""
    # The docstring of a request's model begins with its call, which the document says anyway.
    kept = re.sub(r"^`[A-Z]+ /\S+`(: )?", "", " ".join(words.split()))
    capital = kept[:1].upper() + kept[1:]
    return capital if not capital or capital.endswith((".", "…", ":")) else f"{capital}."


def _inside(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: tidy(field) for name, field in value.items()}
    if isinstance(value, dict) and key in ("items", "additionalProperties"):
        return tidy(value)
    return [tidy(choice) for choice in value] if key in ("anyOf", "allOf", "oneOf") else value


def _renamed(schema: Schema) -> Schema:
    # The bounds of a date have no keyword; the description says them.
    kept = {key: value for key, value in schema.items() if key not in _BOUNDS and key != "decimal_places"}
    bounds = {_BOUNDS[key]: value for key, value in schema.items() if key in _BOUNDS and not isinstance(value, str)}
    return {**kept, **bounds}


def _merged(schema: Schema) -> Schema:
    """A choice between one type and null as one schema."""
    choices = _without_text_for_numbers(schema.get("anyOf", []))
    others = [choice for choice in choices if choice != {"type": "null"}]
    if len(others) != 1 or not isinstance(others[0].get("type"), str) or "enum" in others[0]:
        return schema
    (only,) = others
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**only, **rest, "type": [only["type"], "null"] if len(choices) > len(others) else only["type"]}


def _without_text_for_numbers(choices: list[Schema]) -> list[Schema]:
    # Exact decimals: pydantic takes text too, which is the old clients' way and not the one to recommend.
    if "number" not in [choice.get("type") for choice in choices]:
        return choices
    return [choice for choice in choices if choice.get("type") != "string"]


def _optional(field: Schema) -> Schema:
    """A field that may be left out: null is only how Python says so."""
    if "default" in field and field["default"] is None:
        return _not_null({key: value for key, value in field.items() if key != "default"})
    return field


def _not_null(field: Schema) -> Schema:
    kinds = field.get("type")
    if isinstance(kinds, list):
        left = [kind for kind in kinds if kind != "null"]
        return {**field, "type": left[0] if len(left) == 1 else left}
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **{key: value for key, value in field.items() if key != "anyOf"}}
    return field


def resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """What a schema refers to, with the keywords that stand beside the reference."""
    if "$ref" not in schema:
        return schema
    target = schemas[schema["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
