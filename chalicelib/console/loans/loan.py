"""A loan as it stands today: what it owes, its instalments with what covered them, and its ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.labels import loan_badge
from chalicelib.console.frame.lists import address
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.words import STATES, title_of
from chalicelib.errors import InvalidRequest, LoanNotFound
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.models import Day
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.bounds import TENURE
from chalicelib.rules.servicing.fold import Split
from chalicelib.rules.servicing.instalments import Instalment, State
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.values import Kind
from chalicelib.services import loans, servicing_accounts
from chalicelib.services.servicing_accounts import LoanAccount
from chalicelib.storage import servicing

# A year on a page; and what fits below it.
INSTALMENTS = 12
LINES = 25


class LoanQuery(BaseModel):
    """As of which day a loan is shown, and which part of its instalments and its ledger."""

    as_of: Day | None = None

    instalment: Annotated[
        int | None, Field(ge=1, le=TENURE.most, description=f"the number of an instalment, 1 to {TENURE.most}")
    ] = None
    before: Annotated[int | None, Field(ge=1, le=10**9, description="the number of a transaction, 1 or more")] = None


@dataclass(frozen=True)
class Entry:
    """A line of the ledger. `split` is what it paid, None if it does not count or pays nothing."""

    transaction: servicing.Transaction
    title: str
    split: Split | None
    reversed_by: int | None

    @property
    def can_be_reversed(self) -> bool:
        """Whether a reversal of it makes sense."""
        return self.reversed_by is None and self.transaction.kind not in (Kind.REVERSAL, Kind.DISBURSAL)


def view_loan(visit: Visit, loan_id: str) -> Response:
    """A loan with everything that happened to it; or with how to begin, if it is not serviced here."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    try:
        return _page(visit, number, read(LoanQuery, visit.query))
    except InvalidRequest as error:
        if "as_of" not in error.fields:
            raise
        return _page(visit, number, LoanQuery(), error)


def _page(visit: Visit, number: int, query: LoanQuery, error: InvalidRequest | None = None) -> Response:
    database, today = runtime.database(), runtime.today()
    day = query.as_of or today
    seen = servicing_accounts.view_account(database, number, day)
    standing = seen.account.standing
    kept = {} if day == today else {"as_of": day.isoformat()}
    rows, others = _part(seen.account.instalments, query.instalment, kept)
    lines, earlier = _ledger(seen, query.before, kept)
    return page(
        visit,
        "loans/loan.html",
        status=error.status if error else 200,
        form=Form.refused(visit.query, error) if error else Form({"as_of": day.isoformat()}),
        day=day,
        since=seen.since,
        file=loans.file_of(database, seen.loan),
        loan=seen.loan,
        terms=seen.terms,
        standing=standing,
        badge_words=loan_badge(standing),
        is_serviced=standing.status is not Status.NOT_SERVICED,
        is_open=standing.status is Status.OPEN,
        instalments=seen.account.instalments,
        rows=rows,
        others=others,
        states=STATES,
        lines=lines,
        transactions=len(seen.transactions),
        earlier=earlier,
        latest=f"{address(kept)}#ledger" if query.before else None,
        today=today,
        who=Authors().cell(seen.loan.created_by),
        history=history_of(visit, SubjectKind.LOAN, number),
    )


def entries_of(seen: LoanAccount) -> list[Entry]:
    """The ledger, what was recorded last first."""
    splits = {entry.fact.number: entry.split for entry in seen.account.entries}
    gone = {each.reverses: each.number for each in seen.transactions if each.reverses is not None}
    return [
        Entry(each, title_of(each), splits.get(each.number), gone.get(each.number))
        for each in reversed(seen.transactions)
    ]


def _part(
    everything: Sequence[Instalment], wanted: int | None, kept: Mapping[str, str]
) -> tuple[Sequence[Instalment], list[tuple[str, str | None]]]:
    """The page of instalments with the one that is wanted, or the first that is not paid; and links to those near it,
    the first and the last.
    """
    pages = [everything[begin : begin + INSTALMENTS] for begin in range(0, len(everything), INSTALMENTS)]
    if not pages:
        return (), []
    if wanted is None:
        paid = (State.PAID_ON_TIME, State.PAID_LATE)
        wanted = next((row.number for row in everything if row.state not in paid), everything[-1].number)
    shown = next((part for part in pages if part[-1].number >= wanted), pages[-1])
    here = pages.index(shown)
    near = sorted({0, here - 1, here, here + 1, len(pages) - 1} & set(range(len(pages))))
    links = [(_numbers(pages[place]), None if place == here else _first_of(pages[place], kept)) for place in near]
    return shown, links if len(pages) > 1 else []


def _numbers(part: Sequence[Instalment]) -> str:
    return f"{part[0].number} to {part[-1].number}"


def _first_of(part: Sequence[Instalment], kept: Mapping[str, str]) -> str:
    return f"{address({**kept, 'instalment': part[0].number})}#instalments"


def _ledger(seen: LoanAccount, before: int | None, kept: Mapping[str, str]) -> tuple[list[Entry], str | None]:
    """A page of the ledger, and the address of the next one, None if there is none."""
    everything = entries_of(seen)
    behind = [entry for entry in everything if before is None or entry.transaction.number < before]
    lines = behind[:LINES]
    more = len(behind) > LINES
    return lines, f"{address({**kept, 'before': lines[-1].transaction.number})}#ledger" if more else None
