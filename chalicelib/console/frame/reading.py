"""From a form or an address to a model of the API, so that the same rules hold at both doors.

Amounts may be typed with their currency and grouped; their bounds are written as the locale does.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chalicelib.console.frame.rendering import formats
from chalicelib.errors import InvalidRequest
from chalicelib.requests.json_bodies import shown
from chalicelib.requests.models import RUPEES
from chalicelib.requests.parsing import validated
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.numbers import amount

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], typed: Mapping[str, str]) -> Model:
    """The model with those of its fields that were typed; a field that was left empty was not.

    Raises InvalidRequest with a sentence for each field that is wrong.
    """
    names = {field.alias or name for name, field in model.model_fields.items()}
    amounts = {name: field for name, field in model.model_fields.items() if RUPEES in field.metadata}
    given = {name: value for name, value in typed.items() if name in names and value}
    try:
        return validated(
            model, {name: plain_amount(value) if name in amounts else value for name, value in given.items()}
        )
    except InvalidRequest as error:
        wrong = {name: [_amount_sentence(amounts[name], given.get(name))] for name in amounts if name in error.fields}
        raise InvalidRequest(error.sentence, {**error.fields, **wrong}) from None


def plain_amount(text: str) -> str:
    """An amount as it was typed, without its currency and without what groups its digits; anything else as it is.

    >>> plain_amount("1,20,030.50")
    '120030.50'
    """
    bare = text.removeprefix(formats().currency_symbol).strip()
    found = amount(bare)
    return bare if isinstance(found, Problem) else f"{found:f}"


def _amount_sentence(field: FieldInfo, typed: str | None) -> str:
    """What an amount must be, in the locale's digits."""
    bounds = {
        name: getattr(each, name) for each in field.metadata for name in ("gt", "ge", "le") if hasattr(each, name)
    }
    write = formats().money
    least = f"above {write(bounds['gt'])} and at most" if "gt" in bounds else f"from {write(bounds['ge'])} to"
    wanted = f"must be an amount {least} {write(bounds['le'])}, with at most 2 decimals"
    return f"is required; it {wanted}" if typed is None else f"{wanted}; got {shown(typed)}"
