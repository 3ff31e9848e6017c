"""The use cases of the record of applications."""

from chalicelib.errors import ApplicationNotFound
from chalicelib.storage import applications
from chalicelib.storage.applications import ApplicationFilter, StoredApplication
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried


@retried
def view_application(database: Database, application_id: int) -> StoredApplication:
    """An application with everything it was decided from. Raises ApplicationNotFound."""
    with database.reading() as connection:
        found = applications.get(connection, application_id)
    if found is None:
        raise ApplicationNotFound(f"There is no application {application_id}.")
    return found


@retried
def list_applications(
    database: Database, wanted: ApplicationFilter, before: int | None, limit: int
) -> list[StoredApplication]:
    """The newest applications first, from below the number `before` on."""
    with database.reading() as connection:
        return applications.page(connection, wanted, before, limit)
