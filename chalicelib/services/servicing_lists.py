"""The use cases of lists of loans that say what is owed and how late, from the positions."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.money import ZERO
from chalicelib.rules.servicing.buckets import Bucket, worst
from chalicelib.rules.servicing.standing import Standing, Status, standing_today
from chalicelib.storage import standings
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.standings import Stands


class LoanToday(NamedTuple):
    """A loan and where it stands today; `standing` is None if it is not serviced here."""

    loan: LoanOnRecord
    standing: Standing | None


class Listed(NamedTuple):
    """Whose a loan is and whom to call, and where it stands today; `standing` is None if it is not serviced here."""

    customer_name: str
    phone_number: str
    standing: Standing | None


class CustomerLoans(NamedTuple):
    """All loans of a customer, those that are current first, then the newest, and where they stand, by number.

    A loan that is not serviced here stands nowhere.
    """

    loans: Sequence[LoanOnRecord]
    standings: Mapping[int, Standing]

    @property
    def open(self) -> Sequence[Standing]:
        """Where the loans stand of which something is owed."""
        return [each for each in self.standings.values() if each.status is Status.OPEN]

    @property
    def outstanding(self) -> Decimal:
        """What is owed of all of them today, in rupees."""
        return sum((each.outstanding for each in self.open), ZERO)

    @property
    def overdue(self) -> Decimal:
        """What of it should have been paid before today, in rupees."""
        return sum((each.overdue for each in self.open), ZERO)

    @property
    def days_past_due(self) -> int:
        """Those of the loan that is late the longest."""
        return max((each.days_past_due for each in self.open), default=0)

    @property
    def bucket(self) -> Bucket | None:
        """A customer is as bad as the worst of the loans; None if nothing is owed here."""
        return worst(each.bucket for each in self.open)


@retried
def list_loans(
    database: Database,
    *,
    today: date,
    cursor: Cursor,
    customer_id: int | None = None,
    current: bool | None = None,
    bucket: Bucket | None = None,
    scope: Scope = EVERYBODY,
) -> Slice[LoanToday]:
    """Loans by number: all, or those of a customer, those that are current on `today`
    or not, and the open ones in a bucket on that day.
    """
    with database.reading() as connection:
        found = standings.listed(
            connection,
            today=today,
            cursor=cursor,
            customer_id=customer_id,
            current=current,
            bucket=bucket,
            scope=scope,
        )
    return Slice([LoanToday(loan, _standing(stands, today)) for loan, stands in found.rows], found.next)


def as_listed(found: standings.Listed, today: date) -> Listed:
    """Whose a loan is and where it stands today."""
    return Listed(found.customer_name, found.phone_number, _standing(found.stands, today))


@retried
def loans_of_customer(database: Database, customer_id: int, today: date) -> CustomerLoans:
    """The loans of a customer; none also if there is no such customer."""
    with database.reading() as connection:
        found = standings.of_customer(connection, customer_id, today)
    stand = {loan.loan_id: _standing(stands, today) for loan, stands in found}
    return CustomerLoans(
        [loan for loan, _ in found], {number: each for number, each in stand.items() if each is not None}
    )


def _standing(stands: Stands, today: date) -> Standing | None:
    if stands is None:
        return None
    terms, position = stands
    return standing_today(terms, position, today)
