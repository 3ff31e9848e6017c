"""Deploys a stage by CloudFormation: to AWS or to LocalStack, which differ in the session and the parameters only.

    python -m infra.deploy dev DatabaseUrl=postgresql://…

packages, uploads, shows the change set, executes it, runs the bootstrap function, which migrates, and asks the stage
whether it answers. A revision that does not is replaced by the one before it.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from infra.cloudformation import Plan, Stack, StackError
from infra.functions import FunctionFailed, invoke
from infra.packaging import TEMPLATE, PackagingError, package, source_digest
from infra.smoke import SmokeError, smoke_test
from infra.terminal import Refused, confirmed, local_parameters, session_of
from infra.uploading import Session, deployment_bucket, parameters_of, upload, url_of

Parameters = Mapping[str, str]
Say = Callable[[str], None]
Approve = Callable[[Plan], bool]
# Raises where the stage with these outputs does not answer as it should.
Prove = Callable[[Mapping[str, str]], None]

# The stack itself says what it was made of, so nobody has to keep a list beside it.
DIGEST_TAG = "loans:digest"
TEMPLATE_TAG = "loans:template"
PREVIOUS_TAG = "loans:previous"


class DeployError(Exception):
    """A step of the deployment failed; the sentence says which and why."""


@dataclass(frozen=True)
class Deployment:
    """What stands now: the stack's outputs, what the bootstrap answered, whether anything was changed."""

    outputs: dict[str, str]
    bootstrap: dict[str, Any]
    changed: bool


@dataclass(frozen=True)
class Revision:
    """What a stack was made of: the template's key in the bucket, the parameters (None: not to be seen), the tags."""

    template_key: str
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


def whatever_changes(_plan: Plan) -> bool:
    """Approves every plan."""
    return True


def without_proof(_outputs: Mapping[str, str]) -> None:
    """Asks the stage nothing."""


def deploy(
    stage: str,
    session: Session,
    parameters: Parameters,
    say: Say = print,
    approve: Approve = whatever_changes,
    prove: Prove = without_proof,
) -> Deployment:
    """Brings the stage's stack to the state of the source. Raises DeployError with one sentence.

    Nothing is changed that `approve` does not approve of. Where the bootstrap or `prove` fails after a change, the
    stack is put back to what it was made of before; the schema stays, because migrations only add.
    """
    with _one_sentence():
        stack = Stack(f"loans-{stage}", session.client("cloudformation"))
        parameters = {"Stage": stage, **parameters}
        before = _revision_of(stack)
        changed = _bring_up_to_date(stage, stack, session, parameters, before, say, approve)
    try:
        with _one_sentence():
            outputs = stack.outputs()
            say("Running the bootstrap: migrations, and the seed of an empty database.")
            bootstrap = run_bootstrap(session, outputs)
            prove(outputs)
    except DeployError as error:
        if not changed:
            raise
        raise DeployError(f"{error} {_put_back(stage, stack, session, before, say)}") from error
    return Deployment(outputs, bootstrap, changed)


def roll_back(
    stage: str,
    session: Session,
    say: Say = print,
    approve: Approve = whatever_changes,
    prove: Prove = without_proof,
) -> dict[str, str]:
    """Puts the stage back to the revision before its last deployment and returns the outputs. Raises DeployError.

    Rolling back twice leads forward again. Parameters stay as they are.
    """
    with _one_sentence():
        stack = Stack(f"loans-{stage}", session.client("cloudformation"))
        tags = stack.tags()
        if PREVIOUS_TAG not in tags or tags[PREVIOUS_TAG] == tags[TEMPLATE_TAG]:
            raise DeployError(f"There is no revision before that of the stack {stack.name}; deploy another one.")
        new_tags = {TEMPLATE_TAG: tags[PREVIOUS_TAG], PREVIOUS_TAG: tags[TEMPLATE_TAG], DIGEST_TAG: "rolled back"}
        kept = dict.fromkeys(stack.parameters())
        revision = Revision(tags[PREVIOUS_TAG], kept, new_tags)
        _restore(stage, stack, session, revision, say, approve)
        say("The revision before stands; asking it whether it answers.")
        outputs = stack.outputs()
        prove(outputs)
    return outputs


def foundation_parameters(stage: str, session: Session) -> dict[str, str]:
    """What the stage's foundation (infra/foundation.yaml) tells the application; nothing where there is none."""
    foundation = Stack(f"loans-{stage}-foundation", session.client("cloudformation"))
    with _one_sentence():
        outputs = foundation.outputs() if foundation.exists() else {}
    declared = yaml.safe_load(TEMPLATE.read_text())["Parameters"]
    return {name: value for name, value in outputs.items() if name in declared}


