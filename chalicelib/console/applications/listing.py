"""The list of applications: found by result, reason, score, amount, policy, day and by who applied."""

from typing import Annotated, Literal

from chalice.app import Response
from pydantic import BeforeValidator, Field

from chalicelib import runtime
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.labels import REASONS
from chalicelib.console.frame.lending_list import AMOUNTS, CUSTOMER, LendingListQuery, Whose, customer_columns
from chalicelib.console.frame.listing import Column, Filter, Input, List, Options, answer_list
from chalicelib.console.frame.lists import periods
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import Name, digits, not_below
from chalicelib.rules import bounds
from chalicelib.rules.reasons import Reason
from chalicelib.rules.typed.names import full_name
from chalicelib.services import lists
from chalicelib.services.list_files import Written
from chalicelib.storage.application_list import ORDERS, ListedApplication, Wanted
from chalicelib.storage.listing import Page, Place, Summary

# What people ask for beside each reason by itself.
GROUPS: dict[str, tuple[str, tuple[Reason, ...]]] = {
    "income": (
        "Income: instalments take too much",
        (Reason.EMI_BURDEN_TOO_HIGH, Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN),
    ),
    "limit": (
        "Limit exceeded",
        (Reason.CURRENT_LOANS_EXCEED_LIMIT, Reason.AMOUNT_EXCEEDS_LIMIT, Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN),
    ),
}
REASON_OPTIONS: Options = [
    *((name, words) for name, (words, _) in GROUPS.items()),
    *((reason.value, words) for reason, words in REASONS.items()),
]
REASON_NAMES = tuple(name for name, _ in REASON_OPTIONS)
OUTCOMES: Options = [("approved", "Approved"), ("refused", "Refused")]

Points = Annotated[
    int,
    BeforeValidator(digits),
    Field(ge=bounds.SCORE.least, le=bounds.SCORE.most, description=f"a whole number of points, {bounds.SCORE}"),
]


class ApplicationsListQuery(LendingListQuery):
    """The address of the list."""

    outcome: Annotated[Literal["approved", "refused"], Field(description="approved or refused")] | None = None
    reason: Annotated[Literal[REASON_NAMES], Field(description="one of the list")] | None = None  # type: ignore[valid-type]  # as data
    score_from: Points | None = None
    score_to: Annotated[Points, not_below("score_from", "number")] | None = None
    policy: Name | None = None

    def wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(
            **self.lending(),
            approved=None if self.outcome is None else self.outcome == "approved",
            reasons=() if self.reason is None else _reasons(self.reason),
            score_from=self.score_from,
            score_to=self.score_to,
            policy=self.policy,
        )


def list_applications(visit: Visit) -> Response:
    """Applications, the newest first, or as the address says."""
    return answer_list(visit, _list(Authors(), visit.query.get("who")), "applications/applications.html")


def _list(authors: Authors, who: str | None) -> List[ApplicationsListQuery, ListedApplication]:
    policies = lists.policies_of_applications(runtime.database())
    return List(
        "applications",
        "application",
        "applications",
        ApplicationsListQuery,
        ORDERS,
        filters=(
            Filter("outcome", "Result", Input.CHOICE, OUTCOMES),
            Filter("reason", "Reason", Input.CHOICE, REASON_OPTIONS),
            Filter("from", "From", Input.DAY),
            Filter("to", "To", Input.DAY),
            Filter("who", "Who", Input.CHOICE, authors.options(who)),
            *AMOUNTS,
            Filter("score_from", "Score from", Input.NUMBER, is_rare=True),
            Filter("score_to", "Score to", Input.NUMBER, is_rare=True),
            Filter("policy", "Policy", Input.CHOICE, [(name, name) for name in policies], is_rare=True),
            CUSTOMER,
        ),
        columns=_columns(authors),
        number_of=lambda application: application.application_id,
        page_of=_page,
        summary_of=_summary,
        total=lambda _query: "applied for",
        shortcuts=[*periods(runtime.today()), ("Refused for income", {"outcome": "refused", "reason": "income"})],
    )


def _whose(each: ListedApplication) -> Whose:
    return Whose(each.customer_id, full_name(each.first_name, each.last_name), each.phone_number)


def _columns(authors: Authors) -> list[Column[ListedApplication]]:
    return [
        Column(
            "Application",
            lambda each: each.application_id,
            Written.NUMBER,
            sort="number",
            shown=lambda each: Cell(f"Application {each.application_id}", f"applications/{each.application_id}/"),
        ),
        *customer_columns(_whose),
        Column("Result", lambda each: "Approved" if each.approved else "Refused", shown=_result, on_phone="head"),
        Column("Reasons", lambda each: "; ".join(_told(each)), on_page=False),
        Column("Amount", lambda each: each.loan_amount, Written.MONEY, sort="amount", on_phone="line"),
        Column("Requested rate", lambda each: each.interest_rate, Written.RATE, on_page=False),
        Column("Rate a year", lambda each: each.corrected_interest_rate, Written.RATE),
        Column("Tenure", lambda each: each.tenure, Written.MONTHS, shown=lambda each: Cell(_months(each.tenure))),
        Column("Instalment", lambda each: each.monthly_installment, Written.MONEY, on_page=False),
        Column("Score", lambda each: each.score, Written.NUMBER, sort="score"),
        Column("Policy", lambda each: each.policy_name, on_page=False),
        Column("Loan", lambda each: each.loan_id, Written.NUMBER, on_page=False),
        Column("Decided", lambda each: each.created_at, Written.MOMENT, on_phone="line"),
        Column("Who", lambda each: authors.words(each.created_by), shown=lambda each: authors.cell(each.created_by)),
    ]


def _page(query: ApplicationsListQuery, place: Place) -> Page[ListedApplication]:
    return lists.list_applications(runtime.database(), query.wanted(), place)


def _summary(query: ApplicationsListQuery) -> Summary:
    return lists.sum_applications(runtime.database(), query.wanted())


def _reasons(name: str) -> tuple[str, ...]:
    return GROUPS[name][1] if name in GROUPS else (name,)


def _told(each: ListedApplication) -> list[str]:
    """The reasons of a refusal in a few words each."""
    reasons = map(Reason, each.reason_codes)
    return [REASONS[reason] for reason in reasons if reason.refuses or each.approved]


def _result(each: ListedApplication) -> Cell:
    return (
        Cell("Approved", badge="good") if each.approved else Cell("Refused", badge="bad", more="; ".join(_told(each)))
    )


def _months(count: int) -> str:
    from chalicelib.console.frame.formats import months

    return months(count)
