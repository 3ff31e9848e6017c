"""The fields of a customer: what each is called, how it is typed, and how pages write it.

The forms, the customer's page, the history and the audit log are all made from this one list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import REQUIRED
from chalicelib.console.frame.rendering import formats
from chalicelib.errors import InvalidRequest
from chalicelib.requests.json_bodies import shown
from chalicelib.requests.models import (
    AgeUnlessBorn,
    BirthDate,
    Income,
    LastName,
    Limit,
    Model,
    PersonName,
    Phone,
    Reason,
)
from chalicelib.rules.bounds import FIRST_BIRTH, NAME_LENGTH
from chalicelib.rules.figures import rupees
from chalicelib.storage.customers import Customer


@dataclass(frozen=True)
class Field:
    """A field by its name in the models. `attributes` are those of its input; an amount has the currency before it.

    `must` is what it must be, in fewer words than the API says it in; None if those are fine.
    """

    name: str
    label: str
    hint: str | None = None
    must: str | None = None
    suffix: str | None = None
    is_amount: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


NAME = f"a name with at least one letter and at most {NAME_LENGTH.most} characters"

# The name of a customer is the title of the page; the others stand on it, in this order.
NAMES = (
    Field("first_name", "First name", must=NAME, attributes={"maxlength": NAME_LENGTH.most}),
    Field(
        "last_name",
        "Last name",
        hint="Leave it empty if there is none",
        must=NAME,
        attributes={"maxlength": NAME_LENGTH.most},
    ),
)
DETAILS = (
    Field(
        "date_of_birth",
        "Date of birth",
        attributes={"type": "date", "min": FIRST_BIRTH.isoformat()},
    ),
    Field(
        "age",
        "Age",
        hint="Leave it empty if you know the date of birth",
        suffix="years",
        attributes={"inputmode": "numeric"},
    ),
    Field(
        "phone_number",
        "Phone number",
        hint="10 digits, for example 98123 45678",
        must="a phone number of 10 digits",
        attributes={"type": "tel"},
    ),
    Field("monthly_income", "Monthly income", hint="For example 45,000", is_amount=True),
    Field("approved_limit", "Approved limit", hint="For example 90,000", is_amount=True),
)
FIELDS: Mapping[str, Field] = {each.name: each for each in (*NAMES, *DETAILS)}
AMOUNTS = frozenset(each.name for each in FIELDS.values() if each.is_amount)


class Correction(Model):
    """What can be corrected of a customer, and why."""

    first_name: PersonName
    last_name: LastName = ""
    date_of_birth: BirthDate | None = None
    age: AgeUnlessBorn = None
    phone_number: Phone
    monthly_income: Income
    approved_limit: Limit
    reason: Reason


CORRECTABLE = tuple(name for name in Correction.model_fields if name in FIELDS)


def inputs_of(model: type[BaseModel]) -> list[tuple[Field, Mapping[str, Any]]]:
    """The fields of a form for this model, in its order, each with the attributes of its input."""
    return [
        (FIELDS[name], {**FIELDS[name].attributes, "required": known.is_required() or None})
        for name, known in model.model_fields.items()
        if name in FIELDS
    ]


def refused(typed: Mapping[str, str], error: InvalidRequest) -> Form:
    """The form with what is wrong about it."""
    form = Form.refused(typed, error)
    wrong = {name: [_must(name, typed)] if _has_words(name) else said for name, said in form.errors.items()}
    return replace(form, errors=wrong)


def typed_value(customer: Customer, name: str) -> str:
    """A value as the input of a form holds it."""
    value = getattr(customer, name)
    if value is None:
        return ""
    return formats().typed_amount(rupees(value)) if isinstance(value, Decimal) else str(value)


def shown_value(name: str, value: Any) -> str:
    """A value as pages write it; that of a date also as the audit log has it."""
    if value is None or value == "":
        return "none"
    if name == "date_of_birth":
        return formats().plain_day(date.fromisoformat(str(value)))
    return formats().money(value) if name in AMOUNTS else str(value)


def details_of(customer: Customer, today: date) -> list[tuple[str, str]]:
    """Label and value of each field beside the name; the age is that of today, the date of birth there if known."""
    values = vars(customer) | {"age": customer.age_on(today)}
    return [
        (each.label, shown_value(each.name, values[each.name])) for each in DETAILS if values[each.name] is not None
    ]


def _has_words(name: str) -> bool:
    return name in FIELDS and FIELDS[name].must is not None


def _must(name: str, typed: Mapping[str, str]) -> str:
    wanted = f"must be {FIELDS[name].must}"
    return f"{wanted}; got {shown(typed[name])}" if typed.get(name) else REQUIRED
