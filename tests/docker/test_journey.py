"""The whole way through Docker: Compose alone, then `make up` on top, then nothing is left."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from localstack_client.session import Session
from sqlalchemy import NullPool, create_engine, text

from infra.local.portfolio import Counts, count, reading
from infra.local.settings import DEPLOYER_IMAGE, LOCALSTACK_IMAGE, POSTGRES_IMAGE
from tests.docker.engine import Engine
from tests.support import plain_http
from tests.support.patience import PATIENCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.settings import PROJECT
from tests.support.workbooks import workbook

NAME = "loans-journey"

pytestmark = pytest.mark.timeout(2340)


@dataclass(frozen=True)
class Stack:
    """What `docker compose up` runs on ports of its own, under a name of its own."""

    engine: Engine
    state: Path
    aws: int
    db: int

    @property
    def environment(self) -> dict[str, str]:
        ports = {"AWS_PORT": str(self.aws), "DB_PORT": str(self.db)}
        return {**self.engine.environment, **ports, "COMPOSE_PROJECT_NAME": NAME, "LAUNCHER": "docker"}

    @property
    def api(self) -> str:
        return f"http://localhost:{self.aws}/_aws/execute-api/loans/local/api"

    @property
    def database_url(self) -> str:
        return f"postgresql://loans:loans@127.0.0.1:{self.db}/loans"

    def compose(self, *arguments: str) -> str:
        return self._run("docker", "compose", "--project-directory", str(PROJECT), *arguments)

    def local(self, *arguments: str) -> str:
        """A command of the Makefile."""
        return self._run(sys.executable, "-m", "infra.local", "--state", str(self.state), *arguments)

    def _run(self, *command: str) -> str:
        began = time.monotonic()
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        words = " ".join(command[-3:])
        print(f"{time.monotonic() - began:5.0f} s  {words}", file=sys.__stderr__, flush=True)
        assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def up(self) -> None:
        """`docker compose up`, until the deployer has ended well."""
        self.compose("up", "--detach")
        try:
            self.compose("wait", "deployer")
        except AssertionError:
            print(self.compose("logs", "--tail", "60"), file=sys.__stderr__, flush=True)
            raise

    def counts(self) -> Counts:
        with reading(self.database_url) as connection:
            return count(connection)

    def remains(self) -> dict[str, str]:
        """What the engine still has with the stack's name, or beside it."""
        filters = ["--filter", f"name={NAME}"]
        return {
            "containers": self.engine.docker("ps", "--all", "--quiet"),
            "volumes": self.engine.docker("volume", "ls", "--quiet", *filters),
            "networks": self.engine.docker("network", "ls", "--quiet", *filters),
        }


NOTHING = {"containers": "", "volumes": "", "networks": ""}


@pytest.fixture
def stack(engine: Engine, tmp_path: Path) -> Iterator[Stack]:
    made = Stack(engine, tmp_path / "state", free_port(), free_port())
    sweep(made)
    try:
        yield made
    finally:
        sweep(made)


def sweep(stack: Stack) -> None:
    containers = stack.engine.docker("ps", "--all", "--quiet").split()
    if containers:
        stack.engine.docker("rm", "--force", "--volumes", *containers)
    stack.compose("down", "--volumes", "--remove-orphans")


def test_the_whole_way_with_docker(stack: Stack, tmp_path: Path) -> None:
    stack.up()
    the_five_endpoints_answer(stack.api)
    a_workbook_goes_through_the_bucket(stack, tmp_path)
    a_link_leads_to_localhost(stack)
    the_cluster_is_as_without_docker(stack.database_url)
    before = stack.counts()
    stack.compose("down")
    stack.up()
    assert stack.counts() == before
    said = stack.local("up", "--aws-port", str(stack.aws), "--db-port", str(stack.db))
    assert "The servers run already." in said
    assert stack.counts() == before
    assert f"{before.customers} customers" in stack.local("status")
    stack.local("reset")
    assert stack.remains() == NOTHING


def the_five_endpoints_answer(api: str) -> None:
    person = {"first_name": "Asha", "last_name": "Rao", "age": 30, "monthly_income": 90000, "phone_number": 9812345678}
    registered = _post(api + "/register/", person)
    terms = {"customer_id": registered["customer_id"], "loan_amount": 100000, "interest_rate": 16, "tenure": 24}
    assert _post(api + "/check-eligibility/", terms)["customer_id"] == registered["customer_id"]
    loan = _post(api + "/create-loan/", terms)
    assert loan["loan_approved"]
    assert _get(f"{api}/view-loan/{loan['loan_id']}/")["loan_id"] == loan["loan_id"]
    assert [item["loan_id"] for item in _get(f"{api}/view-loans/{registered['customer_id']}/")] == [loan["loan_id"]]


def a_workbook_goes_through_the_bucket(stack: Stack, folder: Path) -> None:
    before = stack.counts()
    path = folder / "one-more.xlsx"
    header = ["Customer ID", "First Name", "Last Name", "Age", "Phone Number", "Monthly Salary", "Approved Limit"]
    path.write_bytes(workbook({"customers": [header, [910001, "Mira", "Iyer", 41, 9812300001, 80000, 2900000]]}))
    aws = Session(region_name="us-east-1", localstack_host=f"localhost:{stack.aws}")
    aws.client("s3").upload_file(str(path), "loans-local-workbooks-000000000000", "incoming/one-more.xlsx")
    wait_until(lambda: stack.counts().customers == before.customers + 1, "the customer of the workbook")


def the_cluster_is_as_without_docker(database_url: str) -> None:
    """Names are sorted, and times told, as by the server that runs without Docker."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
    asked = "SELECT datcollate, datctype, current_setting('timezone') FROM pg_database WHERE datname = 'loans'"
    with engine.connect() as connection:
        assert tuple(connection.execute(text(asked)).one()) == ("C.UTF-8", "C.UTF-8", "UTC")


def a_link_leads_to_localhost(stack: Stack) -> None:
    answer = plain_http.get(stack.api + "/imports/template/", allow_redirects=False)
    assert answer.status_code == 303
    link = answer.headers["Location"]
    assert link.startswith(f"http://localhost:{stack.aws}/")
    assert plain_http.get(link).content.startswith(b"PK")


def _post(url: str, body: object) -> Any:
    answer = plain_http.post(url, json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def _get(url: str) -> Any:
    answer = plain_http.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_mistyped_folder_of_data_is_refused_and_not_made(stack: Stack) -> None:
    for data, is_there in (("data", True), ("dtaa", False)):
        environment = {**stack.environment, "DATA": data}
        command = ["docker", "compose", "--project-directory", str(PROJECT), "create", "--pull", "never", "deployer"]
        done = subprocess.run(
            command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert (done.returncode == 0) is is_there, done.stderr
        assert (PROJECT / data).exists() is is_there


def test_compose_names_the_network_after_the_folder_and_takes_the_images_that_are_pinned(stack: Stack) -> None:
    told = json.loads(stack.compose("config", "--format", "json"))
    assert told["name"] == NAME
    assert told["networks"]["default"]["name"] == f"{NAME}_default"
    assert told["services"]["localstack"]["environment"]["LAMBDA_DOCKER_NETWORK"] == f"{NAME}_default"
    images = {service["image"] for service in told["services"].values()}
    assert images == {LOCALSTACK_IMAGE, POSTGRES_IMAGE, DEPLOYER_IMAGE}
