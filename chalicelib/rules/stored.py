"""Facts, policies and reasons as JSON keeps them, and back: what a decision was made from, and why it was made.

Numbers with a fraction are text, because a JSON number may be read back as a float.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, cast

from chalicelib.rules.policy import Policy, Slab
from chalicelib.rules.reasons import FIGURES, Reason, StatedReason
from chalicelib.rules.score import Facts
from chalicelib.rules.sentences import reason_sentence

Stored = dict[str, Any]


class StoredValueError(ValueError):
    """What was read back is not what these functions write; the sentence says what is wrong."""


def facts_as_stored(facts: Facts) -> Stored:
    """{"monthly_income": "50000.00", …, "loans": 2, …}: amounts as text, counts as numbers."""
    return dict(_as_stored(vars(facts)))


def facts_from_stored(stored: Mapping[str, Any]) -> Facts:
    """The facts that `facts_as_stored` wrote. Raises StoredValueError."""
    return Facts(**_read(Facts, stored))


# A container has one policy, and stores it with every application.
@cache
def policy_as_stored(policy: Policy) -> Stored:
    """Every value of the policy: {"name": "standard-1", …, "slabs": [{"score_above": 50, "rate_floor": "0"}, …]}."""
    return dict(_as_stored(asdict(policy)))


def policy_from_stored(stored: Mapping[str, Any]) -> Policy:
    """The policy that `policy_as_stored` wrote. Raises StoredValueError, or PolicyError if it makes no sense."""
    return Policy(**_read(Policy, stored))


def reason_as_stored(reason: StatedReason) -> Stored:
    """{"code": "SCORE_TOO_LOW", "figures": {"score": 7, …}, "sentence": "…"}: the sentence as it was given that day."""
    return {"code": reason.code, "figures": _as_stored(dict(reason.figures)), "sentence": reason_sentence(reason)}


def reason_from_stored(stored: Mapping[str, Any]) -> StatedReason | None:
    """The reason that `reason_as_stored` wrote.

    None for one without the figures that its sentence needs today: it was stored before figures were, or is of other
    words. Then the stored sentence is all there is.
    """
    code, figures = Reason(stored["code"]), stored.get("figures", {})
    if not set(FIGURES[code]) <= set(figures):
        return None
    return StatedReason(code, {name: _figure(name, figures[name]) for name in FIGURES[code]})


def _figure(name: str, value: Any) -> Decimal | int:
    return value if isinstance(value, int) else _decimal(name, value)


def _as_stored(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_stored(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_as_stored(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _read(kind: type[Facts | Policy | Slab], stored: Mapping[str, Any]) -> Stored:
    """The arguments of `kind`, each of its own type."""
    expected = {field.name: cast(type, field.type) for field in fields(kind)}
    if not isinstance(stored, Mapping) or set(stored) != set(expected):
        raise StoredValueError(
            f"A stored {kind.__name__} needs exactly the fields {', '.join(expected)}; got {stored!r:.300}."
        )
    return {name: _reader(wanted)(name, stored[name]) for name, wanted in expected.items()}


def _exactly(wanted: type) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        if type(value) is not wanted:
            raise StoredValueError(f"{name} must be stored as {wanted.__name__}, not {value!r:.100}.")
        return value

    return read


def _decimal(name: str, value: Any) -> Decimal:
    try:
        return Decimal(_exactly(str)(name, value))
    except InvalidOperation:
        raise StoredValueError(f"{name} must be a decimal number as text, not {value!r:.100}.") from None


def _slabs(name: str, value: Any) -> tuple[Slab, ...]:
    return tuple(Slab(**_read(Slab, slab)) for slab in _exactly(list)(name, value))


def _reader(wanted: type) -> Callable[[str, Any], Any]:
    if wanted is Decimal:
        return _decimal
    return _exactly(wanted) if wanted in (int, bool, str) else _slabs
