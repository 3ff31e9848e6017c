"""The commands that the Makefile runs, on a stack of their own: from nothing to data, and back to nothing."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from infra.local.provision import remove_stillborn
from infra.local.settings import Home, Ports
from infra.revisions import Stage
from infra.terminal import CommandError
from tests.support import plain_http
from tests.support.patience import PATIENCE_SECONDS, wait_until
from tests.support.people import PASSWORD, token_of
from tests.support.ports import free_port
from tests.support.settings import DATA, PROJECT
from tests.support.stack import Stack, guarded

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Checkout:
    """A place for a local stack, as a second checkout of the project would be."""

    home: Home
    ports: Ports

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "infra.local", "--state", str(self.home.folder), *arguments]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*arguments),
            cwd=PROJECT,
            env={**os.environ, "LAUNCHER": "native"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        """What the command wrote, in one line for each."""
        with self.start(*arguments) as process:
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode == 0) == succeeds, output
        return output

    def up(self, *more: str, succeeds: bool = True) -> str:
        ports = ("--aws-port", str(self.ports.aws), "--db-port", str(self.ports.db))
        return self.run("up", "--data", str(DATA), *ports, *more, succeeds=succeeds)

    def nothing_runs(self) -> bool:
        return not any(listens(port) for port in (self.ports.aws, self.ports.db))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    home = Home(Path(tempfile.mkdtemp(prefix="loans-e2e-")))
    with guarded(home):
        yield Checkout(home, Ports(free_port(), free_port()))


def counts_in(output: str) -> str:
    (found,) = re.findall(r"\d+ customers, \d+ loans \(.*", output)
    return str(found)


def workbook_with_a_bad_row(folder: Path) -> Path:
    """The first customer of the portfolio again, and one who cannot be."""
    header, first = islice(load_workbook(DATA / "customer_data.xlsx").worksheets[0].iter_rows(values_only=True), 2)
    workbook = Workbook()
    for row in (header, first, (9_999, "Asha", "Rao", 7, 9_999_999_999, 50_000, 100_000)):
        workbook.worksheets[0].append(row)
    path = folder / "customers.xlsx"
    workbook.save(path)
    return path


def check_who_may(checkout: Checkout, api_url: str) -> None:
    """Makes an admin and a key as a person would, and lets both do what they may."""
    link = checkout.run("superuser", "asha", "--name", "Asha Rao").splitlines()[-1]
    body = {"token": token_of(link), "password": PASSWORD}
    session = plain_http.post(f"{api_url}/invitations/", json=body).json()["token"]
    key = checkout.run("api-key", "shop", "reader", "--days", "90").splitlines()[-1]
    assert "role must be reader, writer or importer" in checkout.run("api-key", "shop", "king", succeeds=False)

    def status(path: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return plain_http.get(f"{api_url}/{path}/", headers=headers).status_code

    assert [status(path, session) for path in ("customers", "users", "audit")] == [200, 200, 200]
    assert [status(path, key) for path in ("customers", "users")] == [200, 403]
    assert status("customers", key[:-1]) == 401


def test_up_brings_the_data_which_survives_down_and_ends_with_reset(checkout: Checkout, tmp_path: Path) -> None:
    first = checkout.up()
    stack = json.loads(checkout.home.stack_file.read_text())
    assert stack["aws_endpoint_url"].endswith(f":{checkout.ports.aws}")

    (example,) = re.findall(r"^curl .*$", first, re.MULTILINE)
    answer = subprocess.run([*shlex.split(example), "--silent"], capture_output=True, check=True).stdout
    assert "approval" in json.loads(answer)
    body = {"first_name": "Asha", "last_name": "Rao", "age": 30, "monthly_income": 1, "phone_number": "9999999999"}
    assert plain_http.post(f"{stack['api_url']}/register/", json=body).status_code == 201

    again = checkout.run("up")
    assert "Nothing to deploy" in again
    assert "left alone" in again
    kept = counts_in(again)
    assert int(kept.split()[0]) == int(counts_in(first).split()[0]) + 1

    assert kept in checkout.run("status")
    assert "3/3 workbooks" in checkout.run("seed", *map(str, sorted(DATA.glob("*.xlsx"))))
    check_who_may(checkout, stack["api_url"])
    assert "/nothing.xlsx cannot be read" in checkout.run("seed", "/nothing.xlsx", succeeds=False)
    said = checkout.run("seed", str(workbook_with_a_bad_row(tmp_path)))
    assert "incoming/customers.xlsx, sheet Sheet: 2 rows: 1 unchanged, 1 rejected" in said
    assert "rejected: incoming/customers.xlsx, Sheet, row 3: Age must be a whole number" in said
    kept = counts_in(said)
    refused = checkout.run("up", "--aws-port", str(free_port()), succeeds=False)
    assert "make down" in refused

    checkout.run("down")
    assert checkout.nothing_runs()
    assert "make up" in checkout.run("status", succeeds=False)
    assert counts_in(checkout.run("up")) == kept

    checkout.run("reset")
    assert checkout.nothing_runs()
    assert not checkout.home.stack_file.exists()
    assert not checkout.home.postgres.exists()


def test_a_port_in_use_is_one_sentence_and_nothing_is_left_running(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", checkout.ports.db))
        taken.listen()
        output = checkout.up(succeeds=False)
    assert f"Port {checkout.ports.db} is in use" in output
    assert "DB_PORT=" in output
    assert checkout.nothing_runs()


def test_a_folder_without_workbooks_is_one_sentence_and_nothing_is_left_running(
    checkout: Checkout, tmp_path: Path
) -> None:
    output = checkout.up("--data", str(tmp_path), succeeds=False)
    assert f"There is none in {tmp_path}" in output.splitlines()[-1]
    assert checkout.nothing_runs()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_stops_what_it_started(checkout: Checkout, number: signal.Signals) -> None:
    with checkout.start("up", "--aws-port", str(checkout.ports.aws), "--db-port", str(checkout.ports.db)) as process:
        wait_until(lambda: listens(checkout.ports.aws), "LocalStack's port")
        process.send_signal(number)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, output
    assert "Interrupted" in output
    assert checkout.nothing_runs()


def test_a_deployment_that_fails_says_which_resource_and_why(stack: Stack) -> None:
    template = {
        "Resources": {
            "Sender": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {"FunctionName": "nobody", "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:none"},
            }
        }
    }
    s3 = stack.s3
    s3.put_object(Bucket=stack.file.bucket, Key="template.json", Body=json.dumps(template).encode())
    broken = Stage("broken", stack.session)
    plan = broken.stack.plan(f"{s3.meta.endpoint_url}/{stack.file.bucket}/template.json", {}, {}, {})
    assert plan
    with pytest.raises(CommandError, match="Sender"):
        broken.stack.execute(plan)

    # The next `make up` begins where there was nothing.
    broken.bucket_of("workbooks").create()
    assert remove_stillborn(broken)
    assert not broken.stack.exists()
    assert not broken.bucket_of("workbooks").creation_date
    assert not remove_stillborn(broken)
