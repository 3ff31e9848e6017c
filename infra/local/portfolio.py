"""What the database holds, for people: counts and imports. Reads only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, create_engine, func, select, tuple_
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.pool import NullPool

from chalicelib.storage.tables import customers, import_findings, import_sheets, imports, loans, waiting_loans
from infra.local.settings import LocalError


@dataclass(frozen=True)
class Counts:
    """Rows there are now. `rejected` sums the newest import of each file."""

    customers: int
    loans: int
    renumbered: int
    waiting: int
    rejected: int

    @property
    def is_empty(self) -> bool:
        return not (self.customers or self.loans or self.waiting)


@dataclass(frozen=True)
class Import:
    """One import as `make status` lists it."""

    object_key: str
    object_version: str
    state: str
    message: str | None
    created_at: datetime


@dataclass(frozen=True)
class Sheet:
    """What became of the rows of one sheet of one import. Renumbered loans are also inserted or waiting."""

    object_key: str
    sheet: str
    rows_found: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    waiting: int
    rejected: int
    renumbered: int


@dataclass(frozen=True)
class Finding:
    """One line of an import's report."""

    object_key: str
    sheet: str
    row_number: int
    outcome: str
    message: str


@contextmanager
def reading(database_url: str) -> Iterator[Connection]:
    """A connection for a few SELECTs. Raises LocalError where the database does not answer."""
    engine = create_engine(
        database_url.replace("postgresql:", "postgresql+pg8000:", 1),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": 10},
    )
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, InterfaceError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise LocalError(f"The database does not answer ({reason}); `make up` starts it.") from error


def count(connection: Connection) -> Counts:
    """The counts of this moment."""
    renumbered = loans.c.source_loan_id.is_not(None) & (loans.c.source_loan_id != loans.c.loan_id)
    newest = select(func.max(imports.c.import_id)).group_by(imports.c.bucket, imports.c.object_key)
    row = connection.execute(
        select(
            select(func.count()).select_from(customers).scalar_subquery(),
            select(func.count()).select_from(loans).scalar_subquery(),
            select(func.count()).select_from(loans).where(renumbered).scalar_subquery(),
            select(func.count()).select_from(waiting_loans).scalar_subquery(),
            select(func.coalesce(func.sum(import_sheets.c.rejected), 0))
            .where(import_sheets.c.import_id.in_(newest))
            .scalar_subquery(),
        )
    ).one()
    return Counts(*map(int, row))


def first_customer(connection: Connection) -> int | None:
    """The lowest customer id, for an example that works."""
    found: int | None = connection.execute(select(func.min(customers.c.customer_id))).scalar()
    return found


def newest_imports(connection: Connection, limit: int) -> list[Import]:
    """The last imports, newest first."""
    return _imports(connection, select(*_COLUMNS).order_by(imports.c.import_id.desc()).limit(limit))


def imports_of(connection: Connection, objects: Sequence[tuple[str, str]]) -> list[Import]:
    """The imports of these objects, given as (key, version); an object without one is not in the list."""
    wanted = tuple_(imports.c.object_key, imports.c.object_version).in_(objects)
    return _imports(connection, select(*_COLUMNS).where(wanted))


def sheets_of(connection: Connection, objects: Sequence[tuple[str, str]]) -> list[Sheet]:
    """What became of the rows of these objects, given as (key, version)."""
    names = [field.name for field in fields(Sheet)][1:]
    joined = import_sheets.join(imports, imports.c.import_id == import_sheets.c.import_id)
    wanted = tuple_(imports.c.object_key, imports.c.object_version).in_(objects)
    statement = (
        select(imports.c.object_key, *(import_sheets.c[name] for name in names))
        .select_from(joined)
        .where(wanted)
        .order_by(import_sheets.c.import_id, import_sheets.c.sheet)
    )
    return [Sheet(*row) for row in connection.execute(statement)]


def findings_of(connection: Connection, objects: Sequence[tuple[str, str]], limit: int) -> list[Finding]:
    """The first lines of the reports of these objects, given as (key, version): what was rejected comes first."""
    names = [field.name for field in fields(Finding)][1:]
    joined = import_findings.join(imports, imports.c.import_id == import_findings.c.import_id)
    statement = (
        select(imports.c.object_key, *(import_findings.c[name] for name in names))
        .select_from(joined)
        .where(tuple_(imports.c.object_key, imports.c.object_version).in_(objects))
        .order_by(import_findings.c.outcome != "rejected", import_findings.c.finding_id)
        .limit(limit)
    )
    return [Finding(*row) for row in connection.execute(statement)]


_COLUMNS = (
    imports.c.object_key,
    imports.c.object_version,
    imports.c.state,
    imports.c.message,
    imports.c.created_at,
)


def _imports(connection: Connection, statement: Select[Any]) -> list[Import]:
    return [Import(*row) for row in connection.execute(statement)]
