"""What an import says about rows, and what became of each: the lines of its report, and the queries on them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from chalicelib.imports.copying import copy
from chalicelib.rules.importing import FINDING_OUTCOMES
from chalicelib.rules.typed.dates import AMBIGUOUS
from chalicelib.storage.paging import Cursor, Slice

ROWS_A_FETCH = 10_000
# So many kinds of findings are noted with an import; hardly any has more.
MOST_GROUPS = 100


class Finding(NamedTuple):
    """One line, as the columns of import_findings are called. `row_number` is as Excel shows it."""

    sheet: str
    row_number: int
    outcome: str
    column_name: str | None
    value: str | None
    code: str
    message: str


@dataclass(frozen=True)
class StoredFinding:
    """What an import says about one cell, row or sheet; `row_number` is as Excel shows it."""

    finding_id: int
    sheet: str
    row_number: int
    outcome: str
    column: str | None
    value: str | None
    code: str
    sentence: str


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row, what is said of it and how (outcomes and sentences), and the columns to blame; `ambiguous`
    are those whose value depends on other rows of the file.
    """

    row_number: int
    outcome: str
    findings: tuple[str, ...]
    sentences: tuple[str, ...]
    columns: frozenset[str]
    ambiguous: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FindingCount:
    """How often an import says the same; `example` is the sentence of the first time."""

    sheet: str
    outcome: str
    column: str | None
    rows: int
    first_row: int
    example: str


# One short index scan an outcome, so that a page costs the same in an import of ten findings and of a million.
_LISTED = text("""
    SELECT found.finding_id, found.sheet, found.row_number, found.outcome, found.column_name, found.value, found.code,
           found.message
    FROM unnest(CAST(:outcomes AS text[])) AS wanted (outcome)
    CROSS JOIN LATERAL (
        SELECT * FROM import_findings
        WHERE import_id = :import_id AND outcome = wanted.outcome AND finding_id > :after
        ORDER BY finding_id LIMIT :most
    ) AS found
    ORDER BY found.finding_id LIMIT :most
""")

_COUNT = text("""
    SELECT sheet, outcome, column_name, count(*), min(row_number), (array_agg(message ORDER BY finding_id))[1]
    FROM import_findings WHERE import_id = :import_id
    GROUP BY sheet, outcome, column_name, code
    ORDER BY array_position(CAST(:outcomes AS text[]), outcome), count(*) DESC, sheet, column_name
    LIMIT :most
""")

# Cursors, because the driver holds the whole result of an ordinary SELECT in memory. Two that are merged here rather
# than one that joins: right after an import the server has no statistics, and would join a million rows in loops.
_DECLARE_ROWS = text("""
    DECLARE report_rows NO SCROLL CURSOR FOR
    SELECT row_number, outcome FROM import_rows
    WHERE import_id = :import_id AND sheet = :sheet
    ORDER BY row_number
""")
_DECLARE_SAID = text("""
    DECLARE report_said NO SCROLL CURSOR FOR
    SELECT row_number, outcome, message, column_name, code FROM import_findings
    WHERE import_id = :import_id AND sheet = :sheet
    ORDER BY row_number, finding_id
""")

# What became of the rows that were not staged because something is wrong with them.
_NOTE_REJECTED = text("""
    INSERT INTO import_rows (import_id, sheet, row_number, outcome)
    SELECT DISTINCT import_id, sheet, row_number, outcome FROM import_findings
    WHERE import_id = :import_id AND outcome = 'rejected'
""")

_COUNT_REJECTED = text("""
    SELECT sheet, count(*) AS rows FROM import_rows WHERE import_id = :import_id AND outcome = 'rejected' GROUP BY sheet
""")


_NOTE_GROUPS = text("UPDATE imports SET said = CAST(:said AS jsonb) WHERE import_id = :import_id")
_GROUPS = text("SELECT said FROM imports WHERE import_id = :import_id")


def add(connection: Connection, import_id: int, findings: Iterable[Finding]) -> None:
    """Appends findings to the report of an import."""
    rows = [(import_id, *finding) for finding in findings]
    copy(connection, "import_findings", ("import_id", *Finding._fields), list(zip(*rows, strict=True)))


def note_rejected(connection: Connection, import_id: int) -> dict[str, int]:
    """Notes the rejected rows among the others; returns how many there are in each sheet that has any."""
    connection.execute(_NOTE_REJECTED, {"import_id": import_id})
    return {row.sheet: row.rows for row in connection.execute(_COUNT_REJECTED, {"import_id": import_id})}


def listed(connection: Connection, import_id: int, *, outcomes: Sequence[str], cursor: Cursor) -> Slice[StoredFinding]:
    """What an import says about rows with one of these outcomes, in the order it said it."""
    values = {
        "import_id": import_id,
        "outcomes": list(outcomes),
        "after": cursor.behind or 0,
        "most": cursor.asked,
    }
    found = [StoredFinding(*row) for row in connection.execute(_LISTED, values)]
    return cursor.slice(found, lambda finding: finding.finding_id)


def said_most(connection: Connection, import_id: int, most: int) -> list[FindingCount]:
    """What an import says most often, the gravest outcome first."""
    values = {"import_id": import_id, "outcomes": list(FINDING_OUTCOMES), "most": most}
    return [FindingCount(*row) for row in connection.execute(_COUNT, values)]


def note_groups(connection: Connection, import_id: int) -> None:
    """Notes with the import what it says most often, so that no page has to count it."""
    said = [list(vars(each).values()) for each in said_most(connection, import_id, MOST_GROUPS)]
    connection.execute(_NOTE_GROUPS, {"import_id": import_id, "said": json.dumps(said)})


def groups(connection: Connection, import_id: int) -> list[FindingCount]:
    """What was noted of it; nothing of an import that has not ended, or ended before this was noted."""
    said = connection.execute(_GROUPS, {"import_id": import_id}).scalar_one_or_none()
    return [FindingCount(*each) for each in said or ()]


def row_outcomes(connection: Connection, import_id: int, sheet: str) -> Iterator[RowOutcome]:
    """What became of every row of a sheet, from the top, some thousands in memory at a time.

    Needs a transaction. Whoever begins with a sheet has done with the one before.
    """
    connection.exec_driver_sql("CLOSE ALL")
    for statement in (_DECLARE_ROWS, _DECLARE_SAID):
        connection.execute(statement, {"import_id": import_id, "sheet": sheet})
    said = _fetched(connection, "report_said")
    next_said = next(said, None)
    for row_number, outcome in _fetched(connection, "report_rows"):
        own = []
        while next_said and next_said[0] <= row_number:
            if next_said[0] == row_number:
                own.append(next_said)
            next_said = next(said, None)
        yield _row_outcome(row_number, outcome, own)


def _fetched(connection: Connection, cursor: str) -> Iterator[Sequence[Any]]:
    while rows := connection.exec_driver_sql(f"FETCH {ROWS_A_FETCH} FROM {cursor}").all():
        yield from rows


def _row_outcome(row_number: int, outcome: str, said: Sequence[Sequence[Any]]) -> RowOutcome:
    return RowOutcome(
        row_number,
        outcome,
        findings=tuple(each[1] for each in said),
        sentences=tuple(each[2] for each in said),
        columns=frozenset(each[3] for each in said if each[3]),
        ambiguous=frozenset(each[3] for each in said if each[4] == AMBIGUOUS.code),
    )
