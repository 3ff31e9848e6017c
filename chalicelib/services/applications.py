"""The use cases of the record of applications."""

from chalicelib.errors import ApplicationNotFound
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.counter_offer import CounterOffer, counter_offer
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.stored import facts_from_stored, policy_from_stored
from chalicelib.storage import applications
from chalicelib.storage.applications import ApplicationFilter, StoredApplication
from chalicelib.storage.paging import Cursor, Slice


@retried
def view_application(database: Database, application_id: int, scope: Scope = EVERYBODY) -> StoredApplication:
    """An application with everything it was decided from. Raises ApplicationNotFound, also for one of a customer whom
    the scope does not cover.
    """
    with database.reading() as connection:
        found = applications.get(connection, application_id)
    if found is None or not scope.covers(found.customer_id):
        raise ApplicationNotFound(f"There is no application {application_id}.")
    return found


@retried
def list_applications(
    database: Database, wanted: ApplicationFilter, *, cursor: Cursor, scope: Scope = EVERYBODY
) -> Slice[StoredApplication]:
    """The newest applications first."""
    with database.reading() as connection:
        return applications.listed(connection, wanted, cursor=cursor, scope=scope)


def counter_offer_of(stored: StoredApplication) -> CounterOffer | None:
    """What could have been had instead, by the policy and facts of that day; None where it was approved as asked."""
    raised = any(reason["code"] == Reason.RATE_RAISED_TO_FLOOR for reason in stored.reasons)
    if stored.approved and not raised:
        return None
    request = LoanRequest(stored.loan_amount, stored.interest_rate, stored.tenure)
    return counter_offer(facts_from_stored(stored.facts), request, policy_from_stored(stored.policy))
