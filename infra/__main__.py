"""The commands for a stage, on AWS or on LocalStack: `python -m infra COMMAND STAGE`, which the Makefile calls."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from infra.cloudformation import Approve, Plan
from infra.database_checks import read_certificates
from infra.deploy import check_guard, deploy, destroy, roll_back, with_foundation
from infra.foundation import found
from infra.packaging import ARCHITECTURES
from infra.session import check_stage, local_parameters, session_of
from infra.smoke import smoke_test
from infra.terminal import CommandError, Telling, confirmed

PATH: Any = click.Path(path_type=Path)


def _pairs(_context: Any, _parameter: Any, words: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in words if "=" not in pair]
    if wrong:
        raise CommandError(f"A parameter must have the form Name=value. Invalid value: {wrong[0]!r}.")
    return dict(pair.split("=", 1) for pair in words)


def asking(what: str, confirm: str | None) -> Approve:
    """Shows the plan, which changes `what`, to the person at the terminal and asks; `confirm` is an answer to that."""

    def approve(plan: Plan) -> bool:
        click.echo(f"This would change in {what}:")
        click.echo("\n".join(f"  {sentence}" for sentence in plan.sentences()))
        return confirmed("Go on? Type yes: ", "yes", confirm)

    return approve


stage_argument = click.argument("stage")
parameters_argument = click.argument("parameters", nargs=-1, metavar="[Name=value]...", callback=_pairs)
endpoint_option = click.option("--endpoint", help="LocalStack's address; AWS unless given")
confirm_option = click.option("--confirm", envvar="CONFIRM", help="the answer to the question before the change")


@click.group(cls=Telling)
def main() -> None:
    """What is done to a stage of .chalice/config.json."""


@main.command("foundation")
@stage_argument
@parameters_argument
@confirm_option
def foundation_command(stage: str, parameters: dict[str, str], confirm: str | None) -> None:
    """Make or change network, database and key, by parameters of infra/foundation.yaml."""
    check_stage(stage, endpoint=None)
    _show(found(stage, session_of(None), parameters, asking(f"the foundation of the stage {stage}", confirm)))


@main.command("deploy")
@stage_argument
@parameters_argument
@endpoint_option
@confirm_option
@click.option("--certificates", type=PATH, help="a file of certificates to trust for the database")
@click.option("--architecture", type=click.Choice(ARCHITECTURES), help="the functions' kind of processor")
def deploy_command(
    stage: str, parameters: dict[str, str], endpoint: str | None, confirm: str | None, **packaged: Any
) -> None:
    """Deploy the source, by parameters of infra/template.yaml."""
    check_stage(stage, endpoint)
    packaged["certificates"] = read_certificates(packaged["certificates"]) if packaged["certificates"] else b""
    session = session_of(endpoint)
    parameters = with_foundation(stage, session, local_parameters(stage, endpoint) | parameters)
    approve = asking(f"the stage {stage}", confirm)
    _show(deploy(stage, session, parameters, approve=approve, prove=partial(smoke_test, session), **packaged))


@main.command("roll-back")
@stage_argument
@endpoint_option
@confirm_option
def roll_back_command(stage: str, endpoint: str | None, confirm: str | None) -> None:
    """Put the revision before the last deployment back."""
    check_stage(stage, endpoint)
    session = session_of(endpoint)
    approve = asking(f"the stage {stage}", confirm)
    _show(roll_back(stage, session, approve=approve, prove=partial(smoke_test, session)))


@main.command("destroy")
@stage_argument
@endpoint_option
@confirm_option
@click.option("--force", envvar="FORCE", help="yes for a stage that is guarded")
def destroy_command(stage: str, endpoint: str | None, confirm: str | None, force: str | None) -> None:
    """Delete the stack of a stage, not its data."""
    check_guard(stage, confirm, force)
    kept = destroy(stage, session_of(endpoint))
    click.echo(f"The stack loans-{stage} is gone. What stays: the database, {', '.join(kept) or 'no bucket'}.")
    click.echo(
        "Before the stage is deployed again, a new stack takes over the bucket of its workbooks (docs/operations.md)."
    )


def _show(outputs: Mapping[str, str]) -> None:
    for name, value in sorted(outputs.items()):
        click.echo(f"{name}: {value}")


if __name__ == "__main__":
    main(prog_name="python -m infra")
