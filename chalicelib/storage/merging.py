"""What merging customers and merging loans share."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class MergedRows:
    """How many rows of a sheet had an outcome; `renumbered` of them got another number than the file's."""

    sheet: str
    outcome: str
    rows: int
    renumbered: int


def run(connection: Connection, statement: str, import_id: int) -> int:
    """Executes a statement, giving it :import_id if it asks for it; returns how many rows it touched."""
    parameters = {"import_id": import_id} if ":import_id" in statement else {}
    return connection.execute(text(statement), parameters).rowcount
