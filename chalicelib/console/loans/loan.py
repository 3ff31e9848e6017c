"""A loan as it stands today: what it owes, its instalments with what covered them, and its ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.labels import loan_badge
from chalicelib.console.frame.lists import address
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.words import STATES, title_of
from chalicelib.errors import LoanNotFound
from chalicelib.requests.parsing import number_in_path
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
    """Which part of the instalments is shown, and which of the ledger."""

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
    query = read(LoanQuery, visit.query)
    database, today = runtime.database(), runtime.today()
    seen = servicing_accounts.view_account(database, number, today)
    standing = seen.account.standing
    rows, others = _part(seen.account.instalments, query.instalment)
    lines, earlier = _ledger(seen, query.before)
    return page(
        visit,
        "loans/loan.html",
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
        latest="?#ledger" if query.before else None,
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
    everything: Sequence[Instalment], wanted: int | None
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
    links = [(_numbers(pages[place]), None if place == here else _first_of(pages[place])) for place in near]
    return shown, links if len(pages) > 1 else []


def _numbers(part: Sequence[Instalment]) -> str:
    return f"{part[0].number} to {part[-1].number}"


def _first_of(part: Sequence[Instalment]) -> str:
    return f"{address({'instalment': part[0].number})}#instalments"


def _ledger(seen: LoanAccount, before: int | None) -> tuple[list[Entry], str | None]:
    """A page of the ledger, and the address of the next one, None if there is none."""
    everything = entries_of(seen)
    behind = [entry for entry in everything if before is None or entry.transaction.number < before]
    lines = behind[:LINES]
    more = len(behind) > LINES
    return lines, f"{address({'before': lines[-1].transaction.number})}#ledger" if more else None
