"""A new customer, and the correction of one."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.history import AMOUNTS, Entry, Line, entry_of, written
from chalicelib.console.frame.history import FIELDS as LABELS
from chalicelib.console.frame.once import KEY, attempt_of, new_key
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page, see
from chalicelib.console.frame.typed import plain, refused
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import CustomerNotFound, InvalidRequest, Outdated, RequestInFlight
from chalicelib.requests.models import Income, Limit, Model, Phone, Reason, RegisterBody
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.sentences import percent, rupees
from chalicelib.services import access, customers
from chalicelib.services.customers import CustomerWithExposure
from chalicelib.services.idempotency import Once
from chalicelib.storage.customers import Customer, Registration
from chalicelib.storage.paging import Cursor

# Beside each field that can be changed, the form holds what stood in it when it was opened.
SEEN = "seen_"
PLAIN_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


class Correction(Model):
    """What can be changed of a customer, and why."""

    approved_limit: Limit
    monthly_income: Income
    phone_number: Phone
    reason: Reason


CHANGEABLE = tuple(name for name in Correction.model_fields if name != "reason")


@dataclass(frozen=True)
class Race:
    """What somebody else changed while the form was open, and who it was as far as the history tells."""

    lines: Sequence[Line]
    by: Entry | None


def view_new_customer(visit: Visit) -> Response:
    """The form of a new customer."""
    return _registration_page(visit, Form({KEY: new_key()}))


def register_customer(visit: Visit) -> Response:
    """Registers a customer, however often the button is pressed, and leads to their page."""
    try:
        body = read(RegisterBody, plain(visit.form))
        attempt = attempt_of(visit)
    except InvalidRequest as error:
        return _registration_page(visit, refused({KEY: new_key(), **visit.form}, error), 400)

    registration = Registration(**body.model_dump())
    once = Once[Customer](attempt, lambda made: json.dumps({"customer_id": made.customer_id}))
    try:
        told = customers.register(
            runtime.database(), registration, policy=runtime.policy(), author=visit.author, once=once
        )
    except RequestInFlight:
        return see(visit, "customers/?sort=newest", done="registration-underway")
    return see(visit, f"customers/{json.loads(told.answer)['customer_id']}/", done="customer-registered")


def view_change(visit: Visit, customer_id: str) -> Response:
    """The form of what can be corrected."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    return _change_page(visit, found, Form({**_values(found.customer), **_opened(found)}))


def change_customer(visit: Visit, customer_id: str) -> Response:
    """Corrects a customer who is still as the form showed them; otherwise shows what is different now."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    typed = visit.form
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    try:
        wanted = read(Correction, plain(typed))
        changes = _changes(found.customer, wanted)
        access.require_for_change(visit.actor, changes)
        customers.change_customer(
            runtime.database(),
            number,
            changes,
            etags={typed.get("etag", "")},
            author=visit.author,
            reason=wanted.reason,
            ceiling=runtime.settings().ceilings.of(visit.actor.role),
        )
    except InvalidRequest as error:
        return _change_page(visit, found, refused({**_opened(found), **typed}, error), 400)
    except Outdated:
        return _lost_race(visit, number)
    return see(visit, f"customers/{number}/", done="customer-changed")


def _changes(customer: Customer, wanted: Correction) -> dict[str, object]:
    given = {name: getattr(wanted, name) for name in CHANGEABLE}
    changes = {name: value for name, value in given.items() if value != getattr(customer, name)}
    if not changes:
        raise InvalidRequest("Nothing is different from what is stored; change a field, or leave this page.")
    return changes


def _lost_race(visit: Visit, number: int) -> Response:
    """What is stored now, with what was typed where it was typed, to be looked at and sent again."""
    found = customers.view_customer(runtime.database(), number, today=runtime.today())
    latest = customers.history(runtime.database(), number, Cursor(1)).rows
    typed, now = visit.form, _values(found.customer)
    seen = {name: typed.get(SEEN + name, "") for name in CHANGEABLE}
    kept = {name: typed[name] for name in CHANGEABLE if name in typed and typed[name] != seen[name]}
    lines = [
        Line(LABELS[name], _as_seen(name, seen[name]), written(name, getattr(found.customer, name)))
        for name in CHANGEABLE
        if seen[name] != now[name]
    ]
    race = Race(lines, entry_of(latest[0]) if latest else None)
    form = Form({**now, **kept, **_opened(found), "reason": typed.get("reason", "")})
    return _change_page(visit, found, form, 412, race)


def _as_seen(name: str, text: str) -> str | None:
    """What the form held when it was opened, as pages write it; None where that cannot be told any more."""
    if name not in AMOUNTS:
        return text or None
    return written(name, Decimal(text)) if PLAIN_AMOUNT.fullmatch(text) else None


def _values(customer: Customer) -> dict[str, str]:
    """What stands in the fields of the form at first."""
    return {
        "approved_limit": rupees(customer.approved_limit),
        "monthly_income": rupees(customer.monthly_income),
        "phone_number": customer.phone_number,
    }


def _registration_page(visit: Visit, form: Form, status: int = 200) -> Response:
    multiple = percent(runtime.policy().income_multiple)
    return page(visit, "customers/customer_new.html", status=status, form=form, multiple=multiple)


def _opened(found: CustomerWithExposure) -> dict[str, str]:
    """What the form remembers of the moment it was opened, in hidden fields."""
    return {"etag": found.etag, **{SEEN + name: value for name, value in _values(found.customer).items()}}


def _change_page(
    visit: Visit, found: CustomerWithExposure, form: Form, status: int = 200, race: Race | None = None
) -> Response:
    hidden = tuple(_opened(found))
    customer, facts = found.customer, found.facts
    return page(
        visit,
        "customers/customer_change.html",
        status=status,
        customer=customer,
        facts=facts,
        form=form,
        race=race,
        hidden=hidden,
    )
