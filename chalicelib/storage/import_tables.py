"""The tables of imports, which no request to the API needs; with those of tables.py, the whole schema."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.rules.importing import COUNTED_OUTCOMES, ENDED, FINDING_OUTCOMES, ROW_OUTCOMES, ImportState, SheetKind
from chalicelib.storage.tables import MONEY, customers, known, listed, loan_of_workbook, moment, now

# With all tables in it.
from chalicelib.storage.tables import metadata as metadata

imports = Table(
    "imports",
    metadata,
    Column("import_id", BigInteger, Identity(always=True), nullable=False),
    Column("bucket", Text, nullable=False),
    Column("object_key", Text, nullable=False),
    # S3's version id of the object: what makes a second delivery the same delivery. NULL until it is uploaded.
    Column("object_version", Text),
    # The key that the file would have had without an import that was asked for, whose number is in its key: what tells
    # which files are versions of one (imports/jobs.py). NULL where it is known by its key only.
    Column("file_key", Text),
    # What tells the order of the versions of a key (imports/jobs.py): S3's own mark, and when S3 got the object.
    Column("sequencer", Text),
    moment("uploaded_at"),
    Column("size_bytes", BigInteger),
    Column("state", Text, nullable=False, server_default=ImportState.RUNNING),
    # Why it failed, for a person. NULL unless it did.
    Column("message", Text),
    # How far it is: rows of all its sheets, known once the file is open, rows read so far, and how many of these lie
    # in staging. The latter tells whether staging was lost, which a crash of the server does to unlogged tables.
    Column("rows_total", BigInteger),
    Column("rows_read", BigInteger, nullable=False, server_default="0"),
    Column("rows_staged", BigInteger, nullable=False, server_default="0"),
    # How many rows that are not blank each sheet has, as they were read. What becomes of them is counted by the merge,
    # and import_sheets holds the two against each other.
    Column("rows_by_sheet", JSONB),
    Column("report_key", Text),
    # Workers that have begun and not come back since the last progress, and when the last of them must be over.
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    moment("attempt_ends_at"),
    now("created_at"),
    moment("finished_at"),
    # Who asked for it (key:12, user:3); NULL for a file that was put into the bucket. And whether it leaves alone who
    # was registered here and what was lent here, because whoever asked for it may not change them.
    Column("started_by", Text),
    Column("spares_registered", Boolean, nullable=False, server_default="false"),
    # Whether an admin released it: its numbers may then be as far above the others as files can name.
    Column("is_released", Boolean, nullable=False, server_default="false"),
    # Whether it is applied and taken back, so that people see what it would do.
    Column("is_dry_run", Boolean, nullable=False, server_default="false"),
    # When somebody said of a failed import that there is nothing left to do about it, and their name.
    moment("dismissed_at"),
    Column("dismissed_by", Text),
    # What it said most often (imports/findings.py), counted once when it was completed.
    Column("said", JSONB),
    PrimaryKeyConstraint("import_id", name="imports_pkey"),
    UniqueConstraint("bucket", "object_key", "object_version", name="imports_object_key"),
    known("imports", "state", ImportState),
    CheckConstraint(f"(state = '{ImportState.FAILED}') = (message IS NOT NULL)", name="imports_message_if_failed"),
    CheckConstraint(f"(state IN {listed(ENDED)}) = (finished_at IS NOT NULL)", name="imports_finished_when_it_ended"),
    # A file that never arrives fails its import.
    CheckConstraint(
        f"object_version IS NOT NULL OR state IN {listed((ImportState.AWAITING_UPLOAD, ImportState.FAILED))}",
        name="imports_object_unless_it_did_not_arrive",
    ),
    Index("imports_file_idx", "bucket", "file_key"),
    Index("imports_started_by_idx", "started_by", "import_id"),
)

import_sheets = Table(
    "import_sheets",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rows_found", Integer, nullable=False),
    *(Column(outcome.value, Integer, nullable=False) for outcome in COUNTED_OUTCOMES),
    PrimaryKeyConstraint("import_id", "sheet", name="import_sheets_pkey"),
    ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="import_sheets_import_fkey"),
    known("import_sheets", "kind", SheetKind),
    CheckConstraint(f"rows_found = {' + '.join(ROW_OUTCOMES)}", name="import_sheets_every_row_accounted_for"),
)

# What became of every row, for the report: the rows as sent, each with its outcome. The ids say whom or what a row
# that was not rejected is about; an older version of the file that comes late leaves those alone.
# No foreign key: the statement that ends an import writes its rows, and would check the same key a million times.
import_rows = Table(
    "import_rows",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("customer_id", BigInteger),
    Column("source_loan_id", BigInteger),
    Column("loan_id", BigInteger),
    Column("reference", Text),
    PrimaryKeyConstraint("import_id", "sheet", "row_number", name="import_rows_pkey"),
    known("import_rows", "outcome", ROW_OUTCOMES),
    # Which rows changed something, from a page to the next.
    Index(
        "import_rows_updated_idx",
        "import_id",
        "sheet",
        "row_number",
        postgresql_where=literal_column("outcome = 'updated'"),
    ),
)

# What a dry run would have changed, as the audit log would have had it.
import_changes = Table(
    "import_changes",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    PrimaryKeyConstraint("import_id", "subject_kind", "subject_id", name="import_changes_pkey"),
)

import_findings = Table(
    "import_findings",
    metadata,
    Column("finding_id", BigInteger, Identity(always=True), nullable=False),
    Column("import_id", BigInteger, nullable=False),
    Column("sheet", Text, nullable=False),
    # As Excel shows it: the header is row 1 where the sheet starts at the top.
    Column("row_number", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("column_name", Text),
    Column("value", Text),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    PrimaryKeyConstraint("finding_id", name="import_findings_pkey"),
    ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="import_findings_import_fkey"),
    known("import_findings", "outcome", FINDING_OUTCOMES),
    Index("import_findings_import_idx", "import_id", "outcome", "finding_id"),
)


def _place() -> tuple[Column[Any], ...]:
    """The columns of where a row stands. `position` counts the rows of a whole workbook."""
    return (
        Column("import_id", BigInteger, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("sheet", Text, nullable=False),
        Column("row_number", Integer, nullable=False),
    )


def _staging(name: str, *columns: Column[Any]) -> Table:
    """Rows of running imports, of which none can be staged twice."""
    return Table(
        name,
        metadata,
        *_place(),
        *columns,
        PrimaryKeyConstraint("import_id", "position", name=f"{name}_pkey"),
        # Not worth its way through the log: what is lost is read again from the file.
        prefixes=["UNLOGGED"],
    )


# What a workbook says of a customer is all but what is noted of the row itself.
staged_customers = _staging(
    "staged_customers",
    *(
        Column(column.name, column.type, nullable=column.nullable)
        for column in customers.columns
        if column.name not in ("created_at", "updated_at", "from_workbook")
    ),
)

staged_loans = _staging("staged_loans", *loan_of_workbook())


def _opening() -> list[Column[Any]]:
    return [
        Column("loan_id", BigInteger, nullable=False),
        Column("customer_id", BigInteger, nullable=False),
        Column("opening_date", Date, nullable=False),
        Column("principal_outstanding", MONEY, nullable=False),
        Column("interest_due", MONEY, nullable=False),
        Column("first_unpaid_due_date", Date, nullable=False),
        Column("instalments_left", SmallInteger, nullable=False),
    ]


def _receipt() -> list[Column[Any]]:
    return [
        Column("reference", Text, nullable=False),
        Column("loan_id", BigInteger, nullable=False),
        Column("customer_id", BigInteger, nullable=False),
        Column("payment_date", Date, nullable=False),
        # NULL only of a reversal, which is of all of its receipt.
        Column("amount", MONEY),
        Column("intent", Text, nullable=False),
        Column("effect", Text),
        Column("channel", Text),
        Column("reverses_reference", Text),
    ]


def _waiting(name: str, key: str, *columns: Column[Any]) -> Table:
    """Rows of imports that are done whose loan or receipt is not here yet: where they stood, and what they say."""
    return Table(
        name,
        metadata,
        *_place(),
        *columns,
        PrimaryKeyConstraint(key, name=f"{name}_pkey"),
        ForeignKeyConstraint(["import_id"], ["imports.import_id"], name=f"{name}_import_fkey"),
    )


staged_openings = _staging("staged_openings", *_opening())
staged_receipts = _staging("staged_receipts", *_receipt())
waiting_openings = _waiting("waiting_openings", "loan_id", *_opening())
waiting_receipts = _waiting("waiting_receipts", "reference", *_receipt())
