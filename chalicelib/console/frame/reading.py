"""From what was typed, or stands in the address, to a model of the API: the same rules hold at both doors."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from chalicelib.requests.parsing import validated

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], typed: Mapping[str, str]) -> Model:
    """The fields of the model among those that were typed; what was left empty was not typed.

    Raises InvalidRequest with a sentence for each field that is wrong.
    """
    names = {field.alias or name for name, field in model.model_fields.items()}
    return validated(model, {name: value for name, value in typed.items() if name in names and value})
