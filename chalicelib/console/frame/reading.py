"""From a form or an address to a model of the API, so that the same rules hold at both doors.

Amounts may be typed with their currency and grouped; their bounds are written as the locale does.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.told import NO_LABELS, told
from chalicelib.errors import InvalidRequest
from chalicelib.requests.json_bodies import shown
from chalicelib.requests.models import RUPEES
from chalicelib.requests.parsing import metadata_of, validated
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.numbers import POINT_OR_GROUP, amount
from chalicelib.rules.wording import Sentence

Model = TypeVar("Model", bound=BaseModel)
REQUIRED = "is required"


def read(model: type[Model], typed: Mapping[str, str], labels: Mapping[str, str] = NO_LABELS) -> Model:
    """The model with those of its fields that were typed; a field that was left empty was not.

    Raises InvalidRequest with a sentence for each field that is wrong. One that names another field calls it by its
    label; `labels` has those of the form, by the names of the fields.
    """
    names = {field.alias or name for name, field in model.model_fields.items()}
    amounts = {name: field for name, field in model.model_fields.items() if RUPEES in metadata_of(field)}
    given = {name: value for name, value in typed.items() if name in names and value}
    try:
        return validated(
            model, {name: plain_amount(value) if name in amounts else value for name, value in given.items()}
        )
    except InvalidRequest as error:
        wrong = {name: _sentences(said, amounts.get(name), given.get(name)) for name, said in error.fields.items()}
        said = {name: [told(each, labels) for each in sentences] for name, sentences in wrong.items()}
        raise InvalidRequest(error.sentence, said) from None


def plain_amount(text: str) -> str:
    """An amount as it was typed, without its currency and without what groups its digits; anything else as it is.

    >>> plain_amount("1,20,030.50")
    '120030.50'
    """
    bare = text.removeprefix(formats().currency_symbol).strip()
    found = amount(bare)
    return bare if isinstance(found, Problem) else f"{found:f}"


def _sentences(said: Sequence[str], field: FieldInfo | None, typed: str | None) -> list[str]:
    """What stands beside a field: in fewer words than the API says it in, because the form says what to type."""
    if typed is None:
        # What it must be is said by the hint.
        return [REQUIRED]
    # An amount may be good by itself, and wrong beside another field.
    is_about_two = any(isinstance(each, Sentence) for each in said)
    return list(said) if field is None or is_about_two else [_amount_sentence(field, typed)]


def _amount_sentence(field: FieldInfo, typed: str) -> str:
    """What is wrong with an amount: how it is written, its paise, or the bound that it is beyond."""
    bounds = {
        name: getattr(each, name) for each in metadata_of(field) for name in ("gt", "ge", "le") if hasattr(each, name)
    }
    write, found = formats().money, amount(typed.removeprefix(formats().currency_symbol).strip())
    if found is POINT_OR_GROUP:
        wanted = "must have at most 2 decimals"
    elif isinstance(found, Problem):
        wanted = f"must be an amount, for example {formats().typed_amount(120_000)}"
    elif "gt" in bounds and found <= bounds["gt"]:
        wanted = f"must be above {write(bounds['gt'])}"
    elif "ge" in bounds and found < bounds["ge"]:
        wanted = f"must be at least {write(bounds['ge'])}"
    elif found > bounds["le"]:
        wanted = f"must be at most {write(bounds['le'])}"
    else:
        wanted = "must have at most 2 decimals"
    return f"{wanted}; got {shown(typed)}"
