"""Migrations only add: the release before works on the schema of the next one, so a deployment can be rolled back.

Between two releases both run at once. What the first migration made is compared with what the last one leaves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text

from chalicelib.postgres.database import Database
from chalicelib.postgres.migrate import alembic_config, known_revisions, migrate

FIRST = "0001"


@dataclass(frozen=True)
class Column:
    """What a statement of the release before relies on."""

    kind: str
    nullable: bool
    default: str | None
    is_generated: bool

    @property
    def may_be_left_out(self) -> bool:
        """Whether an INSERT that does not know the column goes on working."""
        return self.nullable or self.default is not None or self.is_generated


Schema = dict[str, dict[str, Column]]


def schema_of(connection: Connection) -> Schema:
    """The columns by their tables."""
    inspector = inspect(connection)
    return {
        table: {column["name"]: _column(column) for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }


def _column(told: Any) -> Column:
    generated = "identity" in told or "computed" in told
    return Column(str(told["type"]), told["nullable"], told["default"], generated)


@pytest.fixture
def schemas(new_database: Callable[[], Database]) -> Iterator[tuple[Schema, Schema]]:
    """The schema after the first migration and that after the last."""
    with new_database().transaction() as tx:
        last = schema_of(tx.connection)
        command.downgrade(alembic_config(tx.connection), FIRST)
        yield schema_of(tx.connection), last
        # Not committed: the database stays of the newest revision.


def test_nothing_that_the_first_release_reads_or_writes_is_gone_or_narrower(schemas: tuple[Schema, Schema]) -> None:
    first, last = schemas
    for table, columns in first.items():
        for name, column in columns.items():
            now = last[table][name]
            assert now.kind == column.kind, f"{table}.{name} has another type"
            assert now.nullable or not column.nullable, f"{table}.{name} may no longer be NULL"
            assert now.may_be_left_out or not column.may_be_left_out, f"{table}.{name} must now be given"


def test_what_came_later_in_an_old_table_may_be_left_out(schemas: tuple[Schema, Schema]) -> None:
    first, last = schemas
    for table in first:
        for name in last[table].keys() - first[table].keys():
            assert last[table][name].may_be_left_out, (
                f"{table}.{name} has to be given, which the release before does not"
            )


def test_a_release_that_was_rolled_back_leaves_a_newer_schema_alone(database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        tx.commit()
    assert "9999" not in known_revisions()
    assert migrate(database) == ("9999", "9999")
