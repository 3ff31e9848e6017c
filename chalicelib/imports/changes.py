"""The queries on what an import changed: which rows, of which customer or loan, each value before and after.

What changed is said by the audit log, and by import_changes for a dry run; which row it was by import_rows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.storage.paging import Cursor, Slice

# Rows of other kinds are never updated.
CHANGED = {kind.name: kind for kind in (CUSTOMERS, LOANS)}


@dataclass(frozen=True)
class Changed:
    """A value that a row changed; None where there is none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ChangedRow:
    """A row of a sheet, as Excel numbers it, with the customer or loan that it is about and what it changed of it."""

    row_number: int
    subject_id: int
    values: tuple[Changed, ...]


# Each row and each change by an index, so that a page costs the same in an import of ten changes and of a million. A
# loan that changed was here before, so it is found by its number in the file, or has it.
_LISTED = text("""
    SELECT changed.row_number, subject.number, change.before, change.after
    FROM (SELECT row_number, customer_id, source_loan_id FROM import_rows
          WHERE import_id = :import_id AND sheet = :sheet AND outcome = 'updated' AND row_number > :after
          ORDER BY row_number LIMIT :most) AS changed
    CROSS JOIN LATERAL (
        SELECT CASE WHEN :kind = 'customer' THEN changed.customer_id
               ELSE coalesce((SELECT loan_id FROM loans
                              WHERE loans.customer_id = changed.customer_id
                                AND loans.source_loan_id = changed.source_loan_id), changed.source_loan_id)
               END AS number) AS subject
    LEFT JOIN LATERAL (
        (SELECT CAST(before AS text), CAST(after AS text) FROM audit_log
         WHERE subject_kind = :kind AND subject_id = CAST(subject.number AS text)
           AND actor_kind = 'import' AND actor_id = :import_id AND action = :kind || '_changed'
         ORDER BY audit_id DESC LIMIT 1)
        UNION ALL
        SELECT CAST(before AS text), CAST(after AS text) FROM import_changes
        WHERE import_id = :import_id AND subject_kind = :kind AND subject_id = CAST(subject.number AS text)
        LIMIT 1
    ) AS change ON true
    ORDER BY changed.row_number
""")


def listed(connection: Connection, import_id: int, *, sheet: str, kind: str, cursor: Cursor) -> Slice[ChangedRow]:
    """The rows of a sheet of customers or loans that changed something, from the top."""
    one = CHANGED[kind].one
    values = {"import_id": import_id, "sheet": sheet, "kind": one, "after": cursor.behind or 0, "most": cursor.asked}
    rows = [_row(kind, *row) for row in connection.execute(_LISTED, values)]
    return cursor.slice(rows, lambda row: row.row_number)


def _row(kind: str, row_number: int, subject_id: int, before: str | None, after: str | None) -> ChangedRow:
    return ChangedRow(row_number, subject_id, tuple(_values(kind, _read(before), _read(after))))


def _values(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Changed]:
    for name in CHANGED[kind].values:
        if name in before or name in after:
            yield Changed(name, before.get(name), after.get(name))


def _read(values: str | None) -> dict[str, Any]:
    return json.loads(values, parse_float=Decimal) if values else {}
