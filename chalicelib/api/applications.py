"""Applications with what they were decided from."""

from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Link, next_page, ok
from chalicelib.api.explaining import facts_answered
from chalicelib.api.moments import moment
from chalicelib.api.taking import ApplicationNumber
from chalicelib.requests.models import ApplicationsQuery
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.policy import Policy
from chalicelib.rules.stored import facts_from_stored, policy_from_stored
from chalicelib.services import applications
from chalicelib.storage.applications import ApplicationFilter, StoredApplication

if TYPE_CHECKING:
    from chalicelib.api.answers import applications as answers


@endpoints.add(
    "GET",
    "/api/applications",
    Operation.READ_APPLICATIONS,
    ok(
        "A page of applications.",
        links={
            **next_page("list_applications", "before"),
            "application": Link(
                "The first one.",
                "view_application",
                {"path.application_id": "$response.body#/applications/0/application_id"},
            ),
        },
    ),
    tag="Applications",
)
def list_applications(query: ApplicationsQuery, scope: Scope) -> "answers.ApplicationsPage":
    """Applications, the newest first."""
    wanted = ApplicationFilter(query.customer_id, query.approved(), query.since, query.to)
    found = applications.list_applications(runtime.database(), wanted, cursor=query.cursor(), scope=scope)
    return {"applications": [_application(each) for each in found.rows], "next": found.next}


@endpoints.add(
    "GET",
    "/api/applications/{application_id}",
    Operation.READ_APPLICATIONS,
    ok(
        "The application.",
        links={"customer": Link("Its customer.", "view_customer", {"path.customer_id": "$response.body#/customer_id"})},
    ),
    tag="Applications",
)
def view_application(application_id: ApplicationNumber, scope: Scope) -> "answers.ApplicationRecord":
    """An application with everything it was decided from."""
    return _application(applications.view_application(runtime.database(), application_id, scope))


def _application(stored: StoredApplication) -> "answers.ApplicationRecord":
    """As it was decided. Amounts inside the policy and the facts are kept as text; here they are numbers."""
    return {
        "application_id": stored.application_id,
        "customer_id": stored.customer_id,
        "created_at": moment(stored.created_at),
        "decided_on": stored.decided_on,
        "loan_amount": stored.loan_amount,
        "interest_rate": stored.interest_rate,
        "tenure": stored.tenure,
        "loan_approved": stored.approved,
        "loan_id": stored.loan_id,
        "message": None if stored.approved else stored.reasons[0]["sentence"],
        "corrected_interest_rate": stored.corrected_interest_rate,
        "monthly_installment": stored.monthly_installment,
        "policy": stored.policy["name"],
        "score": stored.score,
        "score_parts": [
            {"name": part["name"], "earned": Decimal(part["earned"]), "possible": part["possible"]}
            for part in stored.score_parts
        ],
        "reasons": [{"code": reason["code"], "sentence": reason["sentence"]} for reason in stored.reasons],
        "rate_floor": stored.rate_floor,
        "facts": facts_answered(facts_from_stored(stored.facts)),
        "policy_values": _policy(policy_from_stored(stored.policy)),
    }


def _policy(policy: Policy) -> "answers.PolicyValues":
    return {
        "name": policy.name,
        "income_multiple": policy.income_multiple,
        "limit_rounding_step": policy.limit_rounding_step,
        "max_emi_share_of_income": policy.max_emi_share_of_income,
        "counts_requested_loan": policy.counts_requested_loan,
        "score_without_history": policy.score_without_history,
        "punctuality_points": policy.punctuality_points,
        "completion_points": policy.completion_points,
        "slabs": [{"score_above": slab.score_above, "rate_floor": slab.rate_floor} for slab in policy.slabs],
    }
