"""docs/operations.md, followed on LocalStack: every command in it is run here, or listed with the reason why not.

Which test follows which commands is said in `tests/support/operations.py`, where the gate sees that none is missing.
"""

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.services.dead_letters import find_queue
from tests.support import plain_http
from tests.support.aws_commands import read
from tests.support.deployments import Dev
from tests.support.operations import FOLLOWED, followed_by
from tests.support.patience import PATIENCE_SECONDS, patiently
from tests.support.people import PASSWORD, token_of
from tests.support.settings import DATA, PROJECT
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


class Reader:
    """Somebody who follows the document, with the addresses of this run's stack instead of those of `make up`."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def types(self, command: str, *more: str) -> "subprocess.Popen[str]":
        local = f"LOCAL={sys.executable} -m infra.local --state {self.stack.native.home.folder}"
        ports = self.stack.native.ports
        typed = command.replace("localhost:4566", f"localhost:{ports.aws}").replace(":54329", f":{ports.db}")
        # The lint went before the tests, and its answer does not depend on the stack.
        line = " ".join([typed.replace("make ", 'make -o lint "$LOCAL" ', 1), *more])
        # The make that runs the tests would have this one say which folder it enters and leaves.
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        environment = ours | {"LOCAL": local, "LAUNCHER": "native", "NO_PROXY": "localhost,127.0.0.1"}
        return subprocess.Popen(
            ["sh", "-c", line],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def reads(self, command: str, *more: str) -> str:
        """What the command prints; it succeeds."""
        with self.types(command, *more) as process:
            printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, printed
        return printed

    def calls(self, command: str, **placeholders: str) -> dict[str, Any]:
        """The answer to an aws command, with what stands in <> replaced."""
        for name, value in placeholders.items():
            command = command.replace(f"<{name.replace('_', '-')}>", value)
        return read(command).made_by(self.stack.session)


@pytest.fixture
def reader(stack: Stack) -> Reader:
    return Reader(stack)


@pytest.fixture
def told(request: pytest.FixtureRequest) -> list[str]:
    return followed_by(request.function.__name__)


def test_every_test_that_is_said_to_follow_a_command_is_here() -> None:
    assert [name for name in FOLLOWED if name not in globals()] == []


def test_a_stage_is_deployed_watched_stopped_rolled_back_and_destroyed(reader: Reader, told: list[str]) -> None:
    database, deploy, tail, mappings, stop, go_on, roll_back, destroy = told
    here = f"ENDPOINT={reader.stack.file.aws_endpoint_url}"
    url = reader.reads(database).split()[-1]
    assert f"DatabaseUrl={url}" in deploy.replace(":54329", f":{reader.stack.native.ports.db}")
    assert "With a key the database answers" in reader.reads(deploy, "CONFIRM=yes")

    (group,) = re.findall(r"/aws/lambda/\S+", tail)
    for _ in patiently(f"a line in {group}"):
        events = reader.stack.client("logs").filter_log_events(logGroupName=group)["events"]
        if any('"event": "request"' in event["message"] for event in events):
            break

    (mapping,) = reader.calls(mappings)["EventSourceMappings"]
    assert reader.calls(stop, uuid=mapping["UUID"])["State"] in ("Disabling", "Disabled")
    assert reader.calls(go_on, uuid=mapping["UUID"])["State"] in ("Enabling", "Enabled")

    dev = Dev(reader.stack)
    before = dev.import_memory()
    dev.release_with_import_memory(before + 128)
    assert "~ ImportWorkbooks" in reader.reads(roll_back, here, "CONFIRM=yes")
    assert dev.import_memory() == before
    assert "is gone" in reader.reads(destroy, here, "CONFIRM=dev")


def test_the_logs_are_followed(reader: Reader, told: list[str]) -> None:
    with reader.types(told[0]) as process:
        assert process.stdout is not None
        reader.stack.get("/customers/?limit=1")
        ours = "lambda-loans-local-api"
        line = next(line for line in process.stdout if line.startswith(ours) and " GET /api/customers " in line)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert re.search(r" 200 GET /api/customers \d+ ms ", line)


def test_dead_letters_are_put_back(reader: Reader, told: list[str]) -> None:
    redrive, move, moves = told
    stack = reader.stack
    stack.empty()
    sqs = stack.client("sqs")
    workbook = stack.upload(DATA / "customer_data.xlsx")
    stack.wait_for_import(workbook)
    reference = ObjectReference(stack.file.bucket, workbook.key, workbook.version, "etag", 1)
    queue = find_queue(sqs, stack.file.import_queue_url)
    arns = {"dead_letter_queue": queue.arn, "import_queue": queue.import_queue_arn}

    sqs.send_message(QueueUrl=queue.url, MessageBody=message_for(reference))
    assert "1 message is back in the import queue" in reader.reads(redrive)

    sqs.send_message(QueueUrl=queue.url, MessageBody=message_for(reference))
    reader.calls(move, **arns)
    for _ in patiently("the end of the move"):
        (task,) = reader.calls(moves, **arns)["Results"]
        if task["Status"] != "RUNNING":
            break
    # A message that is hidden while it is moved is counted nowhere, and neither is one that is hidden after a failure.
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    stack.wait_until_idle()
    assert stack.depths()["dead"] == 0


def test_the_first_admin_and_a_key_are_made(reader: Reader, told: list[str]) -> None:
    superuser, api_key, *invocations = told
    link = reader.reads(superuser).split()[-1]
    assert link.startswith(reader.stack.file.console_url)
    accepted = reader.stack.post("/invitations/", {"token": token_of(link), "password": PASSWORD})
    assert accepted.status_code == 201
    token = reader.reads(api_key).split()[-1]
    assert reads_customers(reader, token)
    assert len(invocations) == 2
    for line in invocations:
        answer = json.loads(reader.calls(line, stage="local")["Payload"].read())
        assert "invitation" in answer or reads_customers(reader, answer["token"])


def reads_customers(reader: Reader, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return plain_http.get(f"{reader.stack.api_url}/customers/", headers=headers).status_code == 200
