"""The queries on the audit log. There are two, to add and to read: the database refuses any other."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import simplejson
from sqlalchemy import CTE, Connection, Select, Text, cast, func, select

from chalicelib.postgres.connection import PREPARED, driver_of
from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Event, is_moment
from chalicelib.rules.bounds import MAX_ID
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import audit_log

Json = dict[str, Any]

_GIVEN = (
    "actor_kind", "actor_id", "actor_name", "action", "subject_kind", "subject_id", "before", "after", "request_id",
)  # fmt: skip
_ADD = f"INSERT INTO audit_log ({', '.join(_GIVEN)}) VALUES ({', '.join('%s' for _ in _GIVEN)})"  # noqa: S608 - names of ours


class StoredEvent(NamedTuple):
    """An entry of the log. In `before` and `after` amounts are exact, and moments are moments."""

    audit_id: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    actor_name: str
    action: str
    subject_kind: str
    subject_id: str | None
    before: Json | None
    after: Json | None
    request_id: str | None


class AuditFilter(NamedTuple):
    """Which entries; None filters nothing. `since` counts, `to` does not."""

    actor_kind: str | None = None
    actor_id: int | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    to: datetime | None = None


# The entries of a day beside a time tell where to look by number. A transaction has the time of its beginning, and
# draws numbers until its end, which is sooner than this.
_NEAR, _MARGIN = timedelta(days=1), timedelta(hours=1)

# As text, because the driver would read the amounts as binary floats.
_TEXTS = {name: cast(audit_log.c[name], Text).label(name) for name in ("before", "after")}
_STORED: Select[Any] = select(*(_TEXTS.get(name, audit_log.c[name]) for name in StoredEvent._fields))


def add(connection: Connection, author: Author, event: Event, *, with_next: bool = False) -> None:
    """Writes down what this transaction does, which is known to have happened exactly if it commits.

    With `with_next` it goes out in the message of the next statement.
    """
    values = entry_values(author, event)
    given = tuple(values[name] for name in _GIVEN)
    if with_next:
        driver_of(connection).send_with_next(_ADD, given, is_prepared=True)
    else:
        connection.exec_driver_sql(_ADD, given, {PREPARED: True})


def entry_values(author: Author, event: Event) -> Json:
    """An entry by the columns of the log; for a statement that writes one beside what it tells of."""
    values = event_values(author, event)
    return {**values, "before": _as_json(event.before), "after": _as_json(event.after)}


def event_values(author: Author, event: Event) -> Json:
    """As `entry_values`, with `before` and `after` as they are; for a statement that takes entries as JSON."""
    return {
        **author_values(author),
        "action": event.action.value,
        "subject_kind": event.subject_kind.value,
        "subject_id": None if event.subject_id is None else str(event.subject_id),
        "before": event.before,
        "after": event.after,
    }


def author_values(author: Author) -> Json:
    """Who answers for an entry, by the columns of the log; for statements that write entries of their own."""
    return {
        "actor_kind": author.kind,
        "actor_id": author.author_id,
        "actor_name": author.name,
        "request_id": author.request_id,
    }


def listed(connection: Connection, wanted: AuditFilter, cursor: Cursor) -> Slice[StoredEvent]:
    """The newest entries first."""
    columns = audit_log.c
    statement = _STORED
    for name in ("actor_kind", "actor_id", "action", "subject_kind", "subject_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(columns[name] == value)
    if wanted.since is not None:
        begin = _numbers_within(wanted.since - _NEAR - _MARGIN, wanted.since - _MARGIN)
        least = select(func.min(begin.c.audit_id)).scalar_subquery()
        statement = statement.where(columns.at >= wanted.since, columns.audit_id >= func.coalesce(least, 0))
    if wanted.to is not None:
        end = _numbers_within(wanted.to + _MARGIN, wanted.to + _MARGIN + _NEAR)
        most = select(func.max(end.c.audit_id)).scalar_subquery()
        statement = statement.where(columns.at < wanted.to, columns.audit_id <= func.coalesce(most, MAX_ID))
    if cursor.behind is not None:
        statement = statement.where(columns.audit_id < cursor.behind)
    rows = connection.execute(statement.order_by(columns.audit_id.desc()).limit(cursor.asked))
    return cursor.slice([_event(row._asdict()) for row in rows], lambda event: event.audit_id)


def _numbers_within(since: datetime, to: datetime) -> CTE:
    """The numbers of the entries of a time, found by their time alone.

    Numbers and times rise together, so these are ahead of all entries of an earlier time, or behind those of a later
    one. A walk by number begins or ends at them; otherwise it would come past all that is newer or older.
    """
    columns = audit_log.c
    within = select(columns.audit_id).where(columns.at >= since, columns.at < to)
    return within.cte().prefix_with("MATERIALIZED")


def _event(row: dict[str, Any]) -> StoredEvent:
    return StoredEvent(**row | {name: _values(row[name]) for name in _TEXTS})


def _values(stored: str | None) -> Json | None:
    if stored is None:
        return None
    values = json.loads(stored, parse_float=Decimal)
    return {name: _moment(value) if is_moment(name) else value for name, value in values.items()}


def _moment(value: Any) -> Any:
    # With a blank before the time or, if a statement of SQL wrote it, with a T.
    if not isinstance(value, str):
        return value
    with suppress(ValueError):
        return datetime.fromisoformat(value)
    return value


def _as_json(values: Any) -> str | None:
    if values is None:
        return None
    return str(simplejson.dumps(dict(values), use_decimal=True, ensure_ascii=False, default=str))
