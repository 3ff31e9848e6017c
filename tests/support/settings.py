"""Where the project is, and the settings of its functions on a database of a test."""

from pathlib import Path

from chalicelib.config import Settings, read_settings

PROJECT = Path(__file__).parents[2]
DATA = PROJECT / "data"


def settings_for(database_url: str, **environ: str) -> Settings:
    """The settings a Lambda would have, with this database."""
    return read_settings(
        {
            "STAGE": "local",
            "DATABASE_URL": database_url,
            "IMPORT_BUCKET": "loans-test-workbooks",
            "IMPORT_QUEUE_URL": "http://localhost/000000000000/loans-test-imports",
            **environ,
        }
    )
