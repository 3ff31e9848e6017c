"""The server of the tests and of `make up` without Docker is made as the one in Docker is (infra/local/postgres.py)."""

from sqlalchemy import text

from chalicelib.postgres.database import Database


def test_names_are_sorted_by_their_letters_codes_and_times_are_told_in_utc(database: Database) -> None:
    with database.reading() as connection:
        zone = connection.execute(text("SELECT current_setting('timezone')")).scalar_one()
        collation = connection.execute(
            text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
        ).scalar_one()
        names = "SELECT name FROM (VALUES ('de Souza'), ('Zaveri'), ('Ánand'), ('Anand')) AS names(name) ORDER BY name"
        ordered = list(connection.execute(text(names)).scalars())
    assert (collation, zone) == ("C.UTF-8", "UTC")
    assert ordered == ["Anand", "Zaveri", "de Souza", "Ánand"]
