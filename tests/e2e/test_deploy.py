"""`make deploy`, `make roll-back` and `make destroy` of the stage dev, beside the stage local, as against AWS."""

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from chalicelib.postgres.migrate import alembic_config
from infra.cloudformation import Plan
from infra.deploy import Build, deploy
from infra.functions import run_bootstrap
from infra.packaging import Package, package, zip_digest
from infra.terminal import CommandError
from tests.support import plain_http
from tests.support.deployments import STAGE, Dev
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.fixture
def dev(stack: Stack) -> Dev:
    return Dev(stack)


def with_migration(statement: str) -> Build:
    """Packages the source as the next release would be, whose migration runs this statement."""

    def build(stage: str, output: Path, certificates: bytes = b"", architecture: str | None = None) -> Package:
        built = package(stage, output, certificates, architecture)
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
    names = dev.stack.client("lambda").list_functions()["Functions"]
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
    deploy(STAGE, dev.stack.session, dev.parameters(LogDays="30"), watch, build=build)
    assert run_bootstrap(dev.stack.session, STAGE)["revision"] == "next"
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
