"""A new customer."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.customers.fields import inputs_of, refused
from chalicelib.console.customers.likely_same import KNOWN, ShownAlike, known_as_typed, known_from, shown_alike
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest, RequestInFlight
from chalicelib.requests.models import RegisterBody
from chalicelib.rules.figures import percent
from chalicelib.services import customers
from chalicelib.services.customers import LikelyTheSame
from chalicelib.services.idempotency import Once
from chalicelib.storage.alike import Alike
from chalicelib.storage.customers import Registered


def view_new_customer(visit: Visit) -> Response:
    """The form of a new customer."""
    return _page(visit, Form({idempotency.FIELD: idempotency.new_key()}))


def register_customer(visit: Visit) -> Response:
    """Registers a customer, however often the button is pressed, and leads to their page.

    If there is likely the same person already, the page says who and what they owe, and takes a second press.
    """
    try:
        body = read(RegisterBody, visit.form)
        attempt = idempotency.attempt_from(visit)
        registration = customers.registration_of(body.model_dump(), runtime.today())
    except InvalidRequest as error:
        typed = {idempotency.FIELD: idempotency.new_key(), **visit.form}
        return _page(visit, refused(typed, error), error.status)

    once = Once[Registered](attempt, lambda made: json.dumps({"customer_id": made.customer_id}))
    try:
        registered = customers.register(
            runtime.database(),
            registration,
            policy=runtime.policy(),
            today=runtime.today(),
            author=visit.author,
            once=once,
            known=known_from(visit.form.get(KNOWN, "")),
        )
    except LikelyTheSame as error:
        return _warning(visit, error.alike)
    except RequestInFlight:
        return redirect(visit, "customers/?sort=newest", done="registration-underway")
    number = json.loads(registered.answer)["customer_id"]
    return redirect(visit, f"customers/{number}/", done="customer-registered")


def _warning(visit: Visit, alike: Sequence[Alike]) -> Response:
    """The form as it was typed, with who is likely the same person, to be sent again."""
    known = known_from(visit.form.get(KNOWN, "")) | {each.customer_id for each in alike}
    return _page(visit, Form({**visit.form, KNOWN: known_as_typed(known)}), HTTPStatus.CONFLICT, shown_alike(alike))


def _page(visit: Visit, form: Form, status: int = 200, alike: Sequence[ShownAlike] = ()) -> Response:
    return page(
        visit,
        "customers/customer_new.html",
        status=status,
        form=form,
        inputs=inputs_of(RegisterBody),
        alike=alike,
        today=runtime.today(),
        multiple=percent(runtime.policy().income_multiple),
    )
