"""The types that the views return, which nothing imports while the service runs."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any, get_args, get_origin, get_type_hints

from chalicelib.api import answers
from chalicelib.api.answers.common import DownloadLink
from chalicelib.api.declaring import Answer
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.responses import FileLink, Reply, Text
from chalicelib.requests import models

FILE_ELSEWHERE = 303


def type_of_answer(endpoint: Endpoint, answer: Answer) -> Any:
    """The type of the JSON of an answer; None if it has none, or one that is written already."""
    if answer.status == FILE_ELSEWHERE:
        return DownloadLink
    returned = [_inside(each) for each in _choices(_returned(endpoint)) if each is not FileLink]
    (only,) = returned or [None]
    return None if only in (Text, type(None)) or not answer.media else only


def _returned(endpoint: Endpoint) -> Any:
    return get_type_hints(endpoint.view, localns=_names())["return"]


@cache
def _names() -> dict[str, Any]:
    """What the annotations of the views mean: answers under the name `answers` and by the names of their types, and
    models of requests.
    """
    modules = [import_module(f"{answers.__name__}.{each.name}") for each in iter_modules(answers.__path__)]
    types = {name: value for module in modules for name, value in vars(module).items() if not name.startswith("_")}
    return {**vars(models), **types, "answers": SimpleNamespace(**types)}


def _choices(returned: Any) -> tuple[Any, ...]:
    return (returned,) if get_origin(returned) is None or get_origin(returned) is Reply else get_args(returned)


def _inside(returned: Any) -> Any:
    return get_args(returned)[0] if get_origin(returned) is Reply else returned
