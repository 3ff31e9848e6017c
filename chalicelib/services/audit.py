"""The use case of the audit log: to read it. What writes does so in the transaction of what it tells of."""

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.auditing import SubjectKind
from chalicelib.storage import audit
from chalicelib.storage.audit import AuditFilter, StoredEvent
from chalicelib.storage.paging import Cursor, Slice


@retried
def list_events(database: Database, wanted: AuditFilter, cursor: Cursor) -> Slice[StoredEvent]:
    """The newest entries first."""
    with database.reading() as connection:
        return audit.listed(connection, wanted, cursor)


@retried
def history(database: Database, kind: SubjectKind, number: int, *, cursor: Cursor) -> Slice[StoredEvent]:
    """What was done to one subject, the newest first."""
    wanted = AuditFilter(subject_kind=kind.value, subject_id=str(number))
    with database.reading() as connection:
        return audit.listed(connection, wanted, cursor)
