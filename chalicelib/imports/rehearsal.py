"""A dry run: an import that is applied and taken back, of which only what was said of it stays.

All that the merge decides depends on what it has written before: a loan waits or not by the customers of the same
file. So a dry run is the import itself up to its last statement. What it said is copied out of the transaction to a
file, the merge is rolled back to where it began, and the copy is put back.
"""

import gzip
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.imports import staging
from chalicelib.imports.copying import copy_from, copy_to
from chalicelib.imports.findings import Finding
from chalicelib.imports.jobs import SheetCounts
from chalicelib.storage.import_tables import import_rows

_FINDING = ", ".join(("import_id", *Finding._fields))
_ROW = ", ".join(import_rows.c.keys())
_CHANGE = "import_id, subject_kind, subject_id, before, after"

# What stays of a dry run, by where it goes; what was found while the file was read is there before the merge.
_KEPT: Mapping[str, str] = {  # names of ours
    f"import_rows ({_ROW})": f"SELECT {_ROW} FROM import_rows WHERE import_id = {{import_id}}",  # noqa: S608 - ours
    f"import_findings ({_FINDING})": f"""
        SELECT {_FINDING} FROM import_findings
        WHERE import_id = {{import_id}} AND finding_id > {{last_finding}} ORDER BY finding_id
    """,  # noqa: S608 - ours
    f"import_changes ({_CHANGE})": """
        SELECT actor_id, subject_kind, subject_id, before, after FROM audit_log
        WHERE actor_kind = 'import' AND actor_id = {import_id} AND action IN ('customer_changed', 'loan_changed')
    """,
}

_LAST_FINDING = text("SELECT coalesce(max(finding_id), 0) FROM import_findings WHERE import_id = :import_id")


def rehearsed(
    connection: Connection, import_id: int, apply: Callable[[], Sequence[SheetCounts]]
) -> Sequence[SheetCounts]:
    """What `apply` counts; of all that it writes only rows, findings and changes of the import stay."""
    last_finding = connection.execute(_LAST_FINDING, {"import_id": import_id}).scalar_one()
    sequences = [_Sequence.of(connection, table) for table in ("customers", "loans")]
    connection.exec_driver_sql("SAVEPOINT rehearsal")
    sheets = apply()
    with ExitStack() as files:
        kept: dict[str, Any] = {}
        for place, statement in _KEPT.items():
            kept[place] = files.enter_context(tempfile.TemporaryFile())
            with gzip.open(kept[place], "wb", 1) as packed:
                copy_to(connection, statement.format(import_id=int(import_id), last_finding=last_finding), packed)
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT rehearsal")
        for place, file in kept.items():
            file.seek(0)
            with gzip.open(file) as unpacked:
                copy_from(connection, place, _blocks(unpacked))
    staging.remove_staged(connection, import_id)
    for sequence in sequences:
        sequence.put_back(connection)
    return sheets


def _blocks(file: Any) -> Iterator[bytes]:
    while block := file.read(2**16):
        yield block


@dataclass(frozen=True)
class _Sequence:
    """The sequence of the numbers of a table as it stood; a rollback does not take back its moves."""

    table: str
    last: int
    is_called: bool

    @property
    def key(self) -> str:
        return f"{self.table.removesuffix('s')}_id"

    @property
    def name(self) -> str:
        return f"{self.table}_{self.key}_seq"

    @classmethod
    def of(cls, connection: Connection, table: str) -> "_Sequence":
        unread = cls(table, 0, is_called=False)
        row = connection.execute(text(f"SELECT last_value, is_called FROM {unread.name}")).one()  # noqa: S608 - ours
        return cls(table, row.last_value, is_called=row.is_called)

    def put_back(self, connection: Connection) -> None:
        """Back to where it stood, or to the highest number that somebody was given meanwhile.

        Nobody is given one between the look and the move: until the transaction ends, nothing is added to the table.
        """
        if self == _Sequence.of(connection, self.table):
            return
        connection.execute(text(f"LOCK TABLE {self.table} IN SHARE ROW EXCLUSIVE MODE"))
        statement = f"""
            SELECT setval('{self.name}', coalesce(given.number, :last), given.number IS NOT NULL OR :is_called)
            FROM (SELECT max({self.key}) AS number FROM {self.table}
                  WHERE {self.key} > :before AND {self.key} <= (SELECT last_value FROM {self.name})) AS given
        """  # noqa: S608 - names of ours
        before = self.last if self.is_called else self.last - 1
        connection.execute(text(statement), {"last": self.last, "is_called": self.is_called, "before": before})
