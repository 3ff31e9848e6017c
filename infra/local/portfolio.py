"""What the database holds, for people: counts and imports. Reads only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.exc import ProgrammingError

from chalicelib.config import read_settings
from chalicelib.errors import DatabaseUnavailable
from chalicelib.imports import jobs
from chalicelib.imports.jobs import ImportJob
from chalicelib.postgres.database import Database, make_engine
from chalicelib.storage.import_tables import import_sheets, imports
from chalicelib.storage.tables import customers, loans, waiting_loans
from infra.local.settings import STAGE
from infra.terminal import CommandError


@dataclass(frozen=True)
class Counts:
    """Rows there are now. `rejected` sums the newest import of each file."""

    customers: int
    loans: int
    renumbered: int
    waiting: int
    rejected: int

    def __str__(self) -> str:
        return (
            f"{self.customers} customers, {self.loans} loans ({self.renumbered} renumbered), "
            f"{self.waiting} loans waiting for their customer, {self.rejected} rows rejected"
        )


@contextmanager
def reading(database_url: str) -> Iterator[Connection]:
    """A connection for a few SELECTs. Raises CommandError if the database does not answer."""
    names = ("IMPORT_BUCKET", "IMPORT_QUEUE_URL")
    settings = read_settings({"STAGE": STAGE, "DATABASE_URL": database_url, **dict.fromkeys(names, "not used")})
    engine = make_engine(settings)
    try:
        with Database(engine).reading() as connection:
            yield connection
    except DatabaseUnavailable as error:
        reason = str(getattr(error.__cause__, "orig", None) or error.__cause__ or error).splitlines()[0]
        raise CommandError(f"The database does not answer ({reason}); `make up` starts it.") from error
    except ProgrammingError as error:
        raise CommandError("The database has not the schema of this source; `make up` migrates it.") from error
    finally:
        engine.dispose()


def count(connection: Connection) -> Counts:
    """The counts of this moment."""
    renumbered = loans.c.source_loan_id.is_not(None) & (loans.c.source_loan_id != loans.c.loan_id)
    newest = select(func.max(imports.c.import_id)).group_by(imports.c.bucket, imports.c.object_key)
    rejected = select(func.coalesce(func.sum(import_sheets.c.rejected), 0)).where(import_sheets.c.import_id.in_(newest))
    counts = (
        select(func.count()).select_from(customers),
        select(func.count()).select_from(loans),
        select(func.count()).select_from(loans).where(renumbered),
        select(func.count()).select_from(waiting_loans),
        rejected,
    )
    return Counts(*map(int, connection.execute(select(*(each.scalar_subquery() for each in counts))).one()))


def imports_of(connection: Connection, objects: Sequence[tuple[str, str]]) -> list[ImportJob]:
    """The imports of these objects, given as (key, version); an object without one is not in the list."""
    wanted = tuple_(imports.c.object_key, imports.c.object_version).in_(objects)
    numbers = connection.execute(select(imports.c.import_id).where(wanted).order_by(imports.c.import_id)).scalars()
    return [job for number in numbers.all() if (job := jobs.find(connection, number))]
