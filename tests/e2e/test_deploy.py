"""`make deploy`, `make roll-back` and `make destroy` of the stage dev, beside the stage local, as against AWS."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest
import requests

from infra.cloudformation import Stack as CloudFormationStack
from infra.deploy import DIGEST_TAG, PREVIOUS_TAG, TEMPLATE_TAG, DeployError, deploy
from infra.smoke import SmokeError, smoke_test
from infra.terminal import local_parameters
from infra.uploading import deployment_bucket, url_of
from tests.conftest import PROJECT
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.e2e

STAGE = "dev"


class Dev:
    """The stage dev on the LocalStack of the run."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.endpoint = stack.file.aws_endpoint_url
        self.database_url = stack.native.postgres.add_open_database("loans_dev")

    def parameters(self, **others: str) -> dict[str, str]:
        return {
            **local_parameters(STAGE, self.endpoint),
            "DatabaseUrl": self.database_url,
            "DatabaseAuth": "password",
            **others,
        }

    def command(self, module: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs a program as `make` does."""
        command = [sys.executable, "-m", module, STAGE, "--endpoint", self.endpoint, *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "CONFIRM"} | environ
        return subprocess.run(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def deploy(self, **environ: str) -> "subprocess.CompletedProcess[str]":
        pairs = [f"DatabaseUrl={self.database_url}", "DatabaseAuth=password"]
        return self.command("infra.deploy", *pairs, **environ)

    def import_seconds(self) -> int:
        """The time-out of the import function, which stands for the revision."""
        function = self.stack.session.client("lambda").get_function_configuration(FunctionName="loans-dev-import")
        return int(function["Timeout"])

    def import_memory(self) -> int:
        """The memory of the import function, which no parameter changes."""
        function = self.stack.session.client("lambda").get_function_configuration(FunctionName="loans-dev-import")
        return int(function["MemorySize"])

    def release_with_import_memory(self, megabytes: int) -> None:
        """Deploys another template, as a release after this one would."""
        session = self.stack.session
        bucket = deployment_bucket(STAGE, session)
        stack = CloudFormationStack("loans-dev", session.client("cloudformation"))
        tags = stack.tags()
        template = json.loads(self.stack.s3.get_object(Bucket=bucket, Key=tags[TEMPLATE_TAG])["Body"].read())
        template["Resources"]["ImportWorkbooks"]["Properties"]["MemorySize"] = megabytes
        self.stack.s3.put_object(Bucket=bucket, Key="templates/next.json", Body=json.dumps(template).encode())
        stack.change(
            url_of(bucket, "templates/next.json", session),
            dict.fromkeys(stack.parameters()),
            {TEMPLATE_TAG: "templates/next.json", PREVIOUS_TAG: tags[TEMPLATE_TAG], DIGEST_TAG: "next"},
        )

    @property
    def url(self) -> str:
        return local_parameters(STAGE, self.endpoint)["PublicUrl"]


@pytest.fixture
def dev(stack: Stack) -> Dev:
    return Dev(stack)


def refuse(_outputs: Mapping[str, str]) -> None:
    raise SmokeError("The stage does not answer.")


def test_a_stage_is_deployed_rolled_back_and_destroyed_by_one_command_each(dev: Dev) -> None:
    _is_not_changed_without_a_yes(dev)
    _is_deployed_and_answers(dev)
    _is_not_deployed_twice(dev)
    _is_put_back_where_it_does_not_answer(dev)
    _is_not_rolled_back_to_nothing(dev)
    _is_rolled_back_by_hand(dev)
    _is_destroyed_by_its_name(dev)


def _is_not_changed_without_a_yes(dev: Dev) -> None:
    done = dev.deploy()
    assert done.returncode == 1, done.stdout
    assert "+ APIHandler" in done.stdout
    assert "CONFIRM=yes" in done.stderr
    names = dev.stack.session.client("lambda").list_functions()["Functions"]
    assert not [each for each in names if each["FunctionName"].startswith("loans-dev")]


def _is_deployed_and_answers(dev: Dev) -> None:
    done = dev.deploy(CONFIRM="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "With a key the database answers; the key is revoked." in done.stdout
    assert requests.get(f"{dev.url}/api/customers/", timeout=30).status_code == 401


def _is_not_deployed_twice(dev: Dev) -> None:
    done = dev.deploy(CONFIRM="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing to deploy" in done.stdout


def _is_put_back_where_it_does_not_answer(dev: Dev) -> None:
    before, parameters = dev.import_seconds(), dev.parameters(ImportTimeoutSeconds="77")
    with pytest.raises(DeployError, match=r"does not answer.*put back"):
        deploy(STAGE, dev.stack.session, parameters, prove=refuse)
    assert dev.import_seconds() == before
    smoke_test(dev.stack.session, {"BaseUrl": dev.url, "AdministerFunctionName": "loans-dev-administer"})


def _is_not_rolled_back_to_nothing(dev: Dev) -> None:
    done = dev.command("infra.deploy", "--roll-back", CONFIRM="yes")
    assert done.returncode == 1
    assert "no revision before" in done.stderr


def _is_rolled_back_by_hand(dev: Dev) -> None:
    before = dev.import_memory()
    dev.release_with_import_memory(before + 128)
    assert dev.import_memory() == before + 128
    done = dev.command("infra.deploy", "--roll-back", CONFIRM="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "~ ImportWorkbooks" in done.stdout
    assert dev.import_memory() == before


def _is_destroyed_by_its_name(dev: Dev) -> None:
    assert dev.command("infra.destroy", CONFIRM="yes").returncode == 1
    done = dev.command("infra.destroy", CONFIRM="dev")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What stays: the database, " in done.stdout
    assert "loans-dev-deployments-" in done.stdout
    assert requests.get(f"{dev.url}/api/openapi.json", timeout=30).status_code >= 400
