"""A stack of its own - LocalStack, Postgres, the deployed functions - beside any `make up`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import requests
from botocore.config import Config
from localstack_client.session import Session
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chalicelib.imports.jobs import ImportJob
from chalicelib.storage.import_tables import metadata
from infra.functions import run_bootstrap
from infra.local.administration import administer
from infra.local.native import Native
from infra.local.portfolio import Counts, count, imports_of, reading
from infra.local.provision import provision, queue_depths
from infra.local.seeding import Uploaded, replace_seeds
from infra.local.settings import STAGE, Home, Ports, StackFile
from infra.local.steps import Steps
from infra.session import session_of
from tests.support import plain_http
from tests.support.databases import KEEP_TRANSACTIONS, LET_TRANSACTIONS_GO, WITHOUT_DURABILITY
from tests.support.patience import PATIENCE_SECONDS, patiently
from tests.support.ports import free_port
from tests.support.settings import PROJECT


@dataclass(frozen=True)
class Stack:
    """A running stack: what `.local/stack.json` says of it, and what a test does with it."""

    file: StackFile
    native: Native

    @property
    def api_url(self) -> str:
        return self.file.api_url

    @property
    def session(self) -> Session:
        return session_at(self.file.aws_endpoint_url)

    def client(self, service: str) -> Any:
        """AWS's client of a service, the same each time."""
        return client_at(self.file.aws_endpoint_url, service)

    @property
    def s3(self) -> Any:
        return self.client("s3")

    def get(self, path: str) -> requests.Response:
        """GETs a path below `/api`."""
        return plain_http.get(self.api_url + path)

    def post(self, path: str, body: object) -> requests.Response:
        """POSTs JSON to a path below `/api`."""
        return plain_http.post(self.api_url + path, json=body)

    def upload(self, path: Path, key: str | None = None) -> Uploaded:
        """Uploads a file, by default under `incoming/` with its own name."""
        key = key or f"incoming/{path.name}"
        answer = self.s3.put_object(Bucket=self.file.bucket, Key=key, Body=path.read_bytes())
        return Uploaded(key, answer["VersionId"])

    def wait_for_import(self, uploaded: Uploaded) -> ImportJob:
        """The import of an upload, when it has ended."""
        with reading(self.file.database_url) as connection:
            for _ in patiently(f"the import of {uploaded.key}"):
                found = imports_of(connection, [(uploaded.key, uploaded.version)])
                if found and found[0].state != "running":
                    return found[0]
        raise AssertionError

    def depths(self) -> dict[str, int]:
        """Messages in the import queue (waiting, working) and in the dead-letter queue (dead)."""
        return queue_depths(self.client("sqs"), self.file)

    def wait_until_idle(self) -> None:
        """Returns when no message is waiting or being worked on."""
        for _ in patiently("an empty queue"):
            depths = self.depths()
            if depths["waiting"] == depths["working"] == 0:
                return

    def counts(self) -> Counts:
        with reading(self.file.database_url) as connection:
            return count(connection)

    def holds_the_seed(self) -> bool:
        """Whether the three workbooks under `seed/` were imported and are still there, whatever came to them since."""
        with reading(self.file.database_url) as connection:
            seeds = "SELECT count(*) FROM imports WHERE object_key LIKE 'seed/%' AND state = 'completed'"
            return bool(connection.execute(text(seeds)).scalar_one() == 3)

    def bootstrap(self) -> dict[str, Any]:
        """Runs the bootstrap function as a deployment does, and returns its answer."""
        return run_bootstrap(self.session, STAGE)

    def administer(self, operation: str, **values: Any) -> dict[str, Any]:
        """Makes what nobody can make who is not in yet."""
        return administer(self.file, operation, **values)

    @contextmanager
    def environment(self, function: str, **values: str) -> Iterator[None]:
        """The stack with other values in the environment of a function, as another stage has them."""
        name = f"loans-{STAGE}-{function}"
        before = self.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        self._configure(name, before | values)
        try:
            yield
        finally:
            self._configure(name, before)

    def _configure(self, name: str, variables: dict[str, str]) -> None:
        lambda_client = self.client("lambda")
        lambda_client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        lambda_client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def seed(self, folder: Path) -> list[ImportJob]:
        """Puts the workbooks of the folder under `seed/`, bootstraps, and waits for their imports."""
        uploaded = replace_seeds(self.s3, self.file.bucket, sorted(folder.glob("*.xlsx")))
        self.bootstrap()
        imports = [self.wait_for_import(item) for item in uploaded]
        # Their reports come after their end; a test that kills something then would leave a message for minutes.
        self.wait_until_idle()
        return imports

    def empty(self) -> None:
        """Removes all data, from the database, the bucket and the dead-letter queue."""
        self.wait_until_idle()
        self.client("sqs").purge_queue(QueueUrl=self.file.dead_letter_queue_url)
        for prefix in ("seed/", "incoming/"):
            for item in self.s3.list_objects_v2(Bucket=self.file.bucket, Prefix=prefix).get("Contents", []):
                self.s3.delete_object(Bucket=self.file.bucket, Key=item["Key"])
        # The audit log refuses to be emptied, and no test needs it to be.
        names = ", ".join(table.name for table in metadata.sorted_tables if table.name != "audit_log")
        self.run(f"{LET_TRANSACTIONS_GO}; TRUNCATE {names} RESTART IDENTITY CASCADE; {KEEP_TRANSACTIONS}")

    def run(self, statement: str) -> None:
        """Does to the database what only time or an accident would."""
        url = self.file.database_url.replace("postgresql:", "postgresql+pg8000:")
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement))


@cache
def session_at(endpoint: str) -> Session:
    """The session at a LocalStack, made once: each reads anew what there is to know of AWS."""
    return session_of(endpoint)


@cache
def client_at(endpoint: str, service: str) -> Any:
    """A client that waits as long as anything may take, and asks once: what is sent again is there twice."""
    patient = Config(read_timeout=PATIENCE_SECONDS, retries={"total_max_attempts": 1})
    return session_at(endpoint).client(service, config=patient)


@contextmanager
def stack_of_its_own(postgres_settings: tuple[str, ...] = WITHOUT_DURABILITY) -> Iterator[Stack]:
    """A stack beside all others, which is gone when the block ends."""
    home = Home(Path(tempfile.mkdtemp(prefix="loans-e2e-")))
    native = Native(home, Ports(free_port(), free_port()), (*postgres_settings, "max_connections=200"))
    home.remember(native.name, native.ports)
    with guarded(home):
        native.start()
        try:
            yield Stack(provision(home, native.endpoints(), None, Steps()), native)
        finally:
            native.erase()


@contextmanager
def guarded(home: Home) -> Iterator[None]:
    """Ends and removes the stack of `home` when the block ends, and also when this process is killed.

    A small program waits until a pipe from this process closes, which no way of dying prevents.
    """
    clean_up = 'cat >/dev/null; "$0" -m infra.local --state "$1" reset >/dev/null 2>&1; rm -rf "$1"'
    guard = subprocess.Popen(
        ["sh", "-c", clean_up, sys.executable, str(home.folder)],
        cwd=PROJECT,
        env={"PATH": os.defpath, "LAUNCHER": "native"},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate(timeout=PATIENCE_SECONDS)


def functions_of(stack: Stack) -> list[psutil.Process]:
    """The processes in which this stack's LocalStack runs functions."""
    pid = stack.native.localstack.pid()
    assert pid is not None
    return psutil.Process(pid).children()
