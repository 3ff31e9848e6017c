"""The queries on views: addresses of lists that somebody gave a name."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.storage.tables import saved_views


@dataclass(frozen=True)
class SavedView:
    """A view of a list; `query` is what stands behind the question mark of its address."""

    view_id: int
    list: str
    name: str
    query: str


_COLUMNS = saved_views.c
_VIEWS = select(*(_COLUMNS[field.name] for field in fields(SavedView))).order_by(_COLUMNS.list, _COLUMNS.name)


def of_user(connection: Connection, user_id: int) -> list[SavedView]:
    """All views of somebody, by list and name."""
    return [SavedView(*row) for row in connection.execute(_VIEWS.where(_COLUMNS.user_id == user_id))]


def of_list(connection: Connection, user_id: int, name: str) -> list[SavedView]:
    """The views of a list that somebody has, by name."""
    rows = connection.execute(_VIEWS.where(_COLUMNS.user_id == user_id, _COLUMNS.list == name))
    return [SavedView(*row) for row in rows]


def count_beside(connection: Connection, user_id: int, view: SavedView) -> int:
    """How many views somebody has beside the one that has the list and the name of this one."""
    others = (_COLUMNS.user_id == user_id, or_(_COLUMNS.list != view.list, _COLUMNS.name != view.name))
    return int(connection.execute(select(func.count()).where(*others)).scalar_one())


def save(connection: Connection, user_id: int, view: SavedView) -> None:
    """Adds a view, or replaces the one of this name; its number is of no account."""
    values = {"user_id": user_id, "list": view.list, "name": view.name, "query": view.query}
    statement = insert(saved_views).values(values)
    connection.execute(
        statement.on_conflict_do_update(constraint="saved_views_name_key", set_={"query": statement.excluded.query})
    )


def rename(connection: Connection, user_id: int, *, view_id: int, name: str) -> bool:
    """Gives a view of somebody another name; whether there is such a view."""
    of_theirs = (_COLUMNS.user_id == user_id, _COLUMNS.view_id == view_id)
    return connection.execute(update(saved_views).where(*of_theirs).values(name=name)).rowcount == 1


def remove(connection: Connection, user_id: int, view_id: int) -> bool:
    """Deletes a view of somebody; whether there was such a view."""
    of_theirs = (_COLUMNS.user_id == user_id, _COLUMNS.view_id == view_id)
    return connection.execute(delete(saved_views).where(*of_theirs)).rowcount == 1
