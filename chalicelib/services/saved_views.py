"""The use cases of views: addresses of lists that somebody gave a name. Nobody sees those of others."""

from chalicelib.errors import Conflict, PathNotFound
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.storage import saved_views
from chalicelib.storage.saved_views import SavedView

# Of one person; the page shows them all.
MOST_VIEWS = 100


@retried
def list_views(database: Database, user_id: int, of_list: str | None = None) -> list[SavedView]:
    """The views of somebody by list and name, all or those of one list."""
    with database.reading() as connection:
        if of_list is None:
            return saved_views.of_user(connection, user_id)
        return saved_views.of_list(connection, user_id, of_list)


@retried
def save_view(database: Database, user_id: int, view: SavedView) -> None:
    """Adds a view, or replaces the one of this name. Raises Conflict if there are too many."""
    with database.transaction() as tx:
        if saved_views.count_beside(tx.connection, user_id, view) >= MOST_VIEWS:
            raise Conflict(f"You have {MOST_VIEWS} views already. Delete one first.")
        saved_views.save(tx.connection, user_id, view)
        tx.commit()


@retried
def rename_view(database: Database, user_id: int, *, view_id: int, name: str) -> None:
    """Gives a view another name. Raises PathNotFound, and Conflict if another view of the list has this name."""
    try:
        with database.transaction() as tx:
            if not saved_views.rename(tx.connection, user_id, view_id=view_id, name=name):
                raise _no_such_view(view_id)
            tx.commit()
    except Conflict:
        raise Conflict(f'Another view of this list is called "{name}" already.') from None


@retried
def delete_view(database: Database, user_id: int, view_id: int) -> None:
    """Deletes a view. Raises PathNotFound."""
    with database.transaction() as tx:
        if not saved_views.remove(tx.connection, user_id, view_id):
            raise _no_such_view(view_id)
        tx.commit()


def _no_such_view(view_id: int) -> PathNotFound:
    return PathNotFound(f"You have no view {view_id}.")
