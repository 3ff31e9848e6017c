"""The JSON of a request, read so that nothing in it is lost or costs much, and what an answer may repeat of it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from chalicelib.errors import InvalidRequest
from chalicelib.rules.text import is_plain_text

# Long enough for any number of ours, short enough that parsing it costs nothing.
MAX_DIGITS = 100
# The bodies here are flat. Python's json goes one call deeper with each level and gives up somewhere near a thousand,
# and not at the same depth when reading and when writing: what it had read it once could not repeat in the answer.
MAX_LEVELS = 20
# A text, up to the end where nothing closes it, so that no character is looked at twice; or a bracket.
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)
SHOWN_CHARACTERS = 60
# More than any request of ours has.
MAX_FIELDS = 50
# More than anybody corrects at once; an answer must not be much larger than what it answers.
MAX_FAULTS = 20


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, with its numbers exact: a decimal never becomes a float. Raises InvalidRequest."""
    try:
        text = body.decode("utf-8-sig")
        _check_nesting(text)
        value = json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_without_duplicates,
        )
    except UnicodeDecodeError:
        raise InvalidRequest("The body must be JSON in UTF-8; it has bytes that are not.") from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body must be a JSON object; line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    if not isinstance(value, dict):
        raise InvalidRequest(f"The body must be a JSON object, {{…}}; it is {shown(value)}.")
    return value


def _check_nesting(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_LEVELS:
        return
    levels = 0
    for found in _TEXT_OR_BRACKET.finditer(text):
        levels += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if levels > MAX_LEVELS:
            where = found.start() + 1
            raise InvalidRequest(
                f"The body may be nested at most {MAX_LEVELS} levels deep; character {where} goes deeper."
            )


def _integer(digits: str) -> int:
    _check_length(digits)
    return int(digits)


def _decimal(digits: str) -> Decimal:
    _check_length(digits)
    number = Decimal(digits)
    if abs(number.adjusted()) > MAX_DIGITS:
        # A few characters that would be a gigabyte as a whole number.
        sentence = f"A number must have at most {MAX_DIGITS} digits when written out; {digits[:20]} has more."
        raise InvalidRequest(sentence)
    return number


def _check_length(digits: str) -> None:
    if len(digits) > MAX_DIGITS:
        raise InvalidRequest(f"A number must have at most {MAX_DIGITS} digits; {digits[:20]}… has {len(digits)}.")


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidRequest(f"The body must be JSON, which has no {name}; send a number.")


def _object_without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_FIELDS:
        raise InvalidRequest(f"An object in the body may have at most {MAX_FIELDS} fields; this one has {len(pairs)}.")
    found = dict(pairs)
    for name in found:
        if not is_plain_text(name):
            raise InvalidRequest(f"The name of a field must be plain text; {shown(name)} is not.")
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise given_twice("field", sorted(name for name, times in counted.items() if times > 1))
    return found


def given_twice(what: str, names: Iterable[str]) -> InvalidRequest:
    """The refusal of a request in which these fields or parameters stand more than once."""
    fields = {presentable(name): ["is given more than once"] for name in islice(names, MAX_FAULTS)}
    return InvalidRequest(f"Each {what} may be given only once.", fields)


def shown(value: Any) -> str:
    """A value as JSON wrote it, cut off where it is long."""
    return presentable(str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str))


def presentable(text: str) -> str:
    """A client's text as an answer may repeat it: cut off where it is long, and with nothing UTF-8 cannot hold."""
    shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return shown.encode("utf-8", "replace").decode("utf-8")
