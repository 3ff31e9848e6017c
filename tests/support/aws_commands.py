"""`aws` commands as they stand in a document, without the `aws` program: the same operation of boto3, by its name."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

# What the program does with an answer, which is not the operation's to know.
OF_THE_PROGRAM = {"query", "output", "cli-binary-format"}


@dataclass(frozen=True)
class Call:
    """An operation of a service, by the program's names, and its parameters, by the API's. `waits` for a waiter."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    waits: bool = False

    def made_by(self, session: Any) -> dict[str, Any]:
        """The answer to the call, made with this session."""
        client = session.client(self.service)
        answer: dict[str, Any] = getattr(client, self.operation.replace("-", "_"))(**self.parameters)
        return answer


def read(command: str) -> Call:
    """What the command would call. Fails the test where AWS's own model has no such operation, option or value."""
    program, service, operation, *rest = shlex.split(command)
    assert program == "aws", command
    if operation == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service)
        name = next(name for name in waiters.waiter_names if xform_name(name, "-") == rest[0])
        model = _operation(service, xform_name(waiters.get_waiter(name).operation, "-"))
        return Call(service, rest[0], _parameters(model, rest[1:]), waits=True)
    return Call(service, operation, _parameters(_operation(service, operation), rest))


def _operation(service: str, operation: str) -> OperationModel:
    model = botocore.session.get_session().get_service_model(service)
    (name,) = [name for name in model.operation_names if xform_name(name, "-") == operation]
    return model.operation_model(name)


def _parameters(model: OperationModel, words: list[str]) -> dict[str, Any]:
    assert model.input_shape is not None
    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    found = {}
    for option, values in _options(words):
        if option not in OF_THE_PROGRAM:
            is_off = option not in members and option.removeprefix("no-") in members
            name, shape = members[option.removeprefix("no-") if is_off else option]
            found[name] = False if is_off else _value(shape, values)
    report = ParamValidator().validate(found, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    return found


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with the words after it. What comes before the first, such as a file for the answer, is left out."""
    option = ""
    for is_option, group in groupby(words, lambda word: word.startswith("--")):
        if not is_option:
            values = list(group)
            if option:
                yield option, values
            option = ""
            continue
        for word in group:
            if option:
                yield option, []
            option = word.removeprefix("--")
    if option:
        yield option, []


def _value(shape: Shape, words: list[str]) -> Any:
    """The words of an option as the API takes them: JSON, or the program's shorthand Name=value,Name=value."""
    if shape.type_name == "boolean":
        return True
    text = words[0]
    if text.startswith(("{", "[")) and shape.type_name in ("structure", "list"):
        return json.loads(text)
    match shape.type_name:
        case "list":
            return words
        case "structure":
            return {name: _number(value) for name, value in (pair.split("=") for pair in text.split(","))}
        case "blob":
            return text.encode()
        case "integer":
            return int(text)
    return text


def _number(text: str) -> float | str:
    return float(text) if text.replace(".", "", 1).isdecimal() else text
