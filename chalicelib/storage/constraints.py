"""What a client is told of a constraint that a request ran into, although its fields are valid one by one."""

from chalicelib.errors import Conflict, CustomerNotFound, InvalidRequest
from chalicelib.postgres.errors import interrupted, translate_constraints

BROKEN = {
    "customers_approved_limit_not_negative": lambda: InvalidRequest(
        "The approved limit must not be negative.", {"approved_limit": ["must be at least 0"]}
    ),
    "loans_customer_fkey": lambda: CustomerNotFound("There is no such customer."),
    "loan_applications_customer_fkey": lambda: CustomerNotFound("There is no such customer."),
    "api_keys_customer_fkey": lambda: InvalidRequest(
        "There is no such customer.", {"customer_id": ["must be the number of a customer who is registered"]}
    ),
    "saved_views_name_key": lambda: Conflict("Another view of this list has this name already."),
    # An import may take a number in the moment between its drawing and its use here; the next one is free.
    "loans_pkey": interrupted,
    "customers_pkey": interrupted,
    # Two transactions of different loans may come with one reference, and a deployment may disburse an old loan at the
    # moment of its first receipt; the second look finds the first.
    "loan_transactions_reference_key": interrupted,
    "loan_transactions_pkey": interrupted,
    # Another request with the key was answered between the look at it and its claim; the next run finds its answer.
    "idempotency_keys_pkey": interrupted,
}

translate_constraints(BROKEN)
