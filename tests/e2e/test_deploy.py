"""`make deploy`, `make roll-back` and `make destroy` of the stage dev, beside the stage local, as against AWS."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from chalicelib.postgres.migrate import alembic_config
from infra.cloudformation import Plan
from infra.cloudformation import Stack as CloudFormationStack
from infra.deploy import Build, deploy
from infra.packaging import Package, package, zip_digest
from infra.revisions import DIGEST_TAG, PREVIOUS_TAG, TEMPLATE_TAG
from infra.session import local_parameters
from infra.smoke import smoke_test
from infra.terminal import CommandError
from infra.uploading import deployment_bucket, url_of
from tests import plain_http
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

    def command(self, name: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Runs a program as `make` does."""
        command = [sys.executable, "-m", "infra", name, STAGE, "--endpoint", self.endpoint, *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "CONFIRM"} | environ
        return subprocess.run(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def deploy(self, **environ: str) -> "subprocess.CompletedProcess[str]":
        pairs = [f"DatabaseUrl={self.database_url}", "DatabaseAuth=password"]
        return self.command("deploy", *pairs, **environ)

    def function(self, name: str) -> dict[str, Any]:
        """The configuration of a function, as Lambda has it."""
        client = self.stack.session.client("lambda")
        found: dict[str, Any] = client.get_function_configuration(FunctionName=f"loans-dev-{name}")
        return found

    def import_seconds(self) -> int:
        """The time-out of the import function, which stands for the revision."""
        return int(self.function("import")["Timeout"])

    def import_memory(self) -> int:
        """The memory of the import function, which no parameter changes."""
        return int(self.function("import")["MemorySize"])

    def answers(self) -> None:
        smoke_test(self.stack.session, {"BaseUrl": self.url, "AdministerFunctionName": "loans-dev-administer"})

    def release_with_import_memory(self, megabytes: int) -> None:
        """Deploys another template, as a release after this one would."""
        session = self.stack.session
        bucket = deployment_bucket(STAGE, session)
        stack = CloudFormationStack("loans-dev", session.client("cloudformation"))
        tags = stack.tags()
        template = json.loads(self.stack.s3.get_object(Bucket=bucket, Key=tags[TEMPLATE_TAG])["Body"].read())
        template["Resources"]["ImportWorkbooks"]["Properties"]["MemorySize"] = megabytes
        self.stack.s3.put_object(Bucket=bucket, Key="templates/next.json", Body=json.dumps(template).encode())
        plan = stack.plan(
            url_of(bucket, "templates/next.json", session),
            dict.fromkeys(stack.parameters()),
            {TEMPLATE_TAG: "templates/next.json", PREVIOUS_TAG: tags[TEMPLATE_TAG], DIGEST_TAG: "next"},
        )
        assert plan
        stack.execute(plan)

    @property
    def url(self) -> str:
        return local_parameters(STAGE, self.endpoint)["PublicUrl"]


@pytest.fixture
def dev(stack: Stack) -> Dev:
    return Dev(stack)


def with_migration(statement: str) -> Build:
    """Packages the source as the next release would be, whose migration runs this statement."""

    def build(stage: str, output: Path, certificates: bytes = b"") -> Package:
        built = package(stage, output, certificates)
        head = ScriptDirectory.from_config(alembic_config(None)).get_current_head()
        lines = [
            "from alembic import op",
            "revision = 'next'",
            f"down_revision = {head!r}",
            f"def upgrade():\n    op.execute({statement!r})",
        ]
        with zipfile.ZipFile(built.zip_file, "a") as archive:
            archive.writestr("chalicelib/storage/migrations/versions/next_release.py", "\n".join(lines))
        return replace(built, code_digest=zip_digest(built.zip_file))

    return build


def refuse(_outputs: Mapping[str, str]) -> None:
    raise CommandError("The stage does not answer.")


# A dozen deployments, one after the other.
@pytest.mark.timeout(900)
def test_a_stage_is_deployed_rolled_back_and_destroyed_by_one_command_each(dev: Dev) -> None:
    _is_not_changed_without_a_yes(dev)
    _is_deployed_and_answers(dev)
    _is_not_deployed_twice(dev)
    _is_put_back_where_it_does_not_answer(dev)
    _is_put_back_to_its_database_where_the_new_one_is_not_there(dev)
    _is_not_rolled_back_to_nothing(dev)
    _is_rolled_back_by_hand(dev)
    _keeps_its_functions_where_the_migration_fails(dev)
    _migrates_before_the_functions_change(dev)
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
    assert plain_http.get(f"{dev.url}/api/customers/").status_code == 401


def _is_not_deployed_twice(dev: Dev) -> None:
    done = dev.deploy(CONFIRM="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing to deploy" in done.stdout


def _is_put_back_where_it_does_not_answer(dev: Dev) -> None:
    before, parameters = dev.import_seconds(), dev.parameters(ImportTimeoutSeconds="60")
    with pytest.raises(CommandError, match=r"does not answer.*put back"):
        deploy(STAGE, dev.stack.session, parameters, prove=refuse)
    assert dev.import_seconds() == before
    dev.answers()


def _is_put_back_to_its_database_where_the_new_one_is_not_there(dev: Dev) -> None:
    url = "postgresql://loans_dev@127.0.0.1:1/loans_dev"
    told: list[str] = []

    def approve(plan: Plan) -> bool:
        told.extend(plan.sentences())
        return True

    with pytest.raises(CommandError, match=r"bootstrap failed.*put back"):
        deploy(STAGE, dev.stack.session, dev.parameters(DatabaseUrl=url), approve=approve)
    assert told[0] == f"DatabaseUrl: {dev.database_url} -> {url}"
    assert dev.function("api")["Environment"]["Variables"]["DATABASE_URL"] == dev.database_url
    dev.answers()


def _is_not_rolled_back_to_nothing(dev: Dev) -> None:
    done = dev.command("roll-back", CONFIRM="yes")
    assert done.returncode == 1
    assert "no revision before" in done.stderr


def _is_rolled_back_by_hand(dev: Dev) -> None:
    before = dev.import_memory()
    dev.release_with_import_memory(before + 128)
    assert dev.import_memory() == before + 128
    done = dev.command("roll-back", CONFIRM="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "~ ImportWorkbooks" in done.stdout
    assert dev.import_memory() == before


def _keeps_its_functions_where_the_migration_fails(dev: Dev) -> None:
    before = {name: dev.function(name) for name in ("api", "bootstrap")}
    build = with_migration("SELECT 1 FROM what_is_not_there")
    with pytest.raises(CommandError, match=r"(?s)bootstrap failed.*what_is_not_there.*put back"):
        deploy(STAGE, dev.stack.session, dev.parameters(LogDays="30"), build=build)
    # It was never another, not even for a moment.
    assert dev.function("api")["LastModified"] == before["api"]["LastModified"]
    assert dev.function("bootstrap")["CodeSha256"] == before["bootstrap"]["CodeSha256"]
    dev.answers()


def _migrates_before_the_functions_change(dev: Dev) -> None:
    old = dev.function("api")["CodeSha256"]
    seen: dict[str, list[bool]] = {}

    def watch(step: str) -> None:
        seen[step.split()[0]] = [dev.function(name)["CodeSha256"] == old for name in ("bootstrap", "api", "import")]

    build = with_migration("CREATE TABLE of_the_next_release ()")
    assert (
        deploy(STAGE, dev.stack.session, dev.parameters(LogDays="30"), watch, build=build).bootstrap["revision"]
        == "next"
    )
    assert seen["Migrating,"] == [False, True, True]
    assert seen["Running"] == [False, False, False]
    dev.answers()


def _is_destroyed_by_its_name(dev: Dev) -> None:
    assert dev.command("destroy", CONFIRM="yes").returncode == 1
    done = dev.command("destroy", CONFIRM="dev")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What stays: the database, " in done.stdout
    assert "loans-dev-deployments-" in done.stdout
    assert plain_http.get(f"{dev.url}/api/openapi.json").status_code >= 400
