"""Deploys a stage by CloudFormation: to AWS or to LocalStack, which differ in the session and the parameters only.

It packages, uploads, shows the change set, executes it, runs the bootstrap function, which migrates, and asks the stage
whether it answers. A revision that does not is replaced by the one before it.
"""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import yaml

from infra.cloudformation import Approve, Plan, Stack
from infra.database_checks import CA_FILE, check_certificates, check_move, check_parameters
from infra.functions import run_bootstrap
from infra.packaging import TEMPLATE, Package, package, source_digest
from infra.revisions import DIGEST_TAG, PREVIOUS_TAG, TEMPLATE_TAG, Revision, Say, Stage, template_before
from infra.session import Session, aws_refusals
from infra.terminal import CommandError, confirmed

# Stages that nobody destroys by mistake.
GUARDED = ("prod",)

Parameters = Mapping[str, str]
# Raises CommandError if the stage with these outputs does not answer as it should.
Prove = Callable[[Mapping[str, str]], None]
# Packages the stage of this name into the new folder, with `certificates` and for the kind of processor `architecture`.
Build = Callable[..., Package]


def deploy(
    stage: str,
    session: Session,
    parameters: Parameters,
    say: Say = print,
    approve: Approve = lambda _plan: True,
    prove: Prove = lambda _outputs: None,
    build: Build = package,
    certificates: bytes = b"",
    architecture: str | None = None,
) -> dict[str, str]:
    """Brings the stage's stack to the state of the source and returns its outputs. Raises CommandError.

    `certificates`, in PEM form, are those that the functions trust for the database, instead of the system's;
    `architecture` is the kind of processor that they run on (infra/packaging.py).

    Nothing is changed that `approve` does not approve of. If the migration, the bootstrap or `prove` fails after
    that, the stack is put back to what it was made of before; the schema stays, because migrations only add.
    """
    with aws_refusals():
        parameters = {"Stage": stage, **parameters, **({"DatabaseCaFile": CA_FILE} if certificates else {})}
        check_parameters(parameters)
        check_certificates(parameters)
        place = Stage(stage, session)
        place.require_free_bucket()
        before = place.standing()
        digest = source_digest(stage, parameters, certificates, architecture)
        release = None
        if place.stack.is_deployed_with({DIGEST_TAG: digest}):
            say("Nothing to deploy: the stack is that of this source.")
        else:
            say("Packaging the functions.")
            packaged = partial(build, stage, certificates=certificates, architecture=architecture)
            release = _release(place, parameters, digest, before, packaged)
        plan = place.plan(release) if release else None
        if plan:
            place.stack.ask(plan, approve)
    try:
        with aws_refusals():
            if release and plan:
                _carry_out(place, before, release, plan, say)
            outputs = place.stack.outputs()
            say("Running the bootstrap: migrations, and the seed of an empty database.")
            run_bootstrap(session, stage)
            prove(outputs)
    except CommandError as error:
        if plan is None:
            raise
        raise CommandError(f"{error} {_put_back(place, before, say)}") from error
    return outputs


@aws_refusals()
def roll_back(
    stage: str,
    session: Session,
    say: Say = print,
    approve: Approve = lambda _plan: True,
    prove: Prove = lambda _outputs: None,
) -> dict[str, str]:
    """Puts the stage back to the revision before its last deployment and returns the outputs. Raises CommandError.

    Rolling back twice leads forward again. Parameters stay as they are.
    """
    place = Stage(stage, session)
    tags = place.stack.tags()
    if PREVIOUS_TAG not in tags or tags[PREVIOUS_TAG] == tags[TEMPLATE_TAG]:
        raise CommandError(f"There is no revision before that of the stack {place.stack.name}; deploy another one.")
    new_tags = {TEMPLATE_TAG: tags[PREVIOUS_TAG], PREVIOUS_TAG: tags[TEMPLATE_TAG], DIGEST_TAG: "rolled back"}
    plan = place.plan_back(Revision(tags[PREVIOUS_TAG], {}, new_tags))
    if plan:
        place.stack.ask(plan, approve)
        place.execute(plan, say)
    say("The revision before stands; asking it whether it answers.")
    outputs = place.stack.outputs()
    prove(outputs)
    return outputs


@aws_refusals()
def destroy(stage: str, session: Session) -> list[str]:
    """Deletes the stack and returns the names of the buckets that stay. Raises CommandError if there is no stack.

    The workbooks, the revisions and the database stay: they hold what cannot be made again.
    """
    stack = Stack(f"loans-{stage}", session.client("cloudformation"))
    if not stack.exists():
        raise CommandError(f"There is no stack {stack.name}.")
    stack.delete()
    return [each.name for each in session.resource("s3").buckets.all() if each.name.startswith(f"loans-{stage}-")]


def check_guard(stage: str, confirm: str | None, force: str | None) -> None:
    """Raises CommandError for a stage that nobody destroys by mistake, and for one whose name was not typed."""
    if stage in GUARDED and force != "yes":
        raise CommandError(f"The stage {stage} is not destroyed without FORCE=yes.")
    if not confirmed(f"Everything but the data goes. Type the name of the stage ({stage}): ", stage, confirm):
        raise CommandError(f"The name was not {stage!r}; nothing was destroyed.")


@aws_refusals()
def with_foundation(stage: str, session: Session, given: Parameters) -> dict[str, str]:
    """The parameters that are given, and what the stage's foundation (infra/foundation.yaml), if there is one, tells
    the application. Raises CommandError if it would move the stage to another database without a word."""
    foundation = Stack(f"loans-{stage}-foundation", session.client("cloudformation"))
    declared = yaml.safe_load(TEMPLATE.read_text())["Parameters"]
    founded = {name: value for name, value in foundation.outputs().items() if name in declared}
    standing = Stage(stage, session).standing()
    check_move(standing.parameters if standing else {}, founded, given)
    return {**founded, **given}


def _release(
    place: Stage, parameters: Parameters, digest: str, before: Revision | None, packaged: Callable[[Path], Package]
) -> Revision:
    """What is to be deployed: packaged and uploaded."""
    with tempfile.TemporaryDirectory() as folder:
        key = place.upload(packaged(Path(folder) / "package"))
    return Revision(
        key, parameters, {DIGEST_TAG: digest, TEMPLATE_TAG: key, PREVIOUS_TAG: template_before(key, before)}
    )


def _carry_out(place: Stage, before: Revision | None, release: Revision, plan: Plan, say: Say) -> None:
    """The change that was approved, in two steps if code that is newer must not meet the older schema."""
    if before is None or not place.migrates_first(before, release):
        place.execute(plan, say)
        return
    # A change set does not outlive another change of its stack; what is approved of is made again afterwards.
    place.stack.discard(plan)
    place.migrate(before, release, say)
    place.execute(place.plan(release), say)


def _put_back(place: Stage, before: Revision | None, say: Say) -> str:
    """Restores the revision before, and says what became of it."""
    if before is None:
        return f"There is no revision before it, so the stack {place.stack.name} was left as it is."
    say("Rolling back to the revision before.")
    try:
        with aws_refusals():
            place.execute(place.plan_back(before), say)
    except CommandError as error:
        return f"Rolling back failed too: {error}"
    return "The revision before was put back."
