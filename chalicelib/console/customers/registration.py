"""A new customer."""

import json

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.customers.fields import inputs_of, refused
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
from chalicelib.services.idempotency import Once
from chalicelib.storage.customers import Customer


def view_new_customer(visit: Visit) -> Response:
    """The form of a new customer."""
    return _page(visit, Form({idempotency.FIELD: idempotency.new_key()}))


def register_customer(visit: Visit) -> Response:
    """Registers a customer, however often the button is pressed, and leads to their page."""
    try:
        body = read(RegisterBody, visit.form)
        attempt = idempotency.attempt_from(visit)
        registration = customers.registration_of(body.model_dump(), runtime.today())
    except InvalidRequest as error:
        typed = {idempotency.FIELD: idempotency.new_key(), **visit.form}
        return _page(visit, refused(typed, error), error.status)

    once = Once[Customer](attempt, lambda made: json.dumps({"customer_id": made.customer_id}))
    try:
        registered = customers.register(
            runtime.database(), registration, policy=runtime.policy(), author=visit.author, once=once
        )
    except RequestInFlight:
        return redirect(visit, "customers/?sort=newest", done="registration-underway")
    number = json.loads(registered.answer)["customer_id"]
    return redirect(visit, f"customers/{number}/", done="customer-registered")


def _page(visit: Visit, form: Form, status: int = 200) -> Response:
    return page(
        visit,
        "customers/customer_new.html",
        status=status,
        form=form,
        inputs=inputs_of(RegisterBody),
        multiple=percent(runtime.policy().income_multiple),
    )
