"""The correction of a customer, which is not lost if somebody else corrects them at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.customers.fields import (
    AMOUNTS,
    CORRECTABLE,
    FIELDS,
    Correction,
    inputs_of,
    refused,
    shown_value,
    typed_value,
)
from chalicelib.console.customers.history import Entry, Line, entry_of
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import AboveCeiling, CustomerNotFound, InvalidRequest, Outdated
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.json_bodies import shown
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.typed.numbers import amount
from chalicelib.services import access, audit, customers
from chalicelib.services.customers import CustomerWithExposure
from chalicelib.storage.customers import Customer
from chalicelib.storage.paging import Cursor

# Beside each field that can be corrected, the form holds what stood in it when it was opened.
SEEN = "seen_"


@dataclass(frozen=True)
class Race:
    """What somebody else changed while the form was open, and who it was as far as the history says."""

    lines: Sequence[Line]
    by: Entry | None


def view_change(visit: Visit, customer_id: str) -> Response:
    """The form of what can be corrected."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    return _page(visit, found, Form({**_values(found.customer), **_opened(found)}))


def change_customer(visit: Visit, customer_id: str) -> Response:
    """Corrects a customer who is still as the form showed them; otherwise shows what is different now."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    typed = visit.form
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    try:
        wanted = read(Correction, typed)
        changes = _changes(found.customer, wanted)
        access.require_for_change(visit.actor, changes)
        customers.change_customer(
            runtime.database(),
            number,
            changes,
            etags={typed.get("etag", "")},
            author=visit.author,
            today=runtime.today(),
            reason=wanted.reason,
            ceiling=runtime.settings().ceilings.of(visit.actor.role),
        )
    except InvalidRequest as error:
        return _page(visit, found, _refused({**_opened(found), **typed}, error), error.status)
    except Outdated:
        return _lost_race(visit, number)
    return redirect(visit, f"customers/{number}/", done="customer-changed")


def _changes(customer: Customer, wanted: Correction) -> dict[str, object]:
    given = {name: getattr(wanted, name) for name in CORRECTABLE}
    changes = {name: value for name, value in given.items() if value != getattr(customer, name)}
    if not changes:
        raise InvalidRequest("Nothing is different from what is stored. Change a field, or leave this page.")
    # An age beside a date of birth is held to it, also the one that stood in the form.
    beside = {"age": wanted.age} if changes.get("date_of_birth") and wanted.age is not None else {}
    return changes | beside


def _refused(typed: dict[str, str], error: InvalidRequest) -> Form:
    """The form with what is wrong; the ceiling of a role as the locale writes it."""
    if not isinstance(error, AboveCeiling):
        return refused(typed, error)
    errors = {
        name: [f"must be at most {formats().money(most)} in your role; got {shown(typed[name])}"]
        for name, most in error.highest.items()
    }
    return Form(typed, errors)


def _lost_race(visit: Visit, number: int) -> Response:
    """What is stored now, with what was typed in the fields that were changed, to be looked at and sent again."""
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    latest = audit.history(runtime.database(), SubjectKind.CUSTOMER, number, cursor=Cursor(1)).rows
    typed, now = visit.form, _values(found.customer)
    seen = {name: typed.get(SEEN + name, "") for name in CORRECTABLE}
    kept = {name: typed[name] for name in CORRECTABLE if name in typed and typed[name] != seen[name]}
    lines = [
        Line(FIELDS[name].label, _as_seen(name, seen[name]), shown_value(name, getattr(found.customer, name)))
        for name in CORRECTABLE
        if seen[name] != now[name]
    ]
    race = Race(lines, entry_of(latest[0]) if latest else None)
    form = Form({**now, **kept, **_opened(found), "reason": typed.get("reason", "")})
    return _page(visit, found, form, Outdated.status, race)


def _as_seen(name: str, text: str) -> str | None:
    """What the form held when it was opened, as pages write it; None if it cannot be read."""
    if name not in AMOUNTS:
        return text or None
    found = amount(text)
    return shown_value(name, found) if isinstance(found, Decimal) else None


def _values(customer: Customer) -> dict[str, str]:
    """The values of the fields when the form is opened."""
    return {name: typed_value(customer, name) for name in CORRECTABLE}


def _opened(found: CustomerWithExposure) -> dict[str, str]:
    """What the form remembers of the moment it was opened, in hidden fields."""
    return {"etag": found.etag, **{SEEN + name: value for name, value in _values(found.customer).items()}}


def _page(
    visit: Visit, found: CustomerWithExposure, form: Form, status: int = 200, race: Race | None = None
) -> Response:
    return page(
        visit,
        "customers/customer_change.html",
        status=status,
        customer=found.customer,
        facts=found.facts,
        ceiling=runtime.settings().ceilings.of(visit.actor.role),
        form=form,
        inputs=inputs_of(Correction),
        hidden=tuple(_opened(found)),
        race=race,
    )
