"""Terms, openings and positions as JSON keeps them, and back, years later.

Rupees and percentages are text, because a JSON number may be read back as a float; paise and counts are whole numbers;
dates are text as 2026-01-31.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from operator import itemgetter
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
    return Terms(*_TERMS.values(stored))


def opening_as_stored(opening: Opening) -> Stored:
    """{"interest_due": "12.50", "first_unpaid_due_date": "2026-02-28", "instalments_left": 20, …}"""
    return _as_stored(opening._asdict())


def opening_from_stored(stored: Mapping[str, Any]) -> Opening:
    """The opening that `opening_as_stored` wrote. Raises StoredValueError."""
    return Opening(*_OPENING.values(stored))


def position_as_stored(position: Position) -> Stored:
    """Every field of the position, amounts in paise: {"since": "2026-01-31", …, "principal": 2000000, …}."""
    return _as_stored(position._asdict())


def position_as_json(position: Position) -> str:
    """The same as text, in a fraction of the time that it takes by way of a dictionary."""
    values: list[Any] = list(position)
    for at, write in _WRITTEN_OTHERWISE:
        values[at] = write(values[at])
    return _POSITION_AS_JSON % tuple(values)


def position_from_stored(stored: Mapping[str, Any]) -> Position:
    """The position that `position_as_stored` wrote. Raises StoredValueError."""
    return Position._make(_POSITION.values(stored))


def _as_stored(values: Mapping[str, Any]) -> Stored:
    return {name: _WRITERS.get(type(value), _as_it_is)(value) for name, value in values.items()}


def _as_it_is(value: Any) -> Any:
    return value


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: str,
    date: date.isoformat,
    tuple: lambda steps: [list(step) for step in steps],
}


class _Shape:
    """The fields that something stored has, and how each is read."""

    def __init__(self, what: str, types: Mapping[str, Any]) -> None:
        self.what = what
        self.names = types.keys()
        # Most are what they are, and are only compared.
        plain = {at: kind for at, kind in enumerate(types.values()) if kind in (int, bool)}
        self._all, self._plain, self._types = itemgetter(*types), itemgetter(*plain), list(plain.values())
        self._read = [(at, _READERS[kind]) for at, kind in enumerate(types.values()) if at not in plain]

    def values(self, stored: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the fields. Raises StoredValueError."""
        if not isinstance(stored, Mapping) or stored.keys() != self.names:
            raise StoredValueError(
                f"Stored {self.what} needs exactly the fields {', '.join(self.names)}; got {stored!r:.300}."
            )
        values = list(self._all(stored))
        if list(map(type, self._plain(values))) != self._types:
            raise self._unreadable("whole numbers, and true or false, must be of their types", stored)
        try:
            for at, read in self._read:
                values[at] = read(values[at])
        except (TypeError, ValueError, InvalidOperation) as error:
            raise self._unreadable(str(error), stored) from error
        return values

    def _unreadable(self, why: str, stored: Mapping[str, Any]) -> StoredValueError:
        return StoredValueError(f"Stored {self.what} cannot be read: {why}: {stored!r:.300}.")


def _decimal(value: Any) -> Decimal:
    if type(value) is not str:
        raise TypeError(f"{value!r:.100} is not text")
    return Decimal(value)


def _date_or_none(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _steps(value: Any) -> Steps:
    return tuple((int(first), int(instalment)) for first, instalment in value)


_READERS: dict[Any, Callable[[Any], Any]] = {
    Decimal: _decimal,
    date: date.fromisoformat,
    date | None: _date_or_none,
    Steps: _steps,
}
_TERMS = _Shape("Terms", {field.name: field.type for field in fields(Terms)})
_OPENING = _Shape("Opening", Opening.__annotations__)
_POSITION = _Shape("Position", Position.__annotations__)


def _json_of_date(day: date | None) -> str:
    return f'"{day}"' if day else "null"


_JSON_WRITERS: dict[Any, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    date | None: _json_of_date,
    Steps: lambda steps: str([[*step] for step in steps]),
}
_POSITION_AS_JSON = "{" + ", ".join(f'"{name}": %s' for name in Position._fields) + "}"
_WRITTEN_OTHERWISE = [
    (at, _JSON_WRITERS[kind]) for at, kind in enumerate(Position.__annotations__.values()) if kind is not int
]
