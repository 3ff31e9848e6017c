"""The use case of the audit log: to read it. What writes does so in the transaction of what it tells of."""

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.storage import audit
from chalicelib.storage.audit import AuditFilter, StoredEvent


@retried
def list_events(database: Database, wanted: AuditFilter, before: int | None, limit: int) -> list[StoredEvent]:
    """The newest entries first, from below the number `before` on."""
    with database.reading() as connection:
        return audit.page(connection, wanted, before, limit)
