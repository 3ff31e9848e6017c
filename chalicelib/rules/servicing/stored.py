"""Terms, openings and positions as JSON keeps them, and back, years later.

Rupees and percentages are text, because a JSON number may be read back as a float; paise and counts are whole numbers;
dates are text as 2026-01-31.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.rules.servicing.demands import Steps
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.values import Opening, Terms
from chalicelib.rules.stored import StoredValueError

Stored = dict[str, Any]


def terms_as_stored(terms: Terms) -> Stored:
    """{"principal": "20000.00", "annual_rate": "15", "tenure": 24, …, "start_date": "2026-01-31", …}"""
    return _as_stored(vars(terms))


def terms_from_stored(stored: Mapping[str, Any]) -> Terms:
    """The terms that `terms_as_stored` wrote. Raises StoredValueError, or TermsError if they make no sense."""
    return Terms(**_read("Terms", _TERMS, stored))


def opening_as_stored(opening: Opening) -> Stored:
    """{"interest_due": "12.50", "first_unpaid_due_date": "2026-02-28", "instalments_left": 20, …}"""
    return _as_stored(vars(opening))


def opening_from_stored(stored: Mapping[str, Any]) -> Opening:
    """The opening that `opening_as_stored` wrote. Raises StoredValueError."""
    return Opening(**_read("Opening", _OPENING, stored))


def position_as_stored(position: Position) -> Stored:
    """Every field of the position, amounts in paise: {"since": "2026-01-31", …, "principal": 2000000, …}."""
    return _as_stored(position._asdict())


def position_from_stored(stored: Mapping[str, Any]) -> Position:
    """The position that `position_as_stored` wrote. Raises StoredValueError."""
    return Position(**_read("Position", _POSITION, stored))


def _as_stored(values: Mapping[str, Any]) -> Stored:
    return {name: _WRITERS.get(type(value), _as_it_is)(value) for name, value in values.items()}


def _as_it_is(value: Any) -> Any:
    return value


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: str,
    date: date.isoformat,
    tuple: lambda steps: [list(step) for step in steps],
}


def _read(what: str, expected: Mapping[str, Callable[[Any], Any]], stored: Mapping[str, Any]) -> Stored:
    if not isinstance(stored, Mapping) or stored.keys() != expected.keys():
        raise StoredValueError(f"Stored {what} needs exactly the fields {', '.join(expected)}; got {stored!r:.300}.")
    try:
        return {name: read(stored[name]) for name, read in expected.items()}
    except (TypeError, ValueError, InvalidOperation) as error:
        raise StoredValueError(f"Stored {what} cannot be read: {error}: {stored!r:.300}.") from error


def _exactly(wanted: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not wanted:
            raise TypeError(f"{value!r:.100} is not of type {wanted.__name__}")
        return value

    return read


_text = _exactly(str)


def _decimal(value: Any) -> Decimal:
    return Decimal(_text(value))


def _date(value: Any) -> date:
    return date.fromisoformat(_text(value))


def _date_or_none(value: Any) -> date | None:
    return None if value is None else _date(value)


def _steps(value: Any) -> Steps:
    return tuple((int(first), int(instalment)) for first, instalment in value)


_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _exactly(int),
    bool: _exactly(bool),
    Decimal: _decimal,
    date: _date,
    date | None: _date_or_none,
    Steps: _steps,
}
_TERMS = {field.name: _READERS[field.type] for field in fields(Terms)}
_OPENING = {field.name: _READERS[field.type] for field in fields(Opening)}
_POSITION = {name: _READERS[kind] for name, kind in Position.__annotations__.items()}