def run_bootstrap(session: Session, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Invokes the bootstrap function of a stack and returns its answer. Raises DeployError where it fails."""
    try:
        return invoke(session, outputs["BootstrapFunctionName"], {})
    except FunctionFailed as error:
        raise DeployError(str(error)) from error


def _bring_up_to_date(
    stage: str,
    stack: Stack,
    session: Session,
    parameters: Parameters,
    before: Revision | None,
    say: Say,
    approve: Approve,
) -> bool:
    digest = source_digest(stage, parameters)
    if stack.is_deployed_with({DIGEST_TAG: digest}):
        say("Nothing to deploy: the stack is that of this source.")
        return False
    say("Packaging the functions.")
    with tempfile.TemporaryDirectory() as folder:
        built = package(stage, Path(folder) / "package")
        bucket = deployment_bucket(stage, session)
        template_key = upload(bucket, built, session)
    tags = {DIGEST_TAG: digest, TEMPLATE_TAG: template_key, PREVIOUS_TAG: _previous(template_key, before)}
    plan = stack.plan(url_of(bucket, template_key, session), parameters, tags)
    if plan is None:
        return False
    _carry_out(stack, plan, say, approve)
    return True


def _previous(template_key: str, before: Revision | None) -> str:
    """The template to go back to. A deployment that changed parameters only leaves that as it was."""
    if before is None:
        return template_key
    return before.template_key if before.template_key != template_key else before.tags.get(PREVIOUS_TAG, template_key)


def _carry_out(stack: Stack, plan: Plan, say: Say, approve: Approve) -> None:
    try:
        approved = approve(plan)
    except BaseException:
        stack.discard(plan)
        raise
    if not approved:
        stack.discard(plan)
        raise DeployError(f"The stack {stack.name} was left as it is.")
    say(f"Changing the stack {stack.name}.")
    stack.execute(plan)


def _revision_of(stack: Stack) -> Revision | None:
    """What the stack is made of; None where there is none, or none that this program made."""
    tags = stack.tags()
    if TEMPLATE_TAG not in tags:
        return None
    return Revision(tags[TEMPLATE_TAG], stack.parameters(), tags)


def _put_back(stage: str, stack: Stack, session: Session, before: Revision | None, say: Say) -> str:
    """Restores the revision before, and says what became of it."""
    if before is None:
        return f"There is no revision before it, so the stack {stack.name} was left as it is."
    say("Rolling back to the revision before.")
    try:
        with _one_sentence():
            _restore(stage, stack, session, before, say, whatever_changes)
    except DeployError as error:
        return f"Rolling back failed too: {error}"
    return "The revision before was put back."


def _restore(stage: str, stack: Stack, session: Session, revision: Revision, say: Say, approve: Approve) -> None:
    bucket = deployment_bucket(stage, session)
    # Another revision may know other parameters; what it does not declare, CloudFormation refuses.
    known = stack.parameters()
    declared = parameters_of(bucket, revision.template_key, session)
    parameters = {name: revision.parameters.get(name) for name in declared if name in known}
    plan = stack.plan(url_of(bucket, revision.template_key, session), parameters, revision.tags)
    if plan is not None:
        _carry_out(stack, plan, say, approve)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Whatever a step raises, as a DeployError."""
    try:
        yield
    except (PackagingError, StackError, FunctionFailed, SmokeError) as error:
        raise DeployError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS refused: {error}") from error


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """Deploys or rolls back what the command line names; `CONFIRM=yes` answers the question before the change."""
    chosen = _parser().parse_intermixed_args(arguments)

    def approve(plan: Plan) -> bool:
        print(f"This would change in the stage {chosen.stage}:")
        print("\n".join(f"  {sentence}" for sentence in plan.sentences()))
        return confirmed("Go on? Type yes: ", "yes", environ)

    def prove(outputs: Mapping[str, str]) -> None:
        smoke_test(session, outputs)

    try:
        session = session_of(chosen.endpoint)
        if chosen.roll_back:
            outputs = roll_back(chosen.stage, session, print, approve, prove)
        else:
            given = _pairs(chosen.parameters)
            founded = foundation_parameters(chosen.stage, session)
            parameters = founded | local_parameters(chosen.stage, chosen.endpoint) | given
            outputs = deploy(chosen.stage, session, parameters, print, approve, prove).outputs
    except (DeployError, Refused) as error:
        print(error, file=sys.stderr)
        return 1
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Deploys a stage.")
    parser.add_argument("stage", help="a stage of .chalice/config.json")
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="parameters of infra/template.yaml")
    parser.add_argument("--endpoint", help="LocalStack's address; AWS unless given")
    parser.add_argument("--roll-back", action="store_true", help="put the revision before the last one back")
    return parser


def _pairs(arguments: list[str]) -> dict[str, str]:
    wrong = [pair for pair in arguments if "=" not in pair]
    if wrong:
        raise Refused(f"A parameter must have the form Name=value. Invalid value: {wrong[0]!r}.")
    return dict(pair.split("=", 1) for pair in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
