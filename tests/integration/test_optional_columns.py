"""A column that a sheet does not have leaves what is stored as it is; an empty cell does not."""

from sqlalchemy import text

from chalicelib.imports.kinds.columns import Column, Kind
from chalicelib.imports.kinds.readers import ID, text_of_name
from chalicelib.imports.merging.statements import or_stored
from chalicelib.postgres.database import Database

COLOURS = Kind(
    name="colours",
    one="colour",
    key=("colour_id",),
    columns=(
        Column("Colour ID", "colour_id", ID, "A number.", 1),
        Column("Note", "note", text_of_name(least=0), "Text.", "warm", if_blank="", if_absent=None),
    ),
)


def test_a_row_without_the_column_keeps_what_is_stored_and_an_empty_cell_takes_it_away(database: Database) -> None:
    with database.transaction() as tx:
        for statement in (
            "CREATE TEMP TABLE colours (colour_id bigint, note text)",
            "CREATE TEMP TABLE staged_colours (import_id bigint, colour_id bigint, note text)",
            "INSERT INTO colours VALUES (1, 'warm'), (2, 'warm'), (3, 'warm')",
            "INSERT INTO staged_colours VALUES (7, 1, NULL), (7, 2, ''), (7, 3, 'cold'), (7, 4, NULL), (8, 1, NULL)",
        ):
            tx.connection.execute(text(statement))
        said = f"""
            SELECT colour_id, {or_stored(COLOURS, "note")} AS note,
                   {or_stored(COLOURS, "note")} IS DISTINCT FROM stored.note AS differs
            FROM staged_colours AS staged LEFT JOIN colours AS stored USING (colour_id)
            WHERE import_id = 7 ORDER BY 1
        """
        assert [tuple(row) for row in tx.connection.execute(text(said))] == [
            (1, "warm", False),
            (2, "", True),
            (3, "cold", True),
            (4, None, False),
        ]
