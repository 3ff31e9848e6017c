"""The code of the release before runs on the schema of this one: between two releases, and after a roll-back, it does.

It is taken out of the history: what stood before the newest migration came.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import text

from chalicelib.postgres.database import Database
from chalicelib.postgres.migrate import MIGRATIONS
from tests.support.settings import PROJECT
from tests.support.workbooks import customer, customers_book, loan, loans_book

# What a release is asked for, in a process of its own. It prints what was answered.
ASKED = PROJECT / "tests" / "support" / "release_asked.py"


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=True).stdout


@pytest.fixture
def release_before(tmp_path: Path) -> Path:
    """A folder with the application as it was before the newest migration."""
    newest = max((MIGRATIONS / "versions").glob("[0-9]*.py"))
    try:
        added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)).decode().strip()
        # Where it is not committed yet, what is committed is the release before.
        before = git("rev-parse", "--verify", f"{added}^" if added else "HEAD").decode().strip()
        archive = git("archive", before, "app.py", "chalicelib", ".chalice")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"The release before is in the history, which is not here: {error}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(tmp_path, filter="data")
    assert not (tmp_path / "chalicelib/storage/migrations/versions" / newest.name).exists()
    return tmp_path


def test_the_release_before_does_its_work_on_the_newest_schema(
    release_before: Path, database_url: str, database: Database, tmp_path: Path
) -> None:
    books = {"customers.xlsx": customers_book(customer(1000)), "loans.xlsx": loans_book(loan(1000))}
    for name, book in books.items():
        (tmp_path / name).write_bytes(book)
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(release_before), "STAGE": "local", "API_AUTH": "open",
        "DATABASE_URL": database_url, "IMPORT_BUCKET": "books", "IMPORT_QUEUE_URL": "queue",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip
    command = [sys.executable, "-P", str(ASKED), *(str(tmp_path / name) for name in books)]
    done = subprocess.run(command, cwd=release_before, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "imports": [{"batchItemFailures": []}] * 2,
        "register": 201,
        "check": 200,
        "apply": 201,
        "correct": 200,
        "view loan": 200,
        "view loans": 200,
        "applications": 200,
        "customers": 200,
    }, done.stdout + done.stderr
    with database.reading() as connection:
        counted = (
            "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM loans), (SELECT count(*) FROM imports)"
        )
        assert tuple(connection.execute(text(counted)).one()) == (2, 2, 2)
